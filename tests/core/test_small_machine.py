"""The lab on the machine that Binder lends: one core and 2 GB, of which the kernel may have 1.5."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from course_lib.data import find_mnist

ROOT = Path(__file__).parents[2]
LAB = ROOT / "notebooks" / "08_mnist_lab.ipynb"
LIMIT = 1_500_000_000  # bytes; the rest is for JupyterLab's server and the system

# Runs in a process of its own; what it starts, the kernel, inherits both limits. RLIMIT_DATA counts
# all memory that a process has asked for itself, touched or not, so the kernel cannot even ask for
# more. At the end it tells the core it had and the most that the kernel, with the libraries it
# shares, ever held at once.
RUN = """
import os, resource, sys
limit, path = int(sys.argv[1]), sys.argv[2]
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
import nbformat
from nbclient import NotebookClient
book = nbformat.read(path, as_version=4)
probe = "import os, resource as r; "
probe += "print(len(os.sched_getaffinity(0)), r.getrlimit(r.RLIMIT_DATA))"
book.cells.insert(0, nbformat.v4.new_code_cell(probe))
where = {"metadata": {"path": os.path.dirname(path)}}
NotebookClient(book, timeout=600, resources=where, store_widget_state=False).execute()
print(book.cells[0].outputs[0].text.strip())
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
print([c.get("id") for c in book.cells for o in c.get("outputs", []) if o.output_type == "error"])
"""


@pytest.mark.mnist
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="these limits are of Linux")
def test_the_whole_lab_runs_on_one_core_with_a_gigabyte_and_a_half(tmp_path):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    pytest.importorskip("nbclient")
    if find_mnist() is None:
        pytest.skip("the real MNIST files are not here (COURSE_DATA names their folder)")
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = os.environ | {
        "PYTHONPATH": paths,
        "COURSE_PROGRESS": str(tmp_path / "progress.json"),
        # What course.py sets for every start.
        "OMP_NUM_THREADS": "1",
        "OMP_WAIT_POLICY": "PASSIVE",
    }
    ran = subprocess.run(
        [sys.executable, "-c", RUN, str(LIMIT), str(LAB)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    limits, peak, failed = ran.stdout.splitlines()[-3:]
    assert limits == f"1 ({LIMIT}, {LIMIT})"
    assert failed == "[]"
    print(f"the kernel's peak: {int(peak) / 1e6:.0f} MB")
    assert int(peak) < LIMIT


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="these limits are of Linux")
def test_the_limit_is_one():
    """A process that asks for more than the limit does not get it."""
    greedy = RUN.split("import nbformat")[0] + "bytearray(limit)"
    ran = subprocess.run(
        [sys.executable, "-c", greedy, str(LIMIT), ""], capture_output=True, text=True
    )
    assert ran.returncode != 0
    assert "MemoryError" in ran.stderr
