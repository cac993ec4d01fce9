"""What a text tells to do with an explorer is marked, so that the built page can be tried by it."""

import re

import books
import nbformat
import pytest

from course_lib.exercises import exercise

ALL = [*sorted(books.ROOT.glob("notebooks/*.ipynb")), *sorted(books.ROOT.glob("docs/*.ipynb"))]
# Numbers of a text that no control is set to: what is to be seen, and places on a map.
SEEN = {
    ("04", "explorer-3"): {0},  # a slope
    ("04", "explorer-2"): {7.8},  # a border
    ("05", "explorer-modes"): {0, 1, 2},  # places on the map
    ("05", "explorer-both"): {0.9},
    ("05", "explorer-saddle"): {10},  # a factor
    ("05", "explorer-escape"): {1.6, 40, 0},
    ("06", "reddi-explorer"): {3, 2},  # pulls
    ("07", "explorer-1"): {0},  # a loss, and what goes into the relu
    ("07", "explorer-3"): {100},  # a factor
    ("08", "explorer-words"): {0},  # what dead units answer
}
ELSEWHERE = r"(?i)(?:explorers?|lectures?|sections?) \d+|_\{?\d+\}?"
NUMBER = r"10\^\{(-\d+)\}|(?<![\w/.])([−-]?\d+(?:\.\d+)?(?:e-\d+)?)(?![\w/])"


@pytest.fixture(params=ALL, ids=lambda path: path.stem)
def book(request):
    cells = nbformat.read(request.param, as_version=4).cells
    return request.param.stem[:2], {cell.id: cell for cell in cells}


def explorer_texts(cells):
    """Return the texts that introduce an explorer."""
    found = [cell for cell in cells.values() if cell.source.startswith("**Explorer")]
    return [cell for cell in found if cell.cell_type == "markdown"]


def numbers(text):
    """Return the numbers of a text but those of lectures, sections, explorers and indices."""
    found = re.findall(NUMBER, re.sub(ELSEWHERE, "", text))
    plain = {float(number.replace("−", "-")) for power, number in found if not power}
    return plain | {10.0 ** int(power) for power, _ in found if power}


def test_each_text_of_an_explorer_says_in_its_metadata_what_is_to_be_moved(book):
    _, cells = book
    for text in explorer_texts(cells):
        tries = text.metadata.get("tries", {})
        assert tries.get("of") in cells, text.id
        assert set(tries) - {"of", "python"}, text.id


def test_each_number_that_a_text_asks_for_is_marked(book):
    lecture, cells = book
    for text in explorer_texts(cells):
        tries = dict(text.metadata["tries"])
        asked = text.source
        for phrase in tries.pop("python", []):
            asked = asked.replace(phrase, "")
        lines = [line for line in asked.splitlines() if line.startswith("- ")] or [asked]
        del tries["of"]
        marked = {float(n) for values in tries.values() for v in values for n in numbers(str(v))}
        marked |= {10.0**power for power in tries.get("power", []) if power < 0}
        missing = numbers("\n".join(lines)) - marked - SEEN.get((lecture, text.id), set())
        assert missing == set(), text.id


def test_what_only_python_can_do_stands_in_its_text(book):
    _, cells = book
    for cell in cells.values():
        asked = re.fullmatch(r'exercise\("([\d.]+)"\)', cell.source)
        text = exercise(asked[1])._repr_markdown_() if asked else cell.source
        for phrase in cell.metadata.get("tries", {}).get("python", []):
            assert text.count(phrase) == 1, (cell.id, phrase)


def test_each_exercise_that_is_solved_with_an_explorer_says_with_which_controls(book):
    _, cells = book
    for cell in cells.values():
        asked = re.fullmatch(r'exercise\("([\d.]+)"\)', cell.source)
        if asked and "explorer" in exercise(asked[1])._repr_markdown_().split("<details")[0]:
            tries = cell.metadata.get("tries", {})
            assert tries.get("of") in cells, cell.id
            assert set(tries) - {"of", "python"}, cell.id


def test_each_explorer_of_a_lecture_is_named_by_an_instruction(book):
    lecture, cells = book
    named = {
        cell.metadata["tries"].get("of") for cell in cells.values() if "tries" in cell.metadata
    }
    for cell in cells.values():
        pictured = any("image/png" in out.get("data", {}) for out in cell.get("outputs", []))
        if (
            lecture.isdigit()
            and pictured
            and re.search(r"(?<!\w)(explore|the_race)\(", cell.source)
        ):
            assert cell.id in named, cell.id
