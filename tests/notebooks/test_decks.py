"""The slides of a lecture, as its notebook has them: few words, one thing each, none invented."""

import re
import sys

import books
import nbformat
import pytest
from minutes import is_deeper, tags

pytest.importorskip("sphinx_revealjs")
sys.path.insert(0, str(books.ROOT / "docs" / "site"))
import slides


def entries(book):
    """Return each slide with its cell."""
    return [(cell, entry) for cell in book.cells for entry in cell.metadata.get("slides", [])]


FEWEST, MOST, MOST_WORDS, MOST_MINUTES = 20, 30, 40, 70
KEYS = {"title", "text", "show", "lines", "ask", "answer", "then", "notes", "minutes"}
SHOWN = {"picture", "print", "code"}


@pytest.fixture(params=books.LECTURES, ids=lambda path: path.stem)
def lecture(request):
    return nbformat.read(request.param, as_version=4)


def on_the_slide(entry, cells):
    """Return all the words of a slide; a formula counts as one."""
    parts = [entry.get(key, "") for key in ("title", "text", "ask", "then")]
    if "answer" in entry:
        parts.append("What happens: " + slides.outcome(cells[entry["answer"]])[0])
    text = re.sub(r"\$\$.*?\$\$|\$[^$]*\$", " formula ", " ".join(parts), flags=re.DOTALL)
    text = re.sub(r"\|[-: |]+\|", " ", text)
    return [word for word in re.split(r"[\s|]+", text) if re.search(r"\w", word)]


def numbers(text):
    """Return the numbers of a text that say something: with a point or more than one digit."""
    close = re.sub(r"(?<=\d)(?:\\,|,|\s)(?=\d{3}\b)", "", text)
    return set(re.findall(r"\d+\.\d+|\d{2,}", close))


def test_a_deck_has_twenty_to_thirty_slides_and_fits_into_a_lecture(lecture):
    deck = entries(lecture)
    assert FEWEST <= len(deck) <= MOST, len(deck)
    assert sum(entry["minutes"] for _, entry in deck) <= MOST_MINUTES
    assert deck[0][0] is lecture.cells[0]


def test_a_slide_has_at_most_forty_words_and_notes_that_say_more(lecture):
    cells = {cell.id: cell for cell in lecture.cells}
    for cell, entry in entries(lecture):
        said = on_the_slide(entry, cells)
        assert len(said) <= MOST_WORDS, (cell.id, len(said))
        assert len(entry["notes"].split()) >= 8, cell.id
        assert 0 < entry["minutes"] <= 8, cell.id


def test_a_slide_says_in_known_words_what_it_shows(lecture):
    cells = {cell.id: cell for cell in lecture.cells}
    for cell, entry in entries(lecture):
        assert set(entry) <= KEYS, (cell.id, set(entry) - KEYS)
        assert set(entry.get("show", "").split()) <= SHOWN, cell.id
        assert not is_deeper(cell), cell.id
        assert "remove-cell" not in tags(cell), cell.id
        if "show" in entry:
            assert cell.cell_type == "code", cell.id
        else:
            assert entry.get("text") or entry.get("ask"), f"the slide of {cell.id} is empty"
        if "answer" in entry:
            assert slides.outcome(cells[entry["answer"]])[0]


def test_each_explorer_of_the_core_path_is_on_a_slide(lecture):
    shown = {cell.id for cell, entry in entries(lecture) if "picture" in entry.get("show", "")}
    for cell in lecture.cells:
        drawn = any("image/png" in output.get("data", {}) for output in cell.get("outputs", []))
        if drawn and re.search(r"(?<!\w)(explore|the_race)\(", cell.source):
            assert is_deeper(cell) or cell.id in shown, cell.id


def test_a_question_does_not_stand_beside_its_answer_before_a_key_is_pressed(lecture):
    cells = {cell.id: cell for cell in lecture.cells}
    for cell, entry in entries(lecture):
        if "answer" in entry:
            page = slides.slide(entry, cell, cells, lambda *_: "")
            assert re.search(r'class="fragment course-answer">.*What happens', page), cell.id


def test_each_number_on_a_slide_stands_in_its_notebook(lecture):
    known = set()
    for cell in lecture.cells:
        known |= numbers(cell.source)
        for output in cell.get("outputs", []):
            known |= numbers(output.get("text", ""))
            for kind, data in output.get("data", {}).items():
                if kind.startswith("text/"):
                    known |= numbers(data)
            known |= numbers(output.get("metadata", {}).get("image/png", {}).get("alt", ""))
    known |= {number.rstrip("0").rstrip(".") for number in known}
    for cell, entry in entries(lecture):
        text = " ".join(entry.get(key, "") for key in ("title", "text", "ask", "then", "notes"))
        assert numbers(text) <= known, (cell.id, numbers(text) - known)
