"""Grade on Gradescope: a zip file that its containers set up and run, and the results they read.

The same questions are asked as by `python -m homework grade`. Gradescope gives each submission a
container of its own. Where that forbids namespaces, the student's code runs as another user, who
can neither read what it is graded by nor write the results.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import zipfile
from pathlib import Path
from typing import Any

from homework import assignment
from homework.grade import Grade, Settings, Work, close, graded
from homework.questions import by_id

__all__ = ["results", "run", "write_autograder"]

_LEFT_OUT = ("source", "mutants.py", "release.py", "Dockerfile", "__pycache__")
_SETUP = """#!/usr/bin/env bash
# Gradescope runs this once, when the autograder is built.
set -e
cd /autograder/source
apt-get update
apt-get install -y --no-install-recommends python3 python3-venv curl ca-certificates
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    curl -LsSf https://astral.sh/uv/install.sh | env UV_INSTALL_DIR=/usr/local/bin sh
    UV_PYTHON_INSTALL_DIR=/opt/python uv venv --seed --python 3.12 /opt/course
else
    python3 -m venv /opt/course
fi
/opt/course/bin/python -m pip install --no-cache-dir \\
    --extra-index-url https://download.pytorch.org/whl/cpu {packages}
{digits}
chmod -R go-rwx /autograder/source/homework
chmod go+rx /autograder /autograder/source /autograder/source/homework
chmod go+r /autograder/source/homework/{{__init__,arrays,worker}}.py
if [ -d /autograder/source/mnist ]; then chmod -R go-rwx /autograder/source/mnist; fi
"""
_RUN = """#!/usr/bin/env bash
# Gradescope runs this for each submission.
cd /autograder/source
mkdir -p /autograder/results
chmod 700 /autograder/results
export COURSE_DATA=/autograder/source/mnist PYTHONPATH=/autograder/source
/opt/course/bin/python -m homework.gradescope /autograder/submission \\
    /autograder/results/results.json
"""
_PACKAGES = (
    "torch==2.13.0+cpu array-api-compat certifi 'matplotlib>=3.8.4' 'numpy>=2.0' platformdirs tqdm "
    "'nbformat>=5.10'"
)


def write_autograder(path: Path, digits: Path | None) -> None:
    """Write the zip file that is uploaded as the autograder of an assignment.

    Parameters
    ----------
    path : Path
    digits : Path or None
        The folder of MNIST, whose files go along; without it they are fetched when it is built.
    """
    fetch = "" if digits else "/opt/course/bin/python -m course_lib.data"
    part = path.with_name(f".{path.name}.part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (
            ("setup.sh", _SETUP.format(packages=_PACKAGES, digits=fetch)),
            ("run_autograder", _RUN),
            ("homework/gradescope.key", secrets.token_hex(16)),
        ):
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o755 << 16
            archive.writestr(info, text)
        for folder in ("course_lib", "homework"):
            for file in sorted((assignment.ROOT / folder).rglob("*")):
                inner = file.relative_to(assignment.ROOT)
                if file.is_file() and not set(inner.parts) & set(_LEFT_OUT):
                    archive.write(file, inner.as_posix())
        archive.write(assignment.RELEASED, f"notebooks/{assignment.NAME}")
        for file in sorted(digits.glob("*-ubyte*")) if digits else ():
            archive.write(file, f"mnist/{file.name}")
    os.replace(part, path)


def results(grade: Grade) -> dict[str, Any]:
    """Return what Gradescope reads: the points and the words of each check."""
    notes = "\n".join([grade.words, *grade.notes])
    if grade.status != "graded":
        return {"score": 0, "output": notes, "output_format": "text", "tests": []}
    tests = []
    for result in grade.results:
        question = by_id(result.question)
        if result.state == "by hand":
            continue  # a person gives these points on Gradescope
        lines = [f"{'✓' if passed else '✗'} {words}" for _, passed, words in result.checks]
        tests.append(
            {
                "name": question.title,
                "score": result.points,
                "max_score": question.points,
                "status": "passed" if result.state == "full" else "failed",
                "output": "\n".join(lines),
                "output_format": "text",
                "visibility": "visible",
                "extra_data": {"bonus": question.bonus},
            }
        )
    score = sum(result.points for result in grade.results)
    return {"score": score, "output": notes, "output_format": "text", "tests": tests}


def run(submission: Path, target: Path, settings: Settings | None = None) -> None:
    """Grade what lies in `submission` and write Gradescope's results to `target`."""
    from homework.collect import CollectError, collect
    from homework.sandbox import why_no_namespaces

    why = why_no_namespaces()
    settings = settings or Settings(isolation="namespaces" if why is None else "user")
    key = Path(__file__).with_suffix(".key")
    seed = int(key.read_text(), 16) if key.is_file() else secrets.randbits(64)
    try:
        found = collect(submission, one_student=True)
    except CollectError:
        found = []
    # Whatever the folder holds is one student's: the newest notebook that is the lab.
    made = [
        Work("", f.file, b"" if f.problem else f.read(), f.problem, tuple(f.notes)) for f in found
    ]
    labs = [work for work in made if not work.problem and _is_lab(work.content)] or made
    work = labs[-1] if labs else Work("", problem="There is no notebook.")
    seeded = Work("", work.file, work.content, work.problem, work.notes, seed=seed % 2**63)
    grade = graded(seeded, settings)
    close()
    if grade.status == "failed":
        raise SystemExit(grade.words)  # Gradescope tells the instructor, and gives no grade
    target.write_text(json.dumps(results(grade), indent=1), encoding="utf-8")


def _is_lab(content: bytes) -> bool:
    try:
        assignment.parse(content)
    except assignment.AssignmentError:
        return False
    return True


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]))
