"""Grade a large mixed class, and the same good submissions with this grader and with nbgrader.

Run it with `python tests/benchmarks/grading.py`; `--students 60 --compared 2` makes it shorter. It
prints, for the class, whether every row is right, seconds and CPU seconds per submission, and
memory; then both graders' seconds per good submission, one after the other on the same machine.
Wanted: every row right, and at least five times nbgrader's throughput on two cores.

nbgrader runs one notebook after the other. COURSE_NBGRADER names its environment if there is one.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "homework")]

from adversaries import ATTACKS, FULL, PLAIN, World, notebook, save  # noqa: E402
from nbgrader_environment import nbgrader  # noqa: E402

from course_lib.data import find_mnist  # noqa: E402
from homework import assignment  # noqa: E402
from homework.gradebook import Gradebook, Row  # noqa: E402

GOOD = (*FULL, "comparison")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--students", type=int, default=300)
    parser.add_argument(
        "--compared", type=int, default=4, help="good ones by nbgrader; here 5 times"
    )
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="class-") as folder:
        home = Path(folder)
        if options.students:
            whole_class(home / "class", options.students, options.workers)
        if options.compared:
            compare(home / "compared", options.compared, options.workers)


def whole_class(home: Path, students: int, workers: int) -> None:
    """Grade every adversary once; of the others, half have everything right, half three tasks."""
    world = World(home, 9, os.getpid())
    world.submissions.mkdir(parents=True)
    for name, attack in ATTACKS.items():
        attack.write(world, name)
    for number in range(students - len(ATTACKS)):
        save(world, f"student {number:03}", notebook(right=GOOD if number % 2 else tuple(PLAIN)))
    with Memory() as memory:
        seconds, cpu, rows = graded(world, workers, "--slower", "0.1", "--memory", "1")
    wrong = [row.student for row in rows if not right(row)]
    print(f"class of {len(rows)}, {len(ATTACKS)} of them hostile or odd, {workers} at a time")
    print(f"  rows that are not as they have to be: {len(wrong)} {wrong[:5]}")
    print(f"  {seconds / len(rows):.2f} s and {cpu / len(rows):.2f} CPU s per submission")
    print(f"  memory, all processes together: {memory.most / 1e9:.2f} GB at most")


def right(row: Row) -> bool:
    """Return whether a student has exactly the points and the status that are due."""
    got = {name: score.points for name, score in row.scores.items() if score.points}
    quick = row.student.startswith("student") and int(row.student[-3:]) % 2 == 0
    attack = ATTACKS.get(row.student, ATTACKS["=HYPERLINK(1)" if quick else "good"])
    return (got, row.status, row.words) == (attack.points, attack.status, attack.words)


def compare(home: Path, count: int, workers: int) -> None:
    """Grade the same good submission with both, as often as a part of a class hands it in.

    nbgrader begins anew for each, so a few tell what each takes. Here the beginning is shared by a
    class: five times as many are graded, and the beginning is counted.
    """
    world = World(home / "ours", 9, os.getpid())
    world.submissions.mkdir(parents=True)
    names = [f"student_{number:03}" for number in range(5 * count)]
    for name in names:
        save(world, name, notebook(right=GOOD))
    seconds, cpu, rows = graded(world, workers)
    assert [row.total for row in rows] == [sum(FULL.values())] * len(names)

    course = home / "theirs"
    shutil.copytree(ROOT / "homework" / "source", course / "source")
    shutil.copy(ROOT / "homework" / "nbgrader_config.py", course)
    nbgrader(course, "generate_assignment", "mnist_lab", "--create")
    for name in names[:count]:
        place = course / "submitted" / name / "mnist_lab"
        place.mkdir(parents=True)
        text = json.dumps(notebook(right=GOOD))
        (place / assignment.NAME).write_text(text, encoding="utf-8")
    begin, before = time.monotonic(), children()
    nbgrader(
        course,
        *("autograde", "mnist_lab", "--ExecutePreprocessor.timeout=1800"),
        COURSE_DATA=str(find_mnist()),
    )
    theirs, their_cpu = time.monotonic() - begin, children() - before
    seconds, cpu, theirs, their_cpu = (
        *(seconds / len(names), cpu / len(names)),
        *(theirs / count, their_cpu / count),
    )
    print(f"good submissions, {len(names)} here and {count} with nbgrader, beginning included")
    print(f"  here:     {seconds:6.2f} s, {cpu:6.2f} CPU s for each")
    print(f"  nbgrader: {theirs:6.2f} s, {their_cpu:6.2f} CPU s for each")
    faster, less = theirs / seconds, their_cpu / cpu
    print(f"  {faster:.1f} times the throughput, {less:.1f} times less CPU")


def graded(world: World, workers: int, *more: str) -> tuple[float, float, list[Row]]:
    """Grade a folder; return seconds, CPU seconds, and the rows."""
    command = [sys.executable, "-m", "homework", "grade", str(world.submissions)]
    command += ["--to", str(world.grades), "--workers", str(workers), *more]
    environment = {**os.environ, "COURSE_DATA": str(find_mnist()), "PYTHONPATH": str(ROOT)}
    begin, before = time.monotonic(), children()
    subprocess.run(command, check=True, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    seconds, cpu = time.monotonic() - begin, children() - before
    with Gradebook(world.grades / "grades.db") as book:
        rows = book.rows()
    # What ran in the sandbox is no descendant that is waited for: it is counted by the grader.
    inside = sum(score.result.cpu for row in rows for score in row.scores.values())
    return seconds, cpu + inside, rows


def children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Memory:
    """Watches how much memory this process's descendants use, shared pages counted once."""

    def __enter__(self) -> Memory:
        self.most, self._over = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(1):
            self.most = max(self.most, self._now())

    def _now(self) -> int:
        parents = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
        family, more = {os.getpid()}, True
        while more:
            more = {pid for pid, parent in parents.items() if parent in family} - family
            family |= more
        total = 0
        for pid in family - {os.getpid()}:
            try:
                text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            total += sum(int(row.split()[1]) for row in text.splitlines() if row[:4] == "Pss:")
        return total * 1024


if __name__ == "__main__":
    main()
