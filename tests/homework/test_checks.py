"""What a student is told at once, in the notebook: not attempted, wrong and why, or right.

The cells of the source notebook are run here in a real IPython, one after the other, as a reader
does; the digits are the small ones.
"""

from __future__ import annotations

import nbformat
import numpy as np
import pytest

pytest.importorskip("torch")

from IPython.core.interactiveshell import InteractiveShell

from course_lib.data import load_small_digits
from course_lib.lab import mnist_lab
from homework import assignment
from homework.mutants import MUTANTS
from homework.release import student_version

CHECKS = {
    "update_rule": ("MyRule", mnist_lab.check_update_rule),
    "training_loop": ("one_epoch", mnist_lab.check_training_loop),
    "reach_90": ("train_network", mnist_lab.check_network),
    "sweep": ("sweep", mnist_lab.check_sweep),
    "sweep_plot": ("plot_sweep", mnist_lab.check_sweep_plot),
    "stretch": ("stretch_network", mnist_lab.check_stretch),
}
DATA = ("reach_90", "sweep", "stretch")
SOURCE = nbformat.read(assignment.SOURCE, as_version=4)
BLANK = student_version(SOURCE)


def cell_of(book, name):
    return next(c.source for c in book.cells if assignment.mark_of(c).get("grade_id") == name)


class Notebook:
    """A kernel: the cells that answers build on have run."""

    def __init__(self):
        self.shell = InteractiveShell()
        digits = load_small_digits()
        half = len(digits.train) // 2
        self.train, self.validation = digits.train[:half].tensors(), digits.train[half:].tensors()
        for name in ("setup", "network"):
            self.run(cell_of(SOURCE, name))
        self.run("pixels = 64")
        self.kept = dict(self.shell.user_ns)

    def restart(self):
        """Forget what was run since, the sources of the cells as well."""
        self.shell.user_ns.clear()
        self.shell.user_ns.update(self.kept)
        del self.shell.user_ns["In"][4:]

    def run(self, source):
        self.shell.run_cell(source, store_history=True, silent=False).raise_error()

    def check(self, question):
        name, check = CHECKS[question]
        data = (self.train, self.validation) if question in DATA else ()
        return check(self.shell.user_ns[name], *data)


@pytest.fixture(scope="module")
def kernel():
    return Notebook()


@pytest.fixture
def notebook(kernel):
    yield kernel
    kernel.restart()


@pytest.mark.parametrize("question", CHECKS)
@pytest.mark.parametrize("stub", ["...", "# YOUR CODE HERE\n        raise NotImplementedError()"])
def test_what_is_blank_is_not_attempted(notebook, question, stub):
    source = cell_of(BLANK, question)
    lines = source.splitlines()
    place = next(i for i, line in enumerate(lines) if line.strip() == "...")
    indent = lines[place][:-3]
    lines[place] = indent + stub.replace("\n        ", "\n" + indent)
    notebook.run("\n".join(lines))
    told = notebook.check(question)
    name, _ = CHECKS[question]
    assert repr(told) == (
        f"Not attempted. Fill in the `...` of `{name}`, run its cell, then run this one again."
    )


@pytest.mark.parametrize("question", [name for name in CHECKS if name != "stretch"])
def test_the_reference_solution_is_right(notebook, question):
    notebook.run(cell_of(SOURCE, "own_code"))
    notebook.run(cell_of(SOURCE, question))
    told = notebook.check(question)
    assert told.verdict == "right", told
    assert "points here" in told.message


@pytest.mark.parametrize(
    "mutant",
    [mutant for mutant in MUTANTS if mutant.question not in ("reach_90", "stretch")],
    ids=lambda mutant: f"{mutant.question}: {mutant.mistake}",
)
def test_a_known_mistake_is_named_at_once(notebook, mutant):
    right = cell_of(SOURCE, mutant.question)
    region = right.replace("### BEGIN SOLUTION", "").replace("### END SOLUTION", "")
    notebook.run(region.replace(mutant.old, mutant.new))
    told = notebook.check(mutant.question)
    assert told.verdict == "wrong"
    assert mutant.says in told.message


def test_a_line_that_fails_is_shown_with_its_error(notebook):
    notebook.run(cell_of(BLANK, "update_rule").replace("...", 'return w[7], {"v": g}'))
    told = notebook.check("update_rule")
    assert told.verdict == "malformed"
    assert "Your code stops with IndexError" in told.message
    assert 'in the line `return w[7], {"v": g}`' in told.message


def test_a_loop_that_is_stopped_by_hand_is_asked_whether_it_ends(notebook):
    notebook.run(cell_of(BLANK, "training_loop").replace("...", "raise KeyboardInterrupt"))
    assert "Does its loop end?" in notebook.check("training_loop").message


def test_what_is_left_of_an_answer_of_another_form_is_no_check(notebook):
    for question in CHECKS:
        for value in (3, "text", np.ones(3), object()):
            notebook.shell.user_ns[CHECKS[question][0]] = value
            told = notebook.check(question)
            assert told.verdict == "malformed"
            assert 10 < len(repr(told)) < 500


# ------------------------------------------------------------- names that the grader will not have


HELPER = "def twice(v):\n    return 2 * v"
USES_HELPER = cell_of(BLANK, "update_rule").replace("...", 'return w - twice(g), {"v": g}')


def test_a_function_from_another_cell_is_noticed_before_it_costs_points(notebook):
    notebook.run(HELPER)
    notebook.run(USES_HELPER)
    told = notebook.check("update_rule")
    assert told.verdict == "malformed"
    assert "Your code uses `twice`, which stands in another cell" in told.message


@pytest.mark.parametrize("where", ["own cell", "answer cell", "another answer cell"])
def test_a_function_in_a_cell_that_is_graded_may_be_used(notebook, where):
    if where == "own cell":
        notebook.run(cell_of(BLANK, "own_code").replace("...", HELPER))
        notebook.run(USES_HELPER)
    elif where == "answer cell":
        notebook.run(HELPER + "\n\n\n" + USES_HELPER)
    else:
        notebook.run(cell_of(BLANK, "training_loop") + "\n\n\n" + HELPER)
        notebook.run(USES_HELPER)
    assert notebook.check("update_rule").verdict == "wrong"


@pytest.mark.parametrize(
    ("other", "use", "name"),
    [
        ("import math", "math.sqrt(4)", "math"),
        ("x = 3", "x + 0", "x"),
        ("batch, other = 1, 2", "[other for i in range(3)][0]", "other"),
    ],
)
def test_a_module_and_a_value_from_another_cell_are_noticed(notebook, other, use, name):
    body = f'return w - {use} * g, {{"v": g}}'
    notebook.run(other)
    notebook.run(cell_of(BLANK, "update_rule").replace("...", body))
    assert f"Your code uses `{name}`, which stands" in notebook.check("update_rule").message


def test_a_stray_name_deep_within_helpers_is_noticed(notebook):
    notebook.run("step_size = 2")
    inner = HELPER.replace("2 * v", "step_size * v")
    notebook.run(cell_of(BLANK, "own_code").replace("...", inner))
    notebook.run(USES_HELPER)
    assert "Your code uses `step_size`" in notebook.check("update_rule").message


def test_what_the_lab_provides_is_no_stray(notebook):
    body = 'return np.asarray(w) - 0.1 * torch.tensor(g).numpy(), {"v": new_network and g}'
    notebook.run(cell_of(BLANK, "update_rule").replace("...", body))
    assert notebook.check("update_rule").verdict == "wrong"


# ----------------------------------------------------------------------- the network of task 3


def test_a_network_is_measured_on_digits_it_was_not_given_under_other_names(notebook):
    """The check hands over half of the validation set, and no digit keeps its name."""
    seen = {}

    def train_network(train, validation):
        seen["train"], seen["validation"] = train, validation
        return notebook.shell.user_ns["new_network"]()

    told = mnist_lab.check_network(train_network, notebook.train, notebook.validation)
    assert told.verdict == "wrong"
    assert "guessing" in told.message
    assert len(seen["validation"][0]) == len(notebook.validation[0]) // 2
    assert np.array_equal(seen["train"][0], notebook.train[0])
    pairs = {(int(a), int(b)) for a, b in zip(notebook.train[1], seen["train"][1], strict=True)}
    assert len(pairs) == 10
    assert all(old != new for old, new in pairs)


def test_the_points_that_nbgrader_is_given_are_those_of_the_judge_and_none_for_a_failure():
    inputs = {
        "rates": 10.0 ** np.arange(-2, 1),
        "batch_sizes": np.array([8, 32]),
        "accuracies": np.full((3, 2), 0.5),
    }

    def half(ax, rates, batch_sizes, accuracies):
        ax.plot(rates, accuracies[:, 0])
        ax.set_xscale("log")

    assert mnist_lab.points("sweep_plot", {"plot_sweep": half}, inputs) == 2
    assert mnist_lab.points("sweep_plot", {"plot_sweep": lambda: None}, inputs) == 0
    assert mnist_lab.points("sweep_plot", {}, inputs) == 0


def test_a_table_that_was_made_up_is_no_sweep():
    """Accuracies are whole numbers of digits, and training takes steps."""
    inputs = {
        "y": np.zeros(1280),
        "y_held_out": np.zeros(500),
        "rates": np.array([1e-6, 0.15, 0.25, 0.15]),
        "batch_sizes": np.array([16, 32]),
    }
    table = np.array([[0.1, 0.1], [0.8, 0.75], [0.85, 0.8], [0.8, 0.75]])
    low = np.full((1, 1), 0.1)
    made = {"accuracies": table, "scrambled": low, "frozen": low, "steps": np.array([80])}

    def judged(**changed):
        checks = mnist_lab.judge_sweep(inputs, made | changed)
        failed = [check.message for check in checks if not check.passed]
        return sum(check.points for check in checks if check.passed), failed

    assert judged() == (12, [])
    points, (words, *_) = judged(accuracies=table + 0.0007)
    assert points == 0
    assert "whole number" in words
    points, (words,) = judged(steps=np.array([0]))
    assert points == 9
    assert "Rule(lr=rate)" in words
