"""Run notebooks from top to bottom and store their outputs, the same on every machine.

    python notebooks/store_outputs.py                                      all of them
    python notebooks/store_outputs.py notebooks/01_gradient_basics.ipynb   those named

What is stored is what a reader without a kernel sees: pictures and text. The live views are left
out, because a view without its kernel shows an error in place of the picture. Each notebook gets
its slides marked, and as its first code a cell that readies Google Colab.
"""

import os
import re
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
LIVE_VIEW = "application/vnd.jupyter.widget-view+json"
ROOM = 660  # pixels on a slide
# Opened on Google Colab, a notebook is alone: no course_lib, and widgets of others are not shown.
COLAB = """\
# On Google Colab this installs the course and lets its sliders in. Elsewhere it does nothing.
import sys

if "google.colab" in sys.modules:
    import subprocess
    from importlib.util import find_spec

    from google.colab import output

    if not (find_spec("course_lib") and find_spec("anywidget")):
        course = "course-lib @ git+https://github.com/OWNER/how-neural-networks-learn"
        widgets = ["anywidget>=0.9.13", "ipywidgets>=8.1.5"]
        pip = [sys.executable, "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, course, *widgets], check=True)
    output.enable_custom_widget_manager()"""
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}


def store_outputs(path: Path) -> None:
    """Run the notebook at `path` in place; an error in a cell leaves the file as it was."""
    notebook = nbformat.read(path, as_version=4)
    prepare_colab(notebook)
    where = {"metadata": {"path": str(path.parent)}}
    NotebookClient(
        notebook, timeout=300, resources=where, store_widget_state=False, coalesce_streams=True
    ).execute()
    notebook.metadata = nbformat.from_dict(METADATA)
    mark_slides(notebook)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(LIVE_VIEW, None)
    nbformat.write(notebook, path)


def prepare_colab(notebook) -> None:
    """Put the cell for Google Colab before the notebook's first code, in place of any older one.

    It is folded in JupyterLab and left out of the website and the slides.
    """
    cells = [cell for cell in notebook.cells if cell.get("id") != "colab"]
    first = next(n for n, cell in enumerate(cells) if cell.cell_type == "code")
    about = {
        "jupyter": {"source_hidden": True},
        "slideshow": {"slide_type": "skip"},
        "tags": ["remove-cell"],
    }
    cells.insert(first, nbformat.v4.new_code_cell(COLAB, id="colab", metadata=about))
    notebook.cells = cells


def mark_slides(notebook) -> None:
    """Say for each cell whether it begins a slide, where its author has not said so.

    A heading begins one. So does what does not fit below the cells before it: estimated in pixels,
    for slides of 1280 by 720.
    """
    used, figure = 0, False
    for cell in notebook.cells:
        chosen = cell.metadata.get("slideshow", {})
        tall = _height(cell)
        if "slide_type" not in chosen or chosen.get("by") == "size":
            kind = "-"
            if re.match(r"##? ", cell.source) and cell.cell_type == "markdown":
                kind = "slide"
            elif re.search(r"^from .* import |\.check\(", cell.source, re.M) and not _shows(cell):
                kind = "skip"
            elif figure and cell.source.startswith("*") and used + tall < 1.3 * ROOM:
                pass  # a caption stays with its figure: a slide shrinks a little for it
            elif re.match(r"### |exercise\(", cell.source) or used + tall > ROOM:
                kind = "subslide"
            cell.metadata["slideshow"] = {"slide_type": kind, "by": "size"}
        kind = cell.metadata["slideshow"]["slide_type"]
        if kind != "skip":
            used = tall + (0 if kind in ("slide", "subslide") else used)
            figure = _shows(cell)


def _shows(cell) -> bool:
    """Return whether a cell shows a picture."""
    return any("image/png" in output.get("data", {}) for output in cell.get("outputs", []))


def _height(cell) -> int:
    """Return about how many pixels a cell takes on a slide."""
    if cell.cell_type == "markdown":
        return 40 + sum(34 * (1 + len(line) // 105) for line in cell.source.splitlines() if line)
    tall = 0 if _shows(cell) else 26 * len(cell.source.splitlines())
    for output in cell.outputs:
        data = output.get("data", {})
        if "image/png" in data:
            size = output.metadata.get("image/png", {})
            tall += min(size.get("height", 400), 520) + 100 * ("explore(" in cell.source)
        else:
            text = output.get("text", data.get("text/plain", ""))
            tall += 30 * (1 + text.count("\n"))
    return tall


if __name__ == "__main__":
    # What is stored shows a reader who has solved nothing yet.
    os.environ["COURSE_PROGRESS"] = os.path.join(tempfile.mkdtemp(), "progress.json")
    every = [*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("docs/*.ipynb")]
    for path in map(Path, sys.argv[1:] or sorted(every)):
        print(path.name, flush=True)
        store_outputs(path)
