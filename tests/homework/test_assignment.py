"""What is taken from a submission: the answers, wherever they stand, and nothing else."""

from __future__ import annotations

import ast
import copy
import json

import nbformat
import pytest

from homework import assignment
from homework.assignment import AssignmentError, answers, is_blank, parse, transplant
from homework.questions import OWN_CODE, QUESTIONS

IDS = [question.id for question in QUESTIONS]
RULE = """@dataclass(frozen=True)
class MyRule:
    lr: float = 0.1
    momentum: float = 0.9

    def init(self, w):
        return {"v": 0 * w}

    def step(self, w, g, state, lr=None):
        return w - g, state
"""


@pytest.fixture
def lab():
    return copy.deepcopy(assignment.pristine())


def cell_of(lab, name):
    return next(c for c in lab.cells if assignment.mark_of(c).get("grade_id") == name)


def handed_in(lab, folder):
    """Return what `parse` makes of the notebook."""
    path = folder / "lab.ipynb"
    path.write_text(nbformat.writes(lab), encoding="utf-8")
    return parse(path.read_bytes())


# ---------------------------------------------------------------------------------- reading a file


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty"),
        (b"%PDF-1.4", "can't be read as JSON"),
        (b"\xff\xfe\x00", "can't be read as JSON"),
        (b"[" * 100_000, "can't be read as JSON"),
        (b"[]", "not a notebook"),
        (b'{"worksheets": []}', "not the MNIST lab"),
        (b'{"cells": 3}', "not a notebook: it has no cells"),
        (b'{"cells": []}', "not the MNIST lab"),
        (b'{"cells": [{"cell_type": "code", "source": "print(1)"}]}', "not the MNIST lab"),
    ],
)
def test_a_file_that_is_not_the_lab_is_told_what_it_is(tmp_path, content, words):
    path = tmp_path / "lab.ipynb"
    path.write_bytes(content)
    with pytest.raises(AssignmentError, match=words):
        parse(path.read_bytes())


def test_another_lecture_of_the_course_is_not_the_lab():
    with pytest.raises(AssignmentError, match="not the MNIST lab"):
        parse(assignment.RELEASED.with_name("01_gradient_basics.ipynb").read_bytes())


def test_a_file_of_many_megabytes_is_not_read(tmp_path):
    path = tmp_path / "lab.ipynb"
    with path.open("wb") as file:
        file.truncate(assignment.LARGEST + 1)
    with pytest.raises(AssignmentError, match="more than 20 MB"):
        parse(path.read_bytes())


def test_more_code_than_anybody_writes_is_not_parsed(tmp_path, lab):
    """A parsed statement takes a thousand bytes, and where it is parsed nothing limits that."""
    cell_of(lab, "update_rule").source = "1\n" * 200_000
    with pytest.raises(AssignmentError, match=r"holds 0\.4 MB of code; at most 0\.3 are read"):
        handed_in(lab, tmp_path)


def test_code_that_is_deep_but_can_be_parsed_is_an_answer_like_others(tmp_path, lab):
    source = "x = " + "+".join("1" * 900)
    cell_of(lab, "own_code").source = source
    assert answers(handed_in(lab, tmp_path)).sources["own_code"] == source


def test_what_other_programs_write_is_read_as_well(lab):
    source = cell_of(lab, "update_rule").source = "class MyRule:\n    step = print"
    text = nbformat.writes(lab)
    old = {"cell_type": "code", "input": source, "metadata": {}, "language": "python"}
    third = {"nbformat": 3, "worksheets": [{"cells": [old]}]}
    for content in (
        text.encode("utf-16"),
        text.encode("utf-8-sig"),
        json.dumps(third).encode(),
    ):
        assert answers(parse(content)).sources["update_rule"] == source


@pytest.mark.parametrize(
    "cell",
    [
        {"cell_type": "code", "source": None},
        {"cell_type": "code", "source": [1, 2]},
        {"cell_type": "code", "metadata": [], "source": "x"},
        {"cell_type": "code", "metadata": {"nbgrader": 3}, "source": "x"},
        {"cell_type": "code", "metadata": {"nbgrader": {"grade_id": ["a"]}}, "source": "x"},
        {"cell_type": ["code"], "source": "x"},
        {"cell_type": "raw", "source": "x", "id": 7},
        {"cell_type": "code", "source": "x\x00", "id": 7},
        {"cell_type": "code", "source": "(" * 10_000},
        "no cell",
        None,
    ],
)
def test_a_cell_of_any_form_does_not_keep_the_others_from_being_read(tmp_path, lab, cell):
    content = json.loads(nbformat.writes(lab))
    content["cells"].insert(3, cell)
    path = tmp_path / "lab.ipynb"
    path.write_text(json.dumps(content), encoding="utf-8")
    assert answers(parse(path.read_bytes())) == answers(handed_in(lab, tmp_path))


def test_names_and_texts_in_any_script_are_read(tmp_path, lab):
    cell_of(lab, "comparison").source = "Моё сравнение · 比較 · 🙂"
    path = tmp_path / "працa моя.ipynb"
    path.write_text(nbformat.writes(lab), encoding="utf-8-sig")
    assert answers(parse(path.read_bytes())).sources["comparison"] == "Моё сравнение · 比較 · 🙂"


# ------------------------------------------------------------------------------ finding the answers


def test_the_released_notebook_itself_answers_nothing(tmp_path, lab):
    found = answers(handed_in(lab, tmp_path))
    assert list(found.sources) == [OWN_CODE, *IDS]
    assert all(is_blank(name, source) for name, source in found.sources.items())
    assert found.notes == []


def test_an_answer_is_found_by_its_mark(tmp_path, lab):
    cell_of(lab, "update_rule").source = RULE
    cell_of(lab, "update_rule").id = "another-id"
    found = answers(handed_in(lab, tmp_path))
    assert found.sources["update_rule"] == RULE
    assert found.notes == []


def test_an_answer_without_its_mark_is_found_by_the_cells_own_name(tmp_path, lab):
    cell = cell_of(lab, "update_rule")
    cell.source, cell.metadata = RULE, {}
    assert answers(handed_in(lab, tmp_path)).sources["update_rule"] == RULE


def test_an_answer_with_neither_is_found_by_what_it_defines(tmp_path, lab):
    cell = cell_of(lab, "update_rule")
    cell.source, cell.metadata, cell.id = RULE, {}, "mine"
    found = answers(handed_in(lab, tmp_path))
    assert found.sources["update_rule"] == RULE
    assert "found in a cell of its own" in found.notes[0]


def test_an_answer_written_into_a_new_cell_is_found(tmp_path, lab):
    place = lab.cells.index(cell_of(lab, "update_rule"))
    lab.cells.insert(place + 1, nbformat.v4.new_code_cell(RULE))
    found = answers(handed_in(lab, tmp_path))
    assert found.sources["update_rule"] == RULE
    assert "found in a cell of its own" in found.notes[0]


def test_a_renamed_answer_cell_counts_where_its_own_name_is_left(tmp_path, lab):
    cell = cell_of(lab, "update_rule")
    cell.source = RULE
    cell.metadata.nbgrader.grade_id = "renamed"
    assert answers(handed_in(lab, tmp_path)).sources["update_rule"] == RULE


def test_a_deleted_answer_is_missing_and_the_others_are_not(tmp_path, lab):
    cell_of(lab, "training_loop").source = "def one_epoch(network, optimizer, batches): return []"
    lab.cells.remove(cell_of(lab, "update_rule"))
    found = answers(handed_in(lab, tmp_path))
    assert found.sources["update_rule"] is None
    assert not is_blank("training_loop", found.sources["training_loop"])
    assert "“Task 1 · Fill in an update rule” is missing" in found.notes[0]


def test_of_two_copies_the_cell_that_came_with_the_notebook_counts(tmp_path, lab):
    original = cell_of(lab, "update_rule")
    pasted = copy.deepcopy(original)
    pasted.id, pasted.source = "pasted", RULE.replace("w - g", "w + g")
    original.source = RULE
    lab.cells.insert(0, pasted)
    found = answers(handed_in(lab, tmp_path))
    assert found.sources["update_rule"] == RULE
    assert "There are 2 cells with an answer" in found.notes[0]


def test_a_filled_copy_counts_before_a_blank_original(tmp_path, lab):
    pasted = copy.deepcopy(cell_of(lab, "update_rule"))
    pasted.id, pasted.source = "pasted", RULE
    lab.cells.append(pasted)
    found = answers(handed_in(lab, tmp_path))
    assert found.sources["update_rule"] == RULE
    assert found.notes == []


def test_the_order_of_the_cells_makes_no_difference(tmp_path, lab):
    cell_of(lab, "update_rule").source = RULE
    before = transplant(answers(handed_in(lab, tmp_path)).sources)
    lab.cells.reverse()
    found = answers(handed_in(lab, tmp_path))
    assert transplant(found.sources) == before
    assert found.notes == []


def test_points_edited_in_the_metadata_make_no_difference(tmp_path, lab):
    before = answers(handed_in(lab, tmp_path))
    for name in ("update_rule_check", "comparison"):
        cell_of(lab, name).metadata.nbgrader.points = 1000
    assert answers(handed_in(lab, tmp_path)) == before
    assert [q.points for q in QUESTIONS] == [15, 20, 25, 12, 8, 20, 10]


# -------------------------------------------------------------------------------- the cells to run


def test_only_answers_and_the_cells_they_build_on_are_run(tmp_path, lab):
    for cell in lab.cells:
        if cell.cell_type == "code":
            cell.source = "raise SystemExit"
    cell_of(lab, "update_rule").source = RULE
    found = answers(handed_in(lab, tmp_path))
    cells = dict(transplant(found.sources))
    assert set(cells) == {"given", "setup", "network", OWN_CODE, *IDS} - {"comparison"}
    for name in ("setup", "network"):
        assert cells[name] == cell_of(assignment.pristine(), name).source
    assert cells["update_rule"] == RULE
    assert [note for note in found.notes if "was changed" in note] == [
        "The cell `setup` was changed. It was graded with the original.",
        "The cell `network` was changed. It was graded with the original.",
    ]


def test_the_cells_are_run_in_the_order_of_the_notebook_and_own_code_before_the_tasks():
    filled = dict.fromkeys([OWN_CODE, *IDS], "x = 1")
    names = [name for name, _ in transplant(filled)]
    auto = [question.id for question in QUESTIONS if question.kind == "auto"]
    assert names == ["given", "setup", "network", OWN_CODE, *auto]


def test_blank_answers_are_not_run_at_all():
    assert [name for name, _ in transplant({})] == ["given", "setup", "network"]


def test_what_the_checks_allow_answers_to_use_is_what_those_cells_provide():
    from course_lib.lab import mnist_lab

    provided = set()
    for _, source in transplant({}):
        for part in ast.parse(source).body:
            if isinstance(part, (ast.Import, ast.ImportFrom)):
                provided |= {each.asname or each.name for each in part.names}
            elif isinstance(part, ast.FunctionDef):
                provided.add(part.name)
            else:
                provided |= {target.id for target in part.targets}
    assert provided == mnist_lab.PROVIDED


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        ("%time x = 1", "x = 1"),
        ("%timeit -n 10 f(1)", "f(1)"),
        ("files = !ls\nx = 1", "files = []\nx = 1"),
        ("%%bash\nrm -r x; ls -l", "pass"),
        ("await f()", "await f()"),
        ("%%time\nx = 1", "pass\nx = 1"),
        ("!pip install x\nx = 1", "pass\nx = 1"),
        ("if True:\n    %matplotlib inline\nx = 1", "if True:\n    pass\nx = 1"),
        ("fit?\nx = 1", "pass\nx = 1"),
        ('text = """\n%d of 3\n"""', 'text = """\n%d of 3\n"""'),
        ("x = 7\\\n  %3", "x = 7\\\n  %3"),
        ("x = (", "x = ("),
    ],
)
def test_lines_that_only_a_notebook_understands_do_nothing(source, plain):
    assert dict(transplant({"update_rule": source}))["update_rule"] == plain


# ------------------------------------------------------------------------------------ blank or not


@pytest.mark.parametrize("name", IDS)
def test_nothing_spaces_and_the_template_are_blank(name):
    template = cell_of(assignment.pristine(), name).source
    for source in (None, "", " \n\n", template, "\n" + template + "  \n"):
        assert is_blank(name, source)


@pytest.mark.parametrize("name", [question.id for question in QUESTIONS if question.kind == "auto"])
def test_comments_and_the_stub_of_nbgrader_are_blank_and_code_is_not(name):
    template = cell_of(assignment.pristine(), name).source
    indent = next(line for line in template.splitlines() if line.strip() == "...")
    indent = indent[: len(indent) - 3]
    stub = template.replace(
        f"{indent}...", f"{indent}# YOUR CODE HERE\n{indent}raise NotImplementedError()"
    )
    assert is_blank(name, stub)
    assert is_blank(name, "# what shall I do here?\n" + template)
    assert not is_blank(name, template.replace(f"{indent}...", f"{indent}x = 1"))
    assert not is_blank(name, template.replace("...", "", 1).rstrip() + "(")


def test_the_written_answer_is_blank_until_it_says_something():
    assert is_blank("comparison", "YOUR ANSWER HERE")
    assert is_blank("comparison", "*Your  comparison goes\nhere.*")
    assert not is_blank("comparison", "Adam wins.")


def test_a_written_answer_is_never_lost(lab):
    """It may stand below, at the end, or in a cell that was turned into another kind."""
    for kind in ("code", "raw"):
        turned = copy.deepcopy(lab)
        cell = cell_of(turned, "comparison")
        cell.cell_type, cell.source = kind, "Adam wins here."
        found = answers(parse(json.dumps(turned).encode()))
        assert found.sources["comparison"] == "Adam wins here."
        assert any("another kind" in note for note in found.notes)
    for place in ("below", "at the end"):
        more = copy.deepcopy(lab)
        where = more.cells.index(cell_of(more, "comparison")) + 1
        where = where if place == "below" else len(more.cells)
        more.cells.insert(where, nbformat.v4.new_markdown_cell("Adam wins here."))
        found = answers(parse(nbformat.writes(more).encode()))
        assert found.sources["comparison"] == "Adam wins here."
        assert any("new cells" in note for note in found.notes)


def test_the_text_of_the_lab_is_no_answer_where_an_editor_drops_the_ids(lab):
    for cell in lab.cells:
        cell.id = "the same for all"
    cell_of(lab, "comparison").source = "Adam wins here."
    assert answers(parse(json.dumps(lab).encode())).sources["comparison"] == "Adam wins here."


def dropped(cell):
    cell["metadata"] = {"trusted": True, "_uuid": "d629ff2d"}


def renamed(cell):
    cell["metadata"] = {"cell_id": "abc", "deepnote_cell_type": cell["cell_type"]}
    cell["id"] = "the same for all"


def broken_lines(cell):
    cell["metadata"] = None
    cell["source"] = "".join(cell["source"]).replace("\n", "\r\n")


@pytest.mark.parametrize("editor", [dropped, renamed, broken_lines])
def test_nothing_is_lost_where_an_editor_drops_all_marks(lab, editor):
    """Kaggle, Deepnote, Colab and others keep neither nbgrader's marks nor the cells' ids."""
    cell_of(lab, "comparison").source = "Adam, by far. Both rates were tuned."
    cell_of(lab, "sweep").source = "def sweep(make, *rest):\n    return 1\n"
    cell_of(lab, "training_loop").source = "def one_epoch(network:\n"
    place = lab.cells.index(cell_of(lab, "comparison")) + 1
    lab.cells.insert(place, nbformat.v4.new_markdown_cell("Over three seeds."))
    kept = answers(parse(nbformat.writes(lab).encode()))
    made = json.loads(nbformat.writes(lab))
    for cell in made["cells"]:
        cell.pop("id")
        editor(cell)
    found = answers(parse(json.dumps(made).encode("utf-8-sig")))
    plain = {key: text.replace("\r\n", "\n").strip() for key, text in found.sources.items() if text}
    assert plain == {key: text.strip() for key, text in kept.sources.items() if text}
    assert found.notes == kept.notes
    assert [each.name for each in found.pieces] == ["training_loop", "sweep"]


def test_more_cells_than_anybody_writes_are_not_compared_with_the_labs(lab, monkeypatch):
    """A hundred thousand of them would take minutes."""
    monkeypatch.setattr(assignment, "SequenceMatcher", None)
    cells = [{"cell_type": "markdown", "source": ""}] * (20 * len(lab.cells))
    cells += [{"cell_type": "code", "source": "def sweep(): return 1"}]
    found = answers(parse(json.dumps({"cells": cells}).encode()))
    assert found.sources["sweep"] == "def sweep(): return 1"


def test_a_table_of_the_answers_is_no_answer(lab):
    """Only the longest answers are left out, and told so; no letter of any script holds more."""
    cell_of(lab, "update_rule").source = RULE
    for letter, count in (("0", assignment.MOST_ANSWERS), ("比", assignment.MOST_ANSWERS // 3)):
        cell_of(lab, "own_code").source = f"table = {letter * count!r}"
        found = answers(parse(nbformat.writes(lab).encode()))
        assert list(found.too_long) == ["own_code"]
        assert "take tables out" in found.too_long["own_code"]
        assert [piece.name for piece in found.pieces] == ["own_code", "update_rule"]


def test_a_notebook_without_ids_has_no_new_text(lab):
    """Older programs drop the ids of cells; the lab's own text is nobody's answer."""
    for cell in lab.cells:
        cell.pop("id", None)
    lab.nbformat_minor = 4
    found = answers(parse(nbformat.writes(lab).encode()))
    assert found.notes == []
    assert is_blank("comparison", found.sources["comparison"])


# ------------------------------------------------------------------- what the notebook runs, is run


def new(lab, name, source):
    """Put a new cell right below the answer cell of this name, or with "check", below its check."""
    lab.cells.insert(lab.cells.index(cell_of(lab, name)) + 1, nbformat.v4.new_code_cell(source))


def pieces_of(lab):
    found = answers(parse(nbformat.writes(lab).encode()))
    return found, [(piece.name, piece.source) for piece in found.pieces]


def test_every_cell_that_begins_as_the_own_code_is_run(lab):
    cell_of(lab, "update_rule").source = RULE
    second = "# Your own imports and functions\nclass Mine(MyRule): pass"
    new(lab, "update_rule", second)
    cell_of(lab, "own_code").source = "import math"
    found, pieces = pieces_of(lab)
    assert pieces == [("own_code", "import math"), ("update_rule", RULE), ("own_code 2", second)]
    assert found.notes == []


def test_both_parts_of_a_cell_that_was_split_are_run(lab):
    cell = cell_of(lab, "update_rule")
    place, cell.source = lab.cells.index(cell) + 1, "def double(v):\n    return 2 * v"
    other = copy.deepcopy(cell)
    other.id, other.source = "the-other-half", RULE
    lab.cells.insert(place, other)
    found, pieces = pieces_of(lab)
    assert pieces == [("update_rule", cell.source), ("update_rule 2", RULE)]
    assert found.sources["update_rule"] == RULE
    assert found.notes == []


def test_a_later_definition_counts_as_in_the_notebook(lab):
    """Also after an original that is half finished, in a cell of its own or one for another."""
    half = RULE.replace("return w - g, state", "return (w -")
    cell_of(lab, "update_rule").source = half
    new(lab, "update_rule", RULE)
    found, pieces = pieces_of(lab)
    assert pieces == [("update_rule", half), ("update_rule 2", RULE)]
    assert found.sources["update_rule"] == RULE
    assert found.pieces[1].later == frozenset()

    loop = "def one_epoch(*given):\n    return []\n\n\n" + RULE
    cell_of(lab, "training_loop").source = loop
    found, pieces = pieces_of(lab)
    assert pieces[-1] == ("training_loop", loop)
    assert found.sources["update_rule"] == found.sources["training_loop"] == loop


def test_a_definition_below_the_check_is_marked_as_one_that_the_check_has_not_seen(lab):
    cell_of(lab, "update_rule").source = RULE
    new(lab, "update_rule_check", RULE.replace("w - g", "w + g"))
    found, _ = pieces_of(lab)
    assert [piece.later for piece in found.pieces] == [frozenset(), {"update_rule"}]


@pytest.mark.parametrize("source", ["one_epoch = print", "async def f(): ...\none_epoch = f"])
def test_what_binds_the_name_in_any_way_is_an_answer(lab, source):
    new(lab, "training_loop", source)
    assert answers(parse(nbformat.writes(lab).encode())).sources["training_loop"] == source


# ----------------------------------------------------------------------------------------- the seal


def test_a_solution_filled_into_the_released_notebook_is_refused_and_outputs_are_not(
    lab, tmp_path, monkeypatch
):
    copied = tmp_path / "notebooks" / assignment.NAME
    copied.parent.mkdir()
    monkeypatch.setattr(assignment, "ROOT", tmp_path)
    monkeypatch.setattr(assignment, "SOURCE", tmp_path / "source.ipynb")
    monkeypatch.setattr(assignment, "RELEASED", copied)
    cell_of(lab, "setup").outputs = [nbformat.v4.new_output("stream", text="hello")]
    next(cell for cell in lab.cells if cell.cell_type == "markdown").source = "Other prose."
    nbformat.write(lab, copied)
    assignment._forget()
    assert assignment.pristine()
    cell_of(lab, "sweep").source = "def sweep(): return 1"
    lab.cells.remove(cell_of(lab, "reach_90_check"))
    nbformat.write(lab, copied)
    assignment._forget()
    try:
        with pytest.raises(assignment.SealError, match=r"Changed: reach_90_check, sweep\. Nothing"):
            assignment.pristine()
    finally:
        assignment._forget()
