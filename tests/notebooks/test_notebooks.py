"""What every notebook of the course keeps to, and what every lecture has; new ones are found.

A stored notebook is what a reader meets on the web: executed in order, its pictures described,
small, and the same on every machine. Its numbers are compared by nbval when the notebooks run.
"""

import ast
import inspect
import itertools
import json
import re
import subprocess
import sys
import tomllib
from importlib import util
from types import ModuleType

import books
import nbformat
import pytest
from books import ALL, FOLDER, LECTURES

from course_lib import exercises

_spec = util.spec_from_file_location("store_outputs", FOLDER / "store_outputs.py")
STORE = util.module_from_spec(_spec)
_spec.loader.exec_module(STORE)
# Lecture 1 came first and is shorter.
LATER = LECTURES[1:]
LARGEST = 2_000_000
MOST_STATEMENTS, MOST_LINES = 18, 30
# In this order, as a reader meets them. Between them a lecture is free.
SECTIONS = (
    "What you will be able to do",
    "The idea",
    "What can go wrong",
    "Terms",
    "Further reading",
)
WIDGET = "application/vnd.jupyter.widget"
MACHINE = re.compile(
    r"(?<![\w.:/])/(?:home|root|Users|tmp|work|usr|opt|var|private)/|[A-Z]:\\+\w|site-packages"
    r"|object at 0x[0-9a-f]+"
)


def name(path):
    return path.stem


@pytest.fixture(params=ALL, ids=name)
def notebook(request):
    return nbformat.read(request.param, as_version=4)


@pytest.fixture(params=LECTURES, ids=name)
def lecture(request):
    return nbformat.read(request.param, as_version=4)


def code_of(book):
    return [cell for cell in book.cells if cell.cell_type == "code" and cell.source.strip()]


def text_of(book):
    return "\n".join(cell.source for cell in book.cells if cell.cell_type == "markdown")


def python_of(source):
    """Return the cell's syntax tree, without the lines that only IPython knows."""
    return ast.parse(re.sub(r"(?m)^\s*[%!].*$", "", source))


def data_of(cell):
    return [output.data for output in cell.outputs if "data" in output]


def calls(source, function):
    """Return how often a cell calls `function` by its plain name."""
    return sum(
        isinstance(node, ast.Call) and getattr(node.func, "id", None) == function
        for node in ast.walk(python_of(source))
    )


# -------------------------------------------------------------------------------- every notebook


def test_there_are_notebooks_to_look_at():
    assert LECTURES


def test_it_is_a_valid_notebook_with_a_name_for_every_cell(notebook):
    nbformat.validate(notebook)
    names = [cell.get("id") for cell in notebook.cells]
    assert all(names)
    assert len(set(names)) == len(names)


def test_it_was_executed_from_top_to_bottom(notebook):
    counts = [cell.execution_count for cell in code_of(notebook)]
    assert counts == list(range(1, len(counts) + 1))


def test_no_cell_failed_or_warned(notebook):
    for cell in code_of(notebook):
        for output in cell.outputs:
            assert output.output_type != "error", cell.source
            assert output.get("name") != "stderr", f"{cell.source}\n→ {output.text}"


@pytest.mark.parametrize("path", ALL, ids=name)
def test_it_is_smaller_than_two_megabytes(path):
    assert path.stat().st_size < LARGEST


def test_a_cell_that_shows_something_has_its_output_stored(notebook):
    for cell in code_of(notebook):
        last = python_of(cell.source).body[-1:]
        silent = cell.source.rstrip().endswith(";") or "skip-output" in cell.metadata.get(
            "tags", []
        )
        if last and isinstance(last[0], ast.Expr) and not silent:
            assert cell.outputs, f"nothing is stored for\n{cell.source}"


def test_it_holds_pictures(notebook):
    assert any("image/png" in data for cell in code_of(notebook) for data in data_of(cell))


def test_every_picture_says_in_words_what_it_shows(notebook):
    for cell in code_of(notebook):
        for data in data_of(cell):
            if "image/png" in data or "image/jpeg" in data:
                words = data.get("text/plain", "")
                assert words, cell.source
                assert not words.startswith("<"), f"{words} for\n{cell.source}"


def test_nothing_in_it_depends_on_the_machine_that_ran_it(notebook):
    for cell in notebook.cells:
        shown = [cell.source]
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            shown.append(output.get("text", ""))
            shown += [json.dumps(data[kind]) for kind in data if not kind.startswith("image/")]
        for text in shown:
            found = MACHINE.search(text)
            assert not found, f"{found[0]} in\n{text[:400]}"
        assert "execution" not in cell.metadata, "the time of the run is stored"


def test_its_words_for_what_a_picture_shows_hold_in_the_dark_theme_too(notebook):
    """There black turns white, and white black."""
    for cell in notebook.cells:
        words = [cell.source]
        if cell.cell_type == "code":
            strings = (getattr(node, "value", None) for node in ast.walk(python_of(cell.source)))
            words = [text for text in strings if isinstance(text, str) and " " in text]
        for text in words:
            assert not re.search(r"(?i)\b(black|white)\b", text), text


def test_what_it_says_to_run_in_a_new_cell_is_there(notebook):
    def imported(source):
        nodes = [node for node in ast.walk(python_of(source)) if isinstance(node, ast.alias)]
        return {node.asname or node.name for node in nodes}

    known = set().union(*(imported(cell.source) for cell in code_of(notebook)))
    for code in re.findall(r"`([^`]+)` in a new cell", text_of(notebook)):
        used = {node.id for node in ast.walk(python_of(code)) if isinstance(node, ast.Name)}
        assert used <= known | imported(code), code


def test_its_headings_follow_in_order(notebook):
    """None skips a level, so that a screen reader can list them."""
    text = re.sub(r"(?ms)^```.*?^```", "", text_of(notebook))
    levels = [0, *(len(marks) for marks in re.findall(r"(?m)^(#+) ", text))]
    assert all(level <= before + 1 for before, level in itertools.pairwise(levels))


def test_its_metadata_names_the_language_and_nothing_else(notebook):
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"
    assert "version" not in notebook.metadata.get("language_info", {})


@pytest.mark.parametrize("path", books.STATIONS, ids=name)
def test_what_an_explorer_says_is_a_sentence(path):
    for cell in code_of(nbformat.read(path, as_version=4)):
        for data in data_of(cell) if re.search(r"(?<!\w)(explore|the_race)\(", cell.source) else []:
            if "image/png" in data:
                said = data["text/plain"]
                assert re.match(r"[^a-z\s]", said), said
                assert said.endswith("."), said


def test_no_widget_of_a_past_kernel_is_stored(notebook):
    """A stored view would hide the picture behind "model not found" until the cell is run."""
    for cell in code_of(notebook):
        for data in data_of(cell):
            assert not [kind for kind in data if kind.startswith(WIDGET)], cell.source


def test_its_cells_are_short_enough_to_be_read(notebook):
    """Counted in statements: how many lines an argument list takes is up to the formatter."""
    for cell in code_of(notebook):
        statements = [n for n in ast.walk(python_of(cell.source)) if isinstance(n, ast.stmt)]
        assert len(statements) <= MOST_STATEMENTS, cell.source
        assert len(cell.source.splitlines()) <= MOST_LINES, cell.source


@pytest.mark.parametrize("path", ALL, ids=name)
def test_its_links_within_the_course_lead_somewhere(path):
    text = text_of(nbformat.read(path, as_version=4))
    for target in re.findall(r"\]\((?!https?:|#|mailto:|attachment:)([^)#\s]+)", text):
        assert (path.parent / target).exists(), target


# -------------------------------------------------------------------------------- Google Colab


def test_its_first_code_readies_google_colab_and_is_folded(notebook):
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    assert first.id == "colab"
    assert first.source == STORE.COLAB
    assert first.outputs == []
    assert first.metadata.jupyter.source_hidden
    assert "remove-cell" in first.metadata.tags  # the website has no use for it


@pytest.fixture
def colab(monkeypatch):
    """A faked google.colab; return what is asked of it and of pip, in order."""
    asked = []
    output = ModuleType("google.colab.output")
    output.enable_custom_widget_manager = lambda: asked.append("widgets")
    package = ModuleType("google.colab")
    package.output = output
    for name, module in {"google": ModuleType("google"), "google.colab": package}.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(subprocess, "run", lambda command, check: asked.append(command))
    return asked


@pytest.mark.parametrize("missing", ["course_lib", "anywidget"])
def test_on_colab_it_installs_what_is_missing_and_then_lets_widgets_in(
    colab, missing, monkeypatch, capsys
):
    find = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name: None if name == missing else find(name))
    exec(STORE.COLAB, {})
    pip, widgets = colab
    assert pip[:4] == [sys.executable, "-m", "pip", "install"]
    assert widgets == "widgets"
    course, *needed = [word for word in pip[4:] if not word.startswith("-")]
    assert course.startswith("course-lib @ git+https://github.com/")
    project = tomllib.loads((FOLDER.parent / "pyproject.toml").read_text(encoding="utf-8"))
    # The versions of the project, and nothing that would replace Colab's own Jupyter.
    assert set(needed) < set(project["project"]["optional-dependencies"]["notebooks"])
    assert [re.split("[><=]", each)[0] for each in needed] == ["anywidget", "ipywidgets"]
    assert capsys.readouterr().out == ""


def test_on_colab_with_all_there_it_only_lets_widgets_in(colab):
    exec(STORE.COLAB, {})
    assert colab == ["widgets"]


def test_elsewhere_it_does_nothing(monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "google.colab", raising=False)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("it called pip"))
    names = {}
    exec(STORE.COLAB, names)
    assert set(names) == {"__builtins__", "sys"}
    assert capsys.readouterr() == ("", "")


def test_storing_puts_the_cell_in_once_and_renews_an_old_one():
    text, code = nbformat.v4.new_markdown_cell("# Title"), nbformat.v4.new_code_cell("1 + 1")
    book = nbformat.v4.new_notebook(cells=[text, code])
    for _ in range(2):
        STORE.prepare_colab(book)
        assert [cell.id for cell in book.cells] == [text.id, "colab", code.id]
        assert book.cells[1].source == STORE.COLAB
        book.cells[1].source = "old"
    nbformat.validate(book)


# --------------------------------------------------------------------------------- every lecture


def section_of(book, heading):
    """Return what stands below a heading."""
    found = re.search(rf"(?ms)^## (?:\d+ · )?{heading}\b.*?$(.*?)(?=^## |\Z)", text_of(book))
    assert found, f"the section {heading!r} is missing"
    return found[1]


def test_it_has_the_sections_of_a_lecture_in_their_order(lecture):
    headings = re.findall(r"(?m)^## (?:\d+ · )?(.*)$", text_of(lecture))
    places = [
        next((i for i, heading in enumerate(headings) if heading.startswith(section)), None)
        for section in SECTIONS
    ]
    assert None not in places, f"{SECTIONS[places.index(None)]!r} is missing from {headings}"
    assert places == sorted(places)


def test_it_names_two_to_four_objectives(lecture):
    objectives = section_of(lecture, SECTIONS[0])
    assert 2 <= len(re.findall(r"(?m)^- ", objectives)) <= 4


def test_its_terms_are_defined_in_at_most_two_sentences(lecture):
    terms = section_of(lecture, "Terms")
    rows = re.findall(r"(?m)^\| \*\*(.+?)\*\*.*?\| (.+?) \|$", terms)
    assert len(rows) >= 5
    for term, meaning in rows:
        assert len(re.findall(r"[.?](?:\s|$)", meaning)) <= 2, term


def test_every_explorer_comes_after_a_prediction_of_its_own(lecture):
    predicted = explored = 0
    for cell in code_of(lecture):
        predicted += calls(cell.source, "predict")
        explored += calls(cell.source, "explore")
        assert predicted >= explored, f"nothing is predicted before\n{cell.source}"
    assert explored >= 1, "there is no explorer"


@pytest.mark.parametrize("path", LATER, ids=name)
def test_a_later_lecture_has_three_explorers_and_five_exercises_at_least(path):
    source = [cell.source for cell in code_of(nbformat.read(path, as_version=4))]
    assert sum(calls(cell, "explore") for cell in source) >= 3
    assert sum(".check(" in cell for cell in source) >= 5


def test_every_prediction_is_revealed(lecture):
    source = "\n".join(cell.source for cell in code_of(lecture))
    names = re.findall(r"(?m)^(\w+) = predict\(", source)
    assert names, "nothing is predicted"
    assert len(names) == len(set(names))
    for each in names:
        assert f"{each}.reveal(" in source


def test_it_asks_at_least_four_exercises_and_each_is_not_attempted_yet(lecture):
    checks = [cell for cell in code_of(lecture) if ".check(" in cell.source]
    assert len(checks) >= 4, f"it asks {len(checks)} exercises; a lecture has four at least"
    for cell in checks:
        assert [data["text/plain"][:15] for data in data_of(cell)] == ["Not attempted. "], (
            cell.source
        )


@pytest.mark.parametrize("path", LECTURES, ids=name)
def test_its_exercises_are_the_ones_of_its_module_with_their_templates(path):
    cells = [cell.source for cell in code_of(nbformat.read(path, as_version=4))]
    asked = re.findall(r'(?m)^exercise\("([\d.]+)"\)$', "\n".join(cells))
    lecture = books.number(path)
    own = [each.number for each in exercises.every() if each.number.startswith(f"{lecture}.")]
    assert asked == own, f"course_lib/exercises/lecture_{lecture}.py has {own}"
    for number in asked:
        place = cells.index(f'exercise("{number}")')
        assert cells[place + 1] == exercises.exercise(number).template


def test_a_new_lecture_is_found_and_told_all_that_is_missing(tmp_path):
    for name in ("00_start_here", "02_second", "10_tenth", "9_ninth", "08_mnist_lab", "notes"):
        nbformat.write(nbformat.v4.new_notebook(), tmp_path / f"{name}.ipynb")
    found = books.lectures(tmp_path)
    assert [path.stem for path in found] == ["02_second", "9_ninth", "10_tenth"]
    rules = [rule for rule in globals().values() if "lecture" in parameters(rule)]
    told = []
    for rule in rules:
        with pytest.raises(AssertionError) as missing:
            rule(nbformat.v4.new_notebook())
        told.append(str(missing.value))
    assert len(told) >= 6
    for words in ("'What you will be able to do' is missing", "'Terms' is missing", "no explorer"):
        assert any(words in each for each in told), words


def parameters(test):
    return inspect.signature(test).parameters if inspect.isfunction(test) else ()
