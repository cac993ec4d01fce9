"""A class of adversaries, graded in one run: each gets its exact grade and words, and harms nobody.

Two processes grade them all, so each attack is followed by submissions that have to come out right.
"""

from __future__ import annotations

import csv
import hashlib
import html
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import venv
from pathlib import Path

import numpy as np
import pytest
from adversaries import (
    ATTACKS,
    CALLS_HOME,
    READS,
    WRITES,
    World,
    beside,
    filled,
    notebook,
    save,
    zipped,
)

from course_lib.data import find_mnist
from homework import assignment, sandbox
from homework.gradebook import Gradebook, uncelled
from homework.questions import QUESTIONS

pytest.importorskip("torch")
GUARD = os.environ.get("CI", "").lower() in ("true", "1") and sys.platform == "linux"
WHY_NOT = sandbox.why_no_namespaces()
pytestmark = [
    pytest.mark.skipif(WHY_NOT is not None and not GUARD, reason=f"No isolation: {WHY_NOT}"),
    pytest.mark.skipif(find_mnist() is None, reason="MNIST is not here"),
    pytest.mark.timeout(3600),  # against what hangs; two processors shared with much else need half
]
CPU_SHARE = ("--slower", "0.1", "--memory", "1")


def grade(world: World, *more: str, submissions: Path | None = None) -> subprocess.Popen:
    command = [sys.executable, "-m", "homework", "grade", str(submissions or world.submissions)]
    command += ["--to", str(world.grades), *CPU_SHARE, *more]
    env = {**os.environ, "PYTHONPATH": str(assignment.ROOT), "COURSE_DATA": str(find_mnist())}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, env=env, cwd=assignment.ROOT, stdout=pipe, stderr=pipe, text=True
    )


@pytest.fixture(scope="module")
def doors():
    """Listen where attacks try to connect; give the port and whoever came."""
    visitors = []
    tcp = socket.create_server(("127.0.0.1", 0))
    port = tcp.getsockname()[1]
    local = socket.socket(socket.AF_UNIX)
    local.bind(f"\0course-homework-{port}")
    local.listen()

    def listen(server):
        while True:
            try:
                line, where = server.accept()
            except OSError:
                return
            visitors.append(where)
            line.close()

    for server in (tcp, local):
        threading.Thread(target=listen, args=(server,), daemon=True).start()
    yield port, visitors
    tcp.close()
    local.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory, doors):
    made = World(tmp_path_factory.mktemp("class with spaces"), doors[0], os.getpid())
    made.submissions.mkdir()
    made.grades.mkdir()
    for name, attack in ATTACKS.items():
        attack.write(made, name)
    return made


@pytest.fixture(scope="module")
def before(world):
    return fingerprint(world.submissions), fingerprint(assignment.ROOT / "course_lib")


@pytest.fixture(scope="module")
def rows(world, before):
    run = grade(world, "--workers", "2")
    out, err = run.communicate()
    assert run.returncode == 0, err
    print(out)
    with Gradebook(world.grades / "grades.db") as book:
        return {row.student: row for row in book.rows()}


def fingerprint(place: Path) -> dict[str, str]:
    return {
        str(path.relative_to(place)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(place.rglob("*"))
        if path.is_file() and not path.is_symlink() and path.suffix != ".pyc"
    }


@pytest.mark.parametrize("name", ATTACKS)
def test_each_attack_gets_the_grade_and_the_words_it_has_to_get(rows, name):
    attack, row = ATTACKS[name], rows[name]
    got = {key: score.points for key, score in row.scores.items() if score.points}
    failed = {
        key: next((words for _, passed, words in score.result.checks if not passed), "")
        for key, score in row.scores.items()
    }
    assert (row.status, row.words) == (attack.status, attack.words)
    assert got == attack.points, failed
    for question, words in attack.says.items():
        if "…%" in words:  # a number that chance decides
            assert re.match(re.escape(words).replace("…%", r"\d+\.\d%"), failed[question])
        else:
            assert failed[question] == words
    assert attack.notes in " ".join(row.notes)


def test_every_student_has_one_row_and_one_page(rows, world):
    with open(world.grades / "gradebook.csv", newline="", encoding="utf-8-sig") as file:
        table = list(csv.DictReader(file))
    assert len(table) == len(ATTACKS) == len(list((world.grades / "feedback").glob("*.html")))
    by_name = {uncelled(line["student"]): line for line in table}
    assert set(by_name) == set(ATTACKS)
    for name, attack in ATTACKS.items():
        line = by_name[name]
        assert float(line["total"]) == sum(attack.points.values())
        for question in QUESTIONS:
            waiting = question.kind == "manual" and "person" in line["status"]
            wanted = "" if waiting else f"{attack.points.get(question.id, 0):g}"
            assert line[question.id] == wanted, (name, question.id)


def test_no_field_of_the_gradebook_is_taken_for_a_formula(rows, world):
    with open(world.grades / "gradebook.csv", newline="", encoding="utf-8-sig") as file:
        fields = [field for line in csv.reader(file) for field in line]
    assert "'=HYPERLINK(A1)" in fields
    assert not [field for field in fields if field.startswith(("=", "+", "-", "@"))]


def test_no_right_answer_comes_near_the_limit_of_memory(rows):
    """What grows for as long as a call takes would fail now and then, on a busy machine."""
    peaks = {
        (name, question): score.result.peak
        for name, row in rows.items()
        for question, score in row.scores.items()
        if score.result.state == "full"
    }
    assert {key: peak for key, peak in peaks.items() if peak > 0.75 * 2**30} == {}


def test_nothing_outside_was_changed(rows, world, before):
    assert (
        fingerprint(world.submissions),
        fingerprint(assignment.ROOT / "course_lib"),
    ) == before
    assert not (world.home / "exploded").exists()
    assert not (world.home / "written").exists()


def test_nobody_came_from_inside(rows, doors):
    assert doors[1] == []


def test_no_process_is_left(rows):
    deadline = time.monotonic() + 20
    while (left := _of_the_sandbox()) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert left == []


def _of_the_sandbox() -> list[str]:
    """Return the processes that run as nobody's user, or wait to be forked for submissions."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            status = (entry / "status").read_text()
            command = (entry / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
        if "homework.sandbox import _zygote" in command:
            parent = int(re.search(r"(?m)^PPid:\s+(\d+)", status)[1])
            if parent == 1 or not Path(f"/proc/{parent}").exists():
                found.append(command)
    return found


def test_pages_hold_no_markup_of_students_and_no_hidden_code(rows, world):
    pages = [
        path.read_text(encoding="utf-8")
        for path in [*(world.grades / "feedback").glob("*.html"), *world.grades.glob("*.html")]
    ]
    for page in pages:
        assert "<script" not in page
        assert "<b>" not in page
        assert "‮" not in page
        assert "Content-Security-Policy" in page
        for hidden in ("Traceback", "def judge", "rng.normal", 'labels"', str(assignment.ROOT)):
            assert hidden not in html.unescape(page), hidden
    assert max(map(len, pages)) < 100_000


def test_output_is_shown_up_to_a_length_that_is_told(rows):
    output = rows["much output"].scores["training_loop"].result.output
    assert output.startswith("<b>x</b>")
    assert "(50000 kB were printed; the first 10 kB are shown)" in output.replace("50001", "50000")


# ------------------------------------------------------------------------ the attacks are real ones


@pytest.mark.parametrize("name", ["reads", "calls home"])
def test_the_attack_succeeds_where_nothing_isolates(world, name, rows):
    """Otherwise the tests above would show nothing."""
    text = filled(beside({"reads": READS, "calls home": CALLS_HOME}[name]), world)
    cells = assignment.transplant({"training_loop": text})
    with sandbox.Sandbox("none") as open_place:
        outcome = open_place.call(cells, "training_loop", {}, limits=sandbox.Limits(seconds=60))
    assert outcome.broken["training_loop"]["type"] == "Succeeded"


# ---------------------------------------------------------------------- other users, other machines


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is not installed")
def test_a_root_without_all_powers_isolates_as_well(world, tmp_path):
    """As it is in many containers, and for everybody who is not root: by a user namespace."""
    if os.geteuid() != 0:
        pytest.skip("this is the way it is done here anyway")
    tries = [filled(beside(attempt), world) for attempt in (READS, WRITES)]
    (tmp_path / "tries.json").write_text(json.dumps(tries))
    code = """
import json, sys
from homework import assignment, sandbox
with sandbox.Sandbox() as place:
    for text in json.load(open(sys.argv[1])):
        cells = assignment.transplant({"training_loop": text})
        print(json.dumps(place.call(cells, "sweep_plot", {}).broken))
"""
    run = subprocess.run(
        [
            *("setpriv", "--bounding-set", "-sys_admin"),
            *(sys.executable, "-c", code, str(tmp_path / "tries.json")),
        ],
        cwd=assignment.ROOT,
        env={**os.environ, "PYTHONPATH": str(assignment.ROOT)},
        capture_output=True,
        text=True,
    )
    if "unshare" in run.stderr:
        pytest.skip("this kernel keeps user namespaces from those who are not root")
    assert run.stdout.split() == ["{}", "{}"], run.stderr


def open_python(become: list[str]) -> tuple[str, dict[str, str]]:
    """Return a Python that ordinary users can run, and its environment.

    One in /root is not for them; that of the system, if it is as new, is.
    """
    paths = [str(assignment.ROOT), str(Path(np.__file__).parents[1])]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    system = f"/usr/bin/python{sys.version_info[0]}.{sys.version_info[1]}"
    tries = "import sys, numpy; sys.exit(sys.prefix != sys.argv[1])"
    for python, prefix in ((sys.executable, sys.prefix), (system, "/usr")):
        # By a shell, which does not fail where there is no such file.
        test = [*become, "sh", "-c", 'exec "$0" -c "$1" "$2"', python, tries, prefix]
        if subprocess.run(test, env=env, capture_output=True).returncode == 0:
            return python, env
    pytest.skip("no Python here is open to ordinary users")


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is not installed")
def test_an_ordinary_user_is_held_by_the_limits_of_process_1(world):
    """Its memory can't be written to, and it has the same limits itself."""
    if os.geteuid() != 0:
        pytest.skip("this test becomes an ordinary user by itself")
    code = """
from homework import assignment, sandbox
cell = '''
import resource
for name in ("mem", "maps", "environ"):
    try:
        open("/proc/1/" + name, "rb").read(1)
    except PermissionError:
        continue
    raise SystemExit("process 1 can be read: " + name)
limits = open("/proc/1/limits").read()
assert limits == open("/proc/self/limits").read(), limits
'''
with sandbox.Sandbox() as place:
    cells = assignment.transplant({"training_loop": cell})
    print(place.call(cells, "sweep_plot", {}).broken)
"""
    become = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"]
    become += ["--inh-caps=-all", "--bounding-set=-all"]
    python, env = open_python(become)
    run = subprocess.run(
        [*become, python, "-c", code],
        cwd=assignment.ROOT,
        env={**env, "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
    )
    if "unshare" in run.stderr:
        pytest.skip("this kernel keeps user namespaces from those who are not root")
    assert run.stdout == "{}\n", run.stderr


@pytest.mark.parametrize("powers", [(), ("setpriv", "--bounding-set", "-sys_admin")], ids=len)
def test_a_course_that_lies_in_tmp_grades_as_well(powers):
    """The private /tmp of a submission does not hide the packages it may import."""
    if powers and (os.geteuid() != 0 or shutil.which("setpriv") is None):
        pytest.skip("only root has powers to give up")
    code = """
from homework import assignment, sandbox
with sandbox.Sandbox() as place:
    cells = assignment.transplant({"training_loop": '''
import only_here, os
assert set(os.listdir("/tmp")) <= {".mpl"}, os.listdir("/tmp")
open("/tmp/mine", "w")
'''})
    print(place.call(cells, "sweep_plot", {}).broken)
"""
    packages = Path(np.__file__).parents[1]
    with tempfile.TemporaryDirectory(prefix="course-", dir="/tmp") as home:
        os.chmod(home, 0o755)
        venv.create(home, symlinks=True)
        (own,) = Path(home, "lib").glob("python*/site-packages")
        (own / "only_here.py").write_text("")
        (own / "course.pth").write_text(f"{packages}\n")
        run = subprocess.run(
            [*powers, Path(home, "bin", "python"), "-c", code],
            env={**os.environ, "PYTHONPATH": str(assignment.ROOT)},
            capture_output=True,
            text=True,
        )
    if powers and "unshare" in run.stderr:
        pytest.skip("this kernel keeps user namespaces from those who are not root")
    assert run.stdout == "{}\n", run.stderr


def test_workers_of_a_scheduler_grade_as_this_machine_does(world, rows):
    """Two submissions by way of `--scheduler`: the same points as before."""
    distributed = pytest.importorskip("distributed")
    few = world.home / "few"
    few.mkdir()
    for name in ("wrong", "exit"):
        shutil.copy(world.submissions / f"{name}.ipynb", few)
    elsewhere = World(world.home / "elsewhere", world.port, world.grader)
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=None, memory_limit=0
    ) as cluster:
        run = grade(elsewhere, "--scheduler", cluster.scheduler_address, submissions=few)
        _, err = run.communicate()
    assert run.returncode == 0, err
    with Gradebook(elsewhere.grades / "grades.db") as book:
        got = {row.student: row.total for row in book.rows()}
    assert got == {name: rows[name].total for name in ("wrong", "exit")}


# ---------------------------------------------------------------------------- other ways to hand in


def test_an_lms_zip_with_names_that_lead_elsewhere(tmp_path, doors):
    world = World(tmp_path, doors[0], os.getpid())
    run = grade(world, "--workers", "1", submissions=zipped(world))
    _, err = run.communicate()
    assert run.returncode == 0, err
    with Gradebook(world.grades / "grades.db") as book:
        rows = {row.student: row for row in book.rows()}
    outside = "The name of the file leads out of the folder of submissions. It was not read."
    totals = {name: (row.status, row.total) for name, row in rows.items()}
    assert totals == {
        "doejane_1001": ("graded", 15),
        "roejo_1002": ("graded", 15),
        "Ann Émile_77": ("graded", 15),
        "../../outside.ipynb": ("rejected", 0),
        "/tmp/absolute.ipynb": ("rejected", 0),
        "anna/../doejane/lab.ipynb": ("rejected", 0),
        "link_1003": ("rejected", 0),
    }
    assert {row.words for name, row in rows.items() if "/" in name} == {outside}
    assert "2 notebooks were handed in" in rows["doejane_1001"].notes[0]
    assert rows["roejo_1002"].notes == ["It was handed in late."]
    written = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert not written & {"outside.ipynb", "absolute.ipynb", "lab.ipynb"}


# ----------------------------------------------------------------------------- killed at any moment


def test_a_run_that_is_killed_goes_on_without_losing_or_doubling_a_grade(tmp_path, doors):
    world = World(tmp_path, doors[0], os.getpid())
    world.submissions.mkdir()
    students = [f"student {number}" for number in range(5)]
    for student in students:
        save(world, student, notebook(right=("update_rule",)))
    done, rounds = [], 0
    while len(done) < len(students):
        run = grade(world, "--workers", "1")
        _wait_for_another(run, world, len(done) + 2)
        run.kill()
        run.communicate()
        rounds += 1
        if (world.grades / "grades.db").exists():
            with Gradebook(world.grades / "grades.db") as book:
                now = {row.student: row.graded for row in book.rows()}
                assert all(row.total == 15 for row in book.rows())
            assert set(done) <= set(now)
            done = list(now)
    assert sorted(done) == students
    run = grade(world, "--workers", "1")
    out, _ = run.communicate()
    assert "5 of 5 were graded before and have not changed." in out
    with Gradebook(world.grades / "grades.db") as book:
        assert {row.student: row.graded for row in book.rows()} == now
    assert rounds >= 2


def _wait_for_another(run: subprocess.Popen, world: World, count: int) -> None:
    """Wait until there are `count` grades, or the run is over."""
    while run.poll() is None:
        if (world.grades / "grades.db").exists():
            with Gradebook(world.grades / "grades.db") as book:
                if len(book.rows()) >= count:
                    return
        time.sleep(0.02)


def test_only_one_call_grades_into_a_folder(tmp_path, doors):
    fcntl = pytest.importorskip("fcntl")
    world = World(tmp_path, doors[0], os.getpid())
    world.submissions.mkdir()
    world.grades.mkdir()
    (world.submissions / "anna.ipynb").write_bytes(b"")
    with open(world.grades / ".lock", "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        run = grade(world)
        _, err = run.communicate()
    assert run.returncode == 1
    assert "Another grade command is writing" in err


# -------------------------------------------------------------------------------------- Gradescope


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid"), reason="no other users there")
@pytest.mark.parametrize("isolation", ["namespaces", "user"])
def test_gradescope_is_handed_the_same_points(tmp_path, world, isolation):
    """As another user, where namespaces can't be had: it can't write where the results go."""

    python, env = sys.executable, os.environ
    if isolation == "user":
        if os.geteuid() != 0 or shutil.which("setpriv") is None:
            pytest.skip("only root becomes another user")
        python, env = open_python(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])
    there = World(tmp_path, world.port, world.grader)
    there.submissions.mkdir()
    there.grades.mkdir(mode=0o700)
    attempt = f"""
import os
for place in ({str(there.grades / "results.json")!r}, {str(there.submissions / "x")!r}):
    try:
        open(place, "w")
    except OSError:
        continue
    raise SystemExit("written")
"""
    save(there, "lab", notebook({"training_loop": filled(beside(attempt), there)}))
    code = f"""
import pathlib, sys
from homework.gradescope import run
from homework.grade import Settings
run(*map(pathlib.Path, sys.argv[1:]), Settings(isolation={isolation!r}))
"""
    places = [there.submissions, there.grades / "results.json"]
    subprocess.run([python, "-c", code, *places], env=env, cwd=assignment.ROOT, check=True)
    made = json.loads((there.grades / "results.json").read_text())
    got = {test["name"]: test["score"] for test in made["tests"] if test["score"]}
    assert sorted(got.values()) == [8, 15, 20]
    assert made["score"] == 43
