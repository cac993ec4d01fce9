"""Run notebooks from top to bottom and store their outputs, the same on every machine.

    python notebooks/store_outputs.py                                      all of them
    python notebooks/store_outputs.py notebooks/01_gradient_basics.ipynb   those named

What is stored is what a reader without a kernel sees: pictures and text. The live views are left
out, because a view without its kernel shows an error in place of the picture. Each notebook gets
its slides marked, and as its first code a cell that readies Google Colab.
"""

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
LIVE_VIEW = "application/vnd.jupyter.widget-view+json"
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
        notebook,
        timeout=300,
        resources=where,
        store_widget_state=False,
        coalesce_streams=True,
        extra_arguments=["--log-level=ERROR"],  # it warns of its own connection, which is local
    ).execute()
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(LIVE_VIEW, None)
    nbformat.write(notebook, path)


def prepare_colab(notebook) -> None:
    """Put the cell for Google Colab before the notebook's first code, in place of any older one.

    It is folded in JupyterLab and left out of the website.
    """
    cells = [cell for cell in notebook.cells if cell.get("id") != "colab"]
    first = next(n for n, cell in enumerate(cells) if cell.cell_type == "code")
    about = {
        "jupyter": {"source_hidden": True},
        "tags": ["remove-cell"],
    }
    cells.insert(first, nbformat.v4.new_code_cell(COLAB, id="colab", metadata=about))
    notebook.cells = cells


if __name__ == "__main__":
    # What is stored shows a reader who has solved nothing yet.
    os.environ["COURSE_PROGRESS"] = os.path.join(tempfile.mkdtemp(), "progress.json")
    every = sorted([*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("docs/*.ipynb")])
    for path in [Path(name) for name in sys.argv[1:]] or every:
        print(path.name, flush=True)
        store_outputs(path)
