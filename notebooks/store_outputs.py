"""Run notebooks from top to bottom and store their outputs, the same on every machine.

    python notebooks/store_outputs.py                                      all of them
    python notebooks/store_outputs.py notebooks/01_gradient_basics.ipynb   those named

What is stored is what a reader without a kernel sees: pictures and text. The live views are left
out, because a view without its kernel shows an error in place of the picture.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
LIVE_VIEW = "application/vnd.jupyter.widget-view+json"
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}


def store_outputs(path: Path) -> None:
    """Run the notebook at `path` in place; an error in a cell leaves the file as it was."""
    notebook = nbformat.read(path, as_version=4)
    where = {"metadata": {"path": str(path.parent)}}
    NotebookClient(
        notebook, timeout=300, resources=where, store_widget_state=False, coalesce_streams=True
    ).execute()
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(LIVE_VIEW, None)
    nbformat.write(notebook, path)


if __name__ == "__main__":
    every = [*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("docs/*.ipynb")]
    for path in map(Path, sys.argv[1:] or sorted(every)):
        print(path.name, flush=True)
        store_outputs(path)
