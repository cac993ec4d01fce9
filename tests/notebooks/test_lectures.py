"""What a lecture of the second edition keeps to: one question, an hour, nothing given away.

A lecture says in its first cell how long its core path takes. Times are counted by `minutes`, and
nothing here knows how many lectures there are.
"""

import ast
import html
import re
import symtable

import books
import minutes
import nbformat
import numpy as np
import pytest
from minutes import asks, is_deeper, is_visible, tags

from course_lib.exercises import exercise, predict
from course_lib.exercises.answers import Numbers
from course_lib.exercises.tasks import modules

MOST_MINUTES, MOST_LINES, OFF = 60, 15, 2
FROM_6 = [path for path in books.LECTURES if books.number(path) >= 6]
FOLDED = "What happens? Choose first. Then run this cell again."


@pytest.fixture(params=books.LECTURES, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def lecture(path):
    return nbformat.read(path, as_version=4)


def code_of(book):
    return [cell for cell in book.cells if cell.cell_type == "code" and cell.source.strip()]


def headings(book):
    """Return level, words, and the place of the cell of each heading."""
    return [
        (len(marks), words, place)
        for place, cell in enumerate(book.cells)
        if cell.cell_type == "markdown"
        for marks, words in re.findall(r"(?m)^(#+) (?:\d+ · )?(.+)$", cell.source)
    ]


def section(book, name):
    """Return the cells of a section of the second level."""
    places = [(words, place) for level, words, place in headings(book) if level == 2]
    found = [n for n, (words, _) in enumerate(places) if words.startswith(name)]
    assert found, f"the section {name!r} is missing"
    ends = [place for _, place in places] + [len(book.cells)]
    return book.cells[ends[found[0]] : ends[found[0] + 1]]


def text_of(cells):
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


# ------------------------------------------------------------------------------------------ time


def test_it_takes_as_long_as_it_says_and_its_core_path_at_most_an_hour(lecture):
    core, deeper = minutes.core(lecture), minutes.deeper(lecture)
    said = minutes.declared(lecture)
    assert said, (
        "its first cell does not say: The **core path takes N minutes**, going deeper M more."
    )
    assert core.minutes <= MOST_MINUTES, core
    assert abs(core.minutes - said[0]) <= OFF, f"it says {said[0]} for {core.minutes:.1f}: {core}"
    assert abs(deeper.minutes - said[1]) <= OFF, f"it says {said[1]} for {deeper.minutes:.1f}"


def test_the_start_page_takes_as_long_as_it_says():
    start = nbformat.read(books.START, as_version=4)
    counted = minutes.core(start)
    shown = counted.minutes - minutes.EXERCISE * counted.exercises  # its exercise comes answered
    said = {"ten": 10, "fifteen": 15, "twenty": 20}
    named = re.search(r"This page takes about (\w+) minutes", start.cells[0].source)[1]
    assert abs(said[named] - shown) <= OFF, f"it says {named} for {shown:.1f}: {counted}"


def cell(kind, source, *tags, outputs=()):
    make = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    made = make(source, metadata={"tags": list(tags)})
    if kind == "code":
        made.outputs = [nbformat.v4.new_output("display_data", {"text/plain": o}) for o in outputs]
    return made


def test_time_is_counted_from_words_lines_and_what_there_is_to_do():
    book = nbformat.v4.new_notebook(
        cells=[
            cell("text", "# Title\n\nThe **core path takes 12 minutes**, going deeper 2 more."),
            cell(
                "text", "word " * 91 + "\n| | |\n|---|---|\n[a link](https://example.org/of/words)"
            ),
            cell("code", "x = 1\n\n" * 14 + "# a comment"),
            cell("code", "x = 1\n" * 99, "hide-input"),
            cell("code", 'show_source("x")', outputs=["def f():\n    return 1\n"]),
            cell("code", 'exercise("1.1")'),
            cell("code", 'new_w = ...\n\nexercise("1.1").check(new_w)'),
            cell("code", 'guess = predict("1.a")\nguess'),
            cell("code", "explore(figure, update)"),
            cell("text", "word " * 200, "deeper"),
            cell("code", "x = 1\n" * 15, "deeper"),
        ]
    )
    core = minutes.core(book)
    assert (core.words, core.lines) == (11 + 91 + 2, 15 + 2 + 1)
    assert (core.explorers, core.exercises, core.predictions) == (1, 1, 1)
    assert core.minutes == pytest.approx(104 / 200 + 18 / 15 + 3 + 4 + 1)
    assert minutes.deeper(book).minutes == pytest.approx(2)
    assert minutes.declared(book) == (12, 2)
    assert minutes.declared(nbformat.v4.new_notebook()) is None


# -------------------------------------------------------------------------------------- its shape


def test_one_question_opens_it_and_is_answered_at_its_end_with_a_picture_or_a_table(lecture):
    question = re.search(
        r"(?m)\*\*The question\.\*\* [^\n]*(?:\n[^\n]+)*?\?", lecture.cells[0].source
    )
    assert question, "its first cell asks no question: **The question.** …?"
    answer = section(lecture, "The answer")
    pictured = any("image/png" in o.get("data", {}) for c in answer for o in c.get("outputs", []))
    assert pictured or re.search(r"(?m)^\|[-:| ]+\|$", text_of(answer)), "nothing sums it up"


def test_it_says_what_it_builds_on(lecture):
    assert re.search(
        r"\*\*What you need\.\*\* \w", text_of(section(lecture, "What you will be able"))
    )


def test_going_deeper_comes_after_the_answer_and_all_of_it_is_tagged(lecture):
    tagged = [place for place, each in enumerate(lecture.cells) if is_deeper(each)]
    if not any(words == "Going deeper" for _, words, _ in headings(lecture)):
        assert not tagged
        return
    names = [words for level, words, _ in headings(lecture) if level == 2]
    assert names.index("The answer") < names.index("Going deeper") < names.index("Terms")
    own = section(lecture, "Going deeper")
    assert [lecture.cells[place].id for place in tagged] == [each.id for each in own]


def test_the_core_path_uses_nothing_of_going_deeper(lecture):
    made, used = set(), set()
    for each in code_of(lecture):
        reads, writes = names(each.source)
        used = set() if is_deeper(each) else reads & made
        assert not used, f"{used} of Going deeper in\n{each.source}"
        made = made | writes if is_deeper(each) else made - writes


def names(source):
    """Return the names that code reads before it writes them, and those that it writes."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)]
    writes = {node.id for node in nodes if isinstance(node.ctx, ast.Store)}
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            writes.add(node.name)
        elif isinstance(node, ast.alias):
            writes.add((node.asname or node.name).split(".")[0])
    return {node.id for node in nodes if isinstance(node.ctx, ast.Load)} - writes, writes


def test_exercises_predictions_and_objectives_say_whether_they_go_deeper(lecture):
    for each in code_of(lecture):
        for number in re.findall(r'\bexercise\("([\d.]+)"\)', each.source):
            assert exercise(number).deeper == is_deeper(each), number
        for number in re.findall(r'\bpredict\("([^"]+)"\)', each.source):
            assert predict(number).deeper == is_deeper(each), number
    objectives = re.findall(r"(?m)^- .*", text_of(section(lecture, "What you will be able to do")))
    marked = [line for line in objectives if "going deeper" in line.lower()]
    assert len(marked) < len(objectives)
    if any(asks(each) == "exercise" and is_deeper(each) for each in code_of(lecture)):
        assert marked, "no objective belongs to Going deeper, but an exercise does"


def test_what_stays_visible_is_what_is_taught(lecture):
    for each in code_of(lecture):
        if is_visible(each):
            tree = ast.parse(each.source)
            assert minutes.lines_in(each) <= MOST_LINES or "show_source(" in each.source, (
                each.source
            )
            assert not any(isinstance(node, ast.Assert) for node in ast.walk(tree)), each.source
            drawn = "plots.show(" in each.source
            assert not drawn or "explore(" in each.source, (
                f"a picture is not folded:\n{each.source}"
            )


def test_no_more_than_two_sources_are_shown_in_a_row(lecture):
    kinds = ["s" if "show_source(" in each.source else "." for each in code_of(lecture)]
    assert "sss" not in "".join(kinds)


# ------------------------------------------------------------------------------------ predictions


def test_its_predictions_are_those_of_its_module_in_their_order(lecture, path):
    asked = re.findall(
        r'(?m)^\w+ = predict\("([^"]+)"\)', "\n".join(c.source for c in code_of(lecture))
    )
    (module,) = [m for m in modules() if m.__name__.endswith(f"lecture_{books.number(path)}")]
    assert asked == [each.number for each in module.PREDICTIONS]


def test_each_reveal_is_a_cell_of_its_own_and_stored_folded(lecture):
    for each in code_of(lecture):
        if ".reveal(" in each.source:
            assert re.fullmatch(r"\w+\.reveal\([^\n]*\)", each.source), each.source
            assert [output.data["text/plain"] for output in each.outputs] == [FOLDED]


def revealed(cell):
    """Return what the stored, folded reveal says that happens."""
    return html.unescape(re.search(r"What happens: (.+?)\. ", cell.outputs[0].data["text/html"])[1])


def names_in(source, used):
    """Return the names of a notebook that a cell reads, also in functions, or that it sets."""
    tables, found = [symtable.symtable(source, "cell", "exec")], set()
    for table in tables:
        tables.extend(table.get_children() if used else [])
        for symbol in table.get_symbols():
            shared = table.get_type() == "module" or symbol.is_global()
            does = symbol.is_referenced() if used else symbol.is_assigned() or symbol.is_imported()
            if shared and does:
                found.add(symbol.get_name())
    return found


@pytest.mark.parametrize("path", books.LECTURES, ids=lambda path: path.stem)
def test_a_reveal_that_is_run_again_at_the_end_finds_its_own_numbers(path):
    """Who runs all cells, then chooses, runs the reveal again: later cells must not have its names.

    A prediction asks for just that: it says "Choose first. Then run this cell again."
    """
    cells = code_of(nbformat.read(path, as_version=4))
    for place, cell in enumerate(cells):
        if ".reveal(" not in cell.source:
            continue
        for later in cells[place + 1 :]:
            taken = names_in(cell.source, used=True) & names_in(later.source, used=False)
            assert not taken, f"{later.id} sets {sorted(taken)}, which {cell.id} reads"


def test_each_explorer_has_a_prediction_of_its_own_before_it(lecture):
    predicted = False
    for cell in code_of(lecture):
        predicted = predicted or asks(cell) == "predict"
        if re.search(r"(?<!\w)explore\(", cell.source):
            assert predicted, f"no prediction before {cell.id}"
            predicted = False


def test_what_happens_stands_nowhere_before_its_reveal(lecture):
    """Not in words, comments or outputs, from the heading above the question to the reveal."""
    cells = lecture.cells
    for place, each in enumerate(cells):
        if ".reveal(" not in each.get("source", "") or each.cell_type != "code":
            continue
        name = each.source.split(".")[0]
        first = next(
            n for n, c in enumerate(cells) if re.search(rf"(?m)^{name} = predict", c.source)
        )
        above = [n for _, _, n in headings(lecture) if n < first]
        answer = revealed(each).lower()
        if re.fullmatch(r"\d", answer):
            continue  # a single digit stands everywhere
        for other in cells[above[-1] if above else 0 : place]:
            if asks(other) == "predict":
                continue
            said = [other.source]
            for output in other.get("outputs", []):
                said += [output.get("text", ""), output.get("data", {}).get("text/plain", "")]
            for text in said:
                found = re.search(rf"(?<![\w.]){re.escape(answer)}(?![\w]|\.\d)", text.lower())
                assert not found, f"{answer!r} is given away by\n{text}"


@pytest.mark.parametrize("path", FROM_6, ids=lambda path: path.stem)
def test_no_picture_and_no_table_comes_between_a_prediction_and_its_reveal(path):
    """Only explorers do, for the reader to try; what was computed is shown after the choice."""
    asked = None
    for cell in code_of(nbformat.read(path, as_version=4)):
        if asks(cell) == "predict":
            asked = re.search(r"(\w+) = predict", cell.source)[1]
        elif asked and f"{asked}.reveal(" in cell.source:
            asked = None
        elif asked and not asks(cell) and not re.search(r"(?<!\w)explore\(", cell.source):
            assert not cell.outputs, f"{cell.id} shows something before {asked} is revealed"


@pytest.mark.parametrize("path", FROM_6, ids=lambda path: path.stem)
def test_a_function_that_other_cells_use_keeps_its_name(path):
    """A cell that is run again must find the function it calls, and not a number of that name."""
    cells = code_of(nbformat.read(path, as_version=4))
    made, set_in, read_in = {}, {}, {}
    for cell in cells:
        functions = {
            alias.asname or alias.name
            for node in ast.parse(cell.source).body
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        } | {
            node.name
            for node in ast.parse(cell.source).body
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
        }
        assigned = names_in(cell.source, used=False)
        for found, names in (
            (made, functions),
            (set_in, assigned - functions),
            (read_in, names_in(cell.source, used=True) - assigned),
        ):
            for name in names:
                found.setdefault(name, []).append(cell.id)
    for name in set(made) & set(set_in) & set(read_in):
        home = {each for each in made[name] if each.startswith("answer-")}
        assert len(home) == len(made[name]), f"{set_in[name]} set {name}, which {made[name]} make"


def test_no_number_that_an_exercise_asks_for_stands_between_its_heading_and_it(lecture):
    """On the core path. In *Going deeper* a number may answer by chance, where many are right."""
    above = [place for _, _, place in headings(lecture)]
    for place, each in enumerate(lecture.cells):
        asked = re.fullmatch(r'exercise\("([\d.]+)"\)', each.source)
        if not asked or is_deeper(each) or not isinstance(exercise(asked[1]).answer, Numbers):
            continue
        answer, right = exercise(asked[1]).answer, exercise(asked[1]).right
        for other in lecture.cells[max(n for n in above if n < place) : place]:
            said = [other.source]
            for output in other.get("outputs", []):
                shown = output.get("data", {})
                said += [output.get("text", "")]
                said += [shown.get(kind, "") for kind in ("text/plain", "text/html")]
            for text in said:
                plain = html.unescape(re.sub(r"<[^>]+>", " ", text)).replace("−", "-")
                for number in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w.]\d)", plain):
                    given = not answer.shape and answer.agrees(np.asarray(float(number)), right)
                    assert not given, f"{number} answers {asked[1]} in\n{plain[:400]}"


def test_what_happens_is_not_told_by_the_length_of_its_option(lecture, path):
    asked = {each.number: each for each in modules()[int(path.stem[:2])].PREDICTIONS}
    for each in code_of(lecture):
        if ".reveal(" not in each.source:
            continue
        name, source = each.source.split(".")[0], "\n".join(c.source for c in code_of(lecture))
        number = re.search(rf'(?m)^{name} = predict\("(.+?)"\)', source)[1]
        others = [len(other) for other in asked[number].options if other != revealed(each)]
        assert not others or len(revealed(each)) <= 1.3 * max(others), number


# ------------------------------------------------------------------------------------------ torch


def test_each_cell_that_needs_torch_says_so(lecture):
    """That no other cell uses what such a cell makes is seen where the cells run without torch."""
    for each in code_of(lecture):
        asked = "torch" in set().union(*names(each.source)) or "course_lib.training" in each.source
        assert "needs-torch" in tags(each) or not asked, f"the tag is missing:\n{each.source}"
