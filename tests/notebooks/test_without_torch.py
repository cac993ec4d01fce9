"""Where PyTorch cannot be imported, as in a browser, all cells run but those tagged as needing it.

The tag is `needs-torch`. A lecture is read from top to bottom there, so no other cell may use what
a tagged one makes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BOOKS = [*sorted(ROOT.glob("notebooks/*.ipynb")), *sorted(ROOT.glob("docs/*.ipynb"))]
TAG = "needs-torch"
# Runs the cells that are handed over and says which of them fails, and why.
RUN = """
import json, sys
sys.modules["torch"] = None
names = {"__name__": "__main__"}
for number, code in json.load(sys.stdin):
    try:
        exec(compile(code, f"cell {number}", "exec"), names)
    except Exception as error:
        sys.exit(f"cell {number}: {type(error).__name__}: {error}\\n{code}")
"""


def cells(path: Path) -> list[tuple[int, dict]]:
    book = json.loads(path.read_text(encoding="utf-8"))
    return [(n, cell) for n, cell in enumerate(book["cells"]) if cell["cell_type"] == "code"]


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_the_cells_without_the_tag_run_without_torch(path):
    code = [
        (number, "".join(cell["source"]))
        for number, cell in cells(path)
        if TAG not in cell["metadata"].get("tags", [])
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "MPLBACKEND": "agg"}
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        input=json.dumps(code),
        cwd=path.parent,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_no_more_cells_have_the_tag_than_a_check_or_a_use_of_torch_explains(path):
    """A tag on a cell that runs without torch would take it from readers in a browser."""
    tagged = [
        (number, "".join(cell["source"]))
        for number, cell in cells(path)
        if TAG in cell["metadata"].get("tags", [])
    ]
    if not tagged:
        return
    # Cells that use what another tagged cell makes are tagged, too; the first of all names torch.
    first = tagged[0][1]
    assert "torch" in first or "training" in first, f"cell {tagged[0][0]}:\n{first}"
