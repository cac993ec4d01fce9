"""The doctor names what is missing and what to do, and never fails itself."""

import os
import re
import subprocess
import sys
from collections import namedtuple
from importlib import metadata
from pathlib import Path

import books
import pytest

import doctor
from course_lib.exercises import progress
from course_lib.live import checkup

ROOT = Path(doctor.__file__).parent


def findings():
    return {finding.what: finding for finding in doctor.examine()}


def test_every_finding_that_is_not_good_says_what_to_do(monkeypatch, tmp_path, capsys):
    def absent(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(doctor.metadata, "version", absent)
    monkeypatch.setattr(checkup, "_installed", lambda name: None)
    monkeypatch.setattr(doctor, "find_mnist", lambda: None)
    monkeypatch.setattr(doctor.sys, "prefix", str(tmp_path))
    monkeypatch.setattr(doctor.sys, "version_info", (3, 10))
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda place: usage(1e6))
    found = findings()
    wrong = [finding for finding in found.values() if not finding.good]
    assert {finding.what for finding in wrong} >= {
        "Python",
        "packages",
        "widgets, in Python",
        "widgets, in the browser",
        "PyTorch",
        "MNIST",
        "disk",
    }
    assert all(finding.remedy for finding in wrong)
    assert doctor.main() == len(wrong)
    assert "things need attention" in capsys.readouterr().out


def test_a_computer_with_everything_is_told_so(monkeypatch, capsys):
    good = [doctor.Finding("Python", True, "3.12"), doctor.Finding("disk", True, "9 GB free")]
    monkeypatch.setattr(doctor, "examine", lambda stale: iter(good))
    assert doctor.main() == 0
    assert capsys.readouterr().out.splitlines()[-1] == "Everything is fine."


def test_an_installation_that_is_out_of_date_is_one_of_the_things_to_mend(capsys):
    usual = doctor.main()
    capsys.readouterr()
    assert doctor.main(stale=True) == usual + 1
    said = capsys.readouterr().out
    assert said.startswith("NO  installation")
    assert "python course.py setup" in said


def test_the_lectures_said_to_need_torch_are_those_that_import_it(monkeypatch):
    def absent(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(doctor.metadata, "version", absent)
    need = [
        path.stem
        for path in books.ALL
        if re.search(r"import torch\b|course_lib\.training", path.read_text(encoding="utf-8"))
    ]
    assert need
    assert doctor._torch().remedy.startswith(f"These need it: {', '.join(need)}.")


def test_another_torch_than_the_pinned_one_is_noticed(monkeypatch):
    monkeypatch.setattr(doctor.metadata, "version", lambda name: "2.14.0+cpu")
    finding = doctor._torch()
    assert not finding.good
    assert doctor.TORCH in finding.remedy


def test_a_package_that_is_too_old_is_named_with_what_is_needed(monkeypatch):
    there = doctor.metadata.version

    def version(name):
        return {"numpy": "1.26.4", "jupyterlab": "3.6.0"}.get(name) or there(name)

    monkeypatch.setattr(doctor.metadata, "version", version)
    finding = findings()["packages"]
    assert not finding.good
    assert "numpy is 1.26.4, but >=2.0 is needed" in finding.found
    assert "jupyterlab is 3.6.0, but >=4.2 is needed" in finding.found


@pytest.mark.parametrize("package", ["numpy", "platformdirs", "packaging"])
def test_without_a_package_the_course_imports_it_still_answers(package, tmp_path):
    (tmp_path / f"{package}.py").write_text(
        f"raise ModuleNotFoundError('No module named {package}')"
    )
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    said = subprocess.run(
        [sys.executable, "-m", "doctor"],
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    assert said.returncode == 1
    assert re.search(
        rf"NO +packages +No module named {package}\n +→ python course.py setup", said.stdout
    )
    assert said.stderr == ""


def test_the_pinned_torch_is_the_one_of_pyproject():
    text = ROOT.joinpath("pyproject.toml").read_text(encoding="utf-8")
    assert f"torch=={doctor.TORCH}" in text


@pytest.mark.parametrize("text", ["{", ""])
def test_a_damaged_progress_file_is_found(monkeypatch, tmp_path, text):
    file = tmp_path / "progress.json"
    file.write_text(text)
    monkeypatch.setenv("COURSE_PROGRESS", str(file))
    assert "damaged" in findings()["your progress"].found
    assert progress.solved() == set()
