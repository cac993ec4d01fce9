"""Run notebooks from top to bottom and store their outputs, the same on every machine.

    python notebooks/store_outputs.py                                      all of them
    python notebooks/store_outputs.py notebooks/01_gradient_basics.ipynb   those named
    python notebooks/store_outputs.py --slides                             run nothing, mark slides

What is stored is what a reader without a kernel sees: pictures and text. The live views are left
out, because a view without its kernel shows an error in place of the picture. Each notebook gets
its slides marked, and as its first code a cell that readies Google Colab.
"""

import itertools
import os
import re
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
LIVE_VIEW = "application/vnd.jupyter.widget-view+json"
ROOM = 640  # pixels on a slide, below which its foot stands
# A lecture shows what a cell says or draws. Answers and the bar of progress are the reader's own.
SILENT = re.compile(r"\b(explore|predict|exercise|show_source)\(|\.reveal\(|\bplots\.show\(")
ASIDE = re.compile(r"^progress\(|\.check\(", re.M)
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

    A heading, an exercise and the answer to a prediction begin one. In between, cells are cut as a
    typesetter cuts lines: of all ways, the one with few slides, none too full and no bad cut.
    """
    pieces = []
    for cell in notebook.cells:
        chosen = cell.metadata.get("slideshow", {})
        if "slide_type" not in chosen or chosen.get("by") == "size":
            aside = cell.cell_type == "code" and ASIDE.search(cell.source)
            chosen = {"slide_type": "skip" if aside else "-", "by": "size"}
            cell.metadata["slideshow"] = chosen
        if chosen["slide_type"] not in ("skip", "notes"):
            pieces += [Piece(cell, part, n > 0) for n, part in enumerate(parts(cell))]
    pieces = [piece for piece in pieces if piece.tall]
    for before, piece in itertools.pairwise(pieces):
        if before.begins == "exercise":
            piece.begins = piece.begins or "subslide"
        if ".reveal(" in piece.source:  # with the words that lead up to it
            target = before if before.leads and not before.begins else piece
            target.begins = target.begins or "subslide"
    best, cuts = [0.0], []
    for end in range(1, len(pieces) + 1):
        ways = []
        for start in reversed(range(end)):
            before = pieces[start - 1] if start else None
            ways.append((best[start] + _badness(pieces[start:end], before), start))
            if pieces[start].begins:
                break
        best.append(min(ways)[0])
        cuts.append(min(ways)[1])
    end = len(pieces)
    while end:
        end = cuts[end - 1]
        first = pieces[end]
        if first.cell.metadata["slideshow"].get("by") and not first.inside:
            kind = "slide" if first.begins == "slide" else "subslide"
            first.cell.metadata["slideshow"]["slide_type"] = kind


class Piece:
    """What stays together on a slide: a cell, or one of the parts that headings cut it into."""

    def __init__(self, cell, source: str, inside: bool) -> None:
        self.cell, self.source, self.inside = cell, source, inside
        self.prose = cell.cell_type == "markdown"
        self.tall = _prose(source) if self.prose else _height(cell)
        self.leads = self.prose and source.rstrip().endswith(":")
        heading = re.match(r"(#+) ", source) if self.prose else None
        chosen = cell.metadata["slideshow"]
        self.begins = ""
        if heading:
            self.begins = "slide" if len(heading[1]) < 3 else "subslide"
        elif not self.prose and "exercise(" in source:
            self.begins = "exercise"
        elif inside or ("by" not in chosen and chosen["slide_type"] in ("slide", "subslide")):
            self.begins = "subslide"


def parts(cell) -> list[str]:
    """Return the parts of a cell that begin a slide each: at a heading, in a long table or list."""
    if cell.cell_type == "code":
        return [cell.source]
    found = []
    for part in re.split(r"\n(?=##+ )", cell.source):
        table = re.search(r"(\|.*\n\|[-:| ]+\n)((?:\|.*(?:\n|$)){11,})", part)
        if not table:
            found += _halves(part) if _prose(part) > 1.2 * ROOM else [part]
            continue
        head, rows = table[1], table[2].splitlines()
        each = -(-len(rows) // -(-len(rows) // 10))
        pages = [head + "\n".join(rows[i : i + each]) for i in range(0, len(rows), each)]
        pages[0] = part[: table.start()] + pages[0]
        pages[-1] += "\n" + part[table.end() :]
        found += pages
    return found


def _halves(source: str) -> list[str]:
    """Cut a long list in the middle."""
    items = re.split(r"\n(?=- )", source)
    middle = -(-len(items) // 2)
    return ["\n".join(half) for half in (items[:middle], items[middle:]) if half]


def shows_code(cell) -> bool:
    """Return whether a slide shows a cell's code: where it is talked about, and leaves room."""
    hidden = cell.metadata.get("jupyter", {}).get("source_hidden") or SILENT.search(cell.source)
    return not (hidden or (pictures(cell) and cell.source.count("\n") > 7))


def briefly(source: str) -> str:
    """Return code without the parts of its docstrings that only its users need."""
    return re.sub(r'("""[^"\n]+)\n\n[^"]*"""', r'\1"""', source)


def pictures(cell) -> list[dict]:
    """Return what is known of each picture a cell shows: its width, its height, its words."""
    return [
        output.metadata.get("image/png", {})
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]


def narrow(cell) -> bool:
    """Return whether a cell shows one picture, which leaves room for words beside it."""
    sizes = pictures(cell)
    return (
        len(sizes) == 1
        and "explore(" not in cell.source
        and sizes[0].get("width", 900) < 1.6 * sizes[0].get("height", 380)
    )


def _badness(slide: list[Piece], before: Piece | None) -> float:
    """Return how bad a slide is: 1 for being one, more where it is too full, thin or cut badly."""
    full = 0.0
    for n, piece in enumerate(slide):
        full += piece.tall / ROOM
        if narrow(piece.cell) and all(later.prose for later in slide[n + 1 :]):
            beside = sum(later.tall for later in slide[n + 1 :])
            full += max(0, 2.2 * beside - piece.tall) / ROOM
            break
    bad = 1 + 12 * max(0, full - 1) + 2 * max(0, 0.4 - full)
    if before and not slide[0].begins:
        bad += 2 * before.leads + 3 * slide[0].source.startswith("*Look")
    return bad


def _prose(source: str) -> int:
    """Return about how many pixels words take on a slide."""
    tall = 0
    for block in re.split(r"\n\n+", source.strip()):
        if block.startswith("#"):
            tall += 66
        elif block.startswith("|"):
            tall += sum(42 + 28 * (len(row) // 110) for row in block.splitlines())
        else:
            for item in re.split(r"\n(?=- |\d+\. )", re.sub(r"\\\w+|[${}*`]", "", block)):
                tall += 34 * (1 + len(item) // 98)
            tall += 12 + 30 * (block.count("$$") // 2)
    return tall


def _height(cell) -> int:
    """Return about how many pixels a code cell takes on a slide; 0 if it shows nothing."""
    tall = _mono(cell.source) if shows_code(cell) else 0
    for output in cell.outputs:
        data = output.get("data", {})
        if "image/png" in data:
            size = output.metadata.get("image/png", {})
            wide, high = size.get("width", 919), size.get("height", 380)
            tall += int(high * min(1, 1216 / wide)) + 16 + 110 * ("explore(" in cell.source)
        elif {"text/html", "text/markdown"} & set(data) and "show_source" not in cell.source:
            tall += _prose(data.get("text/plain", "").replace("\n", "\n\n"))
        else:
            tall += _mono(briefly(output.get("text", data.get("text/plain", ""))))
    return tall


def _mono(text: str) -> int:
    """Return about how many pixels code or a print-out takes on a slide."""
    return 36 + 27 * (1 + re.sub(r"\n{3,}", "\n\n", text.rstrip()).count("\n"))


if __name__ == "__main__":
    # What is stored shows a reader who has solved nothing yet.
    os.environ["COURSE_PROGRESS"] = os.path.join(tempfile.mkdtemp(), "progress.json")
    every = [*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("docs/*.ipynb")]
    only_slides = "--slides" in sys.argv
    chosen = [Path(name) for name in sys.argv[1:] if name != "--slides"] or sorted(every)
    for path in chosen:
        print(path.name, flush=True)
        if only_slides:
            notebook = nbformat.read(path, as_version=4)
            mark_slides(notebook)
            nbformat.write(notebook, path)
        else:
            store_outputs(path)
