"""A user without a home folder, in a small container, at an old terminal: plain words, no crash."""

from __future__ import annotations

import io
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import platformdirs
import pytest

import doctor
from course_lib import arguments, mnist, places
from course_lib.exercises import exercise, progress
from course_lib.live import toggle

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["raises", "keeps the tilde"])
def nowhere(request, monkeypatch, tmp_path):
    """A computer on which no home folder can be found, in the two ways in which that shows."""

    def homeless(*_, **__):
        if request.param == "raises":
            raise RuntimeError("Could not determine home directory.")
        return Path("~/.local/share/course")

    def nobody():
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.delenv("COURSE_PROGRESS", raising=False)
    for name in ("user_cache_path", "user_data_path"):
        monkeypatch.setattr(platformdirs, name, homeless)
    monkeypatch.setattr(Path, "home", staticmethod(homeless))
    monkeypatch.setattr("getpass.getuser", nobody)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    return tmp_path


def test_a_right_answer_is_remembered_without_a_home(nowhere):
    assert progress.record("1.1") == ""
    assert progress.solved() == {"1.1"}
    assert progress.place().is_relative_to(nowhere)


def test_a_check_does_not_raise_without_a_home(nowhere):
    assert exercise("1.1").check(-1.46625).right or exercise("1.1").check(0).verdict


def test_mnist_is_looked_for_without_a_home(nowhere):
    mnist.find_mnist()
    assert mnist.cache_folder().is_relative_to(nowhere)


def test_the_doctor_looks_without_a_home(nowhere, capsys):
    doctor.main()
    assert "your progress" in capsys.readouterr().out


def test_the_folders_of_a_reader_with_a_home_are_where_they_were():
    assert places.cache() == platformdirs.user_cache_path("course-lib", appauthor=False)
    own = platformdirs.user_data_path("how-neural-networks-learn", appauthor=False)
    assert places.data() == own


@pytest.mark.parametrize(
    ("files", "left"),
    [
        ({"memory.max": "2000000000", "memory.current": "1500000000"}, 5e8),
        ({"memory.max": "100", "memory.current": "150"}, 0),
        ({"memory.max": "max", "memory.current": "5"}, math.inf),
        ({"memory/memory.limit_in_bytes": "90", "memory/memory.usage_in_bytes": "30"}, 60),
        ({}, math.inf),
    ],
)
def test_the_doctor_tells_the_memory_that_a_container_leaves(files, left, tmp_path):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{text}\n")
    assert doctor._left_in_container(tmp_path) == left


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
@pytest.mark.parametrize(
    "command",
    [["course.py"], ["course.py", "lap"], ["-m", "homework", "--help"], ["-m", "course_lib.data"]],
    ids=lambda words: words[-1],
)
def test_every_command_speaks_on_an_old_terminal(command, encoding, tmp_path):
    old = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "COURSE_OFFLINE": "1"}
    odd = {"COURSE_DATA": str(tmp_path / "←"), "XDG_CACHE_HOME": str(tmp_path / "→")}
    settings = os.environ | old | odd
    run = [sys.executable, *command]
    done = subprocess.run(run, cwd=ROOT, env=settings, capture_output=True, timeout=300)
    assert b"Traceback" not in done.stderr
    assert len(done.stdout + done.stderr) > 200


def test_the_doctor_speaks_on_an_old_terminal(monkeypatch):
    written = io.BytesIO()
    terminal = io.TextIOWrapper(written, encoding="ascii")
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(doctor, "examine", lambda stale: [doctor.Finding("it", False, "→", "do")])
    assert doctor.main() == 1
    terminal.flush()
    assert b"do" in written.getvalue()


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: arguments.number("lr", 10**400), "lr"),
        (lambda: arguments.number("lr", np.ma.masked), "lr"),
        (lambda: arguments.number("lr", np.array([1, 2j]), array=True), "lr"),
        (lambda: arguments.number("lr", np.datetime64("2020")), "lr"),
        (lambda: arguments.number("lr", ["1", "2"], array=True), "lr"),
        (lambda: arguments.number("lr", np.ma.array([1.0, 2.0], mask=[0, 1]), array=True), "lr"),
        (lambda: arguments.points("start", [[1, 2], [3]], 2), "start"),
        (lambda: arguments.points("start", np.ma.array([1.0, 2.0], mask=[0, 1]), 2), "start"),
        (lambda: arguments.points("start", [10**400, 1], 2), "start"),
        (lambda: arguments.points("start", [1, 2j], 2), "start"),
        (lambda: arguments.points("start", ["1", "2"], 2), "start"),
        (lambda: arguments.whole("steps", 10.5), "steps"),
        (lambda: arguments.whole("steps", np.ma.masked), "steps"),
        (lambda: arguments.whole("steps", [1, 2]), "steps"),
        (lambda: toggle(False, False), "label"),
    ],
)
def test_odd_arguments_are_refused_in_words_that_name_them(call, named):
    with pytest.raises((TypeError, ValueError), match=named):
        call()
