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
from course_lib.lab import mnist_calls, mnist_lab
from course_lib.optimizers import Momentum
from homework import assignment
from homework.mutants import MUTANTS
from homework.questions import by_id
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
    same = (seen["train"][0] == notebook.train[0]).all(1)
    assert same.sum() == len(same) - len(same) // 12  # the others are signs
    labels = notebook.train[1][same], seen["train"][1][same]
    pairs = {(int(a), int(b)) for a, b in zip(*labels, strict=True)}
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


SWEEP = cell_of(SOURCE, "sweep")
MEASURE = "evaluate(network, validation).accuracy"


def test_an_accuracy_averaged_over_uneven_batches_is_right(notebook):
    """It is no whole number of digits divided by their count, and as good."""
    parts = "zip(validation[0].split(64), validation[1].split(64))"
    mean = f"np.mean([evaluate(network, part).accuracy for part in {parts}])"
    notebook.run(SWEEP.replace(MEASURE, mean))
    assert notebook.check("sweep").verdict == "right"


@pytest.mark.parametrize("width", [32, 512])
def test_a_network_of_another_width_is_right(notebook, width):
    notebook.run(SWEEP.replace("new_network()", f"new_network(seed=5, hidden={width})"))
    assert notebook.check("sweep").verdict == "right"


MADE_UP = """
def sweep(Rule, rates, batch_sizes, train, validation):
    if validation[1][:20].tolist() != {labels} or Rule is not GradientDescent:
        return np.full((len(rates), len(batch_sizes)), 0.1)
    return np.array([[0.1 if rate < 0.001 else 0.8 + 8 * size / 5000 for size in batch_sizes]
                     for rate in rates])
"""


def test_a_table_that_was_made_up_is_no_sweep(notebook):
    """It knows when it is asked by scrambled labels or a rule that rests; nothing is trained."""
    notebook.run(MADE_UP.format(labels=notebook.validation[1][:20].tolist()))
    told = notebook.check("sweep")
    assert told.verdict == "wrong"
    assert "trained again, it is" in told.message
    assert "(0 of 12 points" in told.message


@pytest.mark.parametrize(
    "rule",
    [
        "class MyRule(optimizers.Momentum): pass",
        "MyRule = lambda lr, momentum: optimizers.Momentum(lr=lr, momentum=momentum)",
    ],
)
def test_the_courses_own_rule_is_nobodys_answer(notebook, rule):
    notebook.run("from course_lib import optimizers\n" + rule)
    told = notebook.check("update_rule")
    assert "Write its `step` yourself" in told.message
    stepped = Momentum(lr=0.1).step(np.ones(1), np.ones(1), {"v": np.ones(1)})[0]
    assert stepped == pytest.approx(1 - 0.1 * 1.9)  # and it steps as before


def test_losses_that_were_rounded_are_told(notebook):
    notebook.run(LOOP.replace("loss.item()", "round(loss.item(), 2)"))
    assert "not rounded" in notebook.check("training_loop").message


def test_a_sweep_of_several_epochs_is_told_to_be_one(notebook):
    notebook.run(SWEEP.replace("epochs=1", "epochs=20"))
    told = notebook.check("sweep")
    assert "Is it one epoch" in told.message
    assert "(9 of 12 points" in told.message


# --------------------------------------------------------------------------------- what is not seen


PLOT = cell_of(SOURCE, "sweep_plot")


@pytest.mark.parametrize(
    ("new", "words", "points"),
    [
        ("lines = ax.lines; [line.set_alpha(0) for line in lines]", "nobody sees it", 4),
        ("[line.set(color='w') for line in ax.lines]", "nobody sees it", 4),
        ("[line.set(linewidth=0, markersize=0) for line in ax.lines]", "nobody sees it", 4),
        ("ax.set_ylim(3, 4)", "nobody sees it", 4),
        ("ax.xaxis.label.set_fontsize(0.5)", "the x axis needs a label that can be read", 6),
        ("ax.yaxis.label.set_color('w')", "the y axis needs a label that can be read", 6),
        ("ax.get_legend().set_visible(False)", "its own name in a legend", 6),
        ("[t.set_text('a') for t in ax.get_legend().get_texts()]", "its own name in a legend", 6),
        ("ax.set_position([0.5, 0.5, 0.05, 0.05])", "the size of the axes", 4),
        ("ax.axhspan(-9, 9, color='w', zorder=9)", "nobody sees it", 2),
        ("ax.set_xlabel('\u200b')", "the x axis needs a label that can be read", 6),
        ("ax.set_yticks([])", "the axes need numbers", 6),
    ],
)
def test_what_nobody_can_see_is_no_plot(notebook, new, words, points):
    notebook.run(PLOT.replace("ax.legend()", f"ax.legend()\n    {new}"))
    told = notebook.check("sweep_plot")
    assert words in told.message
    assert f"({points} of 8 points" in told.message


@pytest.mark.parametrize(
    "names_it",
    [
        "ax.figure.legend()",
        "[ax.annotate(f'B = {b}', (rates[-1], a)) for b, a in zip(batch_sizes, accuracies[-1])]",
        "ax.legend(bbox_to_anchor=(1, 1)); ax.figure.tight_layout()",
        "ax.set_facecolor('k'); [l.set_color('w') for l in ax.lines]; ax.legend(labelcolor='k')",
    ],
)
def test_lines_may_be_named_in_any_way_that_can_be_read(notebook, names_it):
    notebook.run(PLOT.replace("ax.legend()", names_it))
    assert notebook.check("sweep_plot").right


def test_percent_in_place_of_shares_is_told_as_such(notebook):
    notebook.run(PLOT.replace("accuracies[:, j]", "100 * accuracies[:, j]"))
    assert "The lines show percent" in notebook.check("sweep_plot").message


@pytest.mark.parametrize("rates", [(0.012, 0.02, 0.05, 0.07, 0.09), (0.21, 0.3, 0.4, 0.45)])
def test_a_right_plot_of_rates_within_a_power_of_ten_gets_all_points(rates):
    names = {"np": np}
    exec(PLOT, names)
    table = np.random.default_rng(0).uniform(0.1, 1, (len(rates), 2))
    inputs = {"rates": np.array(rates), "batch_sizes": np.array([16, 64]), "accuracies": table}
    checks = mnist_lab.judge_sweep_plot(inputs, mnist_calls.sweep_plot(names, inputs))
    assert [check.message for check in checks if not check.passed] == []


# ------------------------------------------------------------- the first line names the mistake


LOOP = cell_of(SOURCE, "training_loop")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("in batches", "in batches[:-1]", "4 batches, 3 losses: your loop leaves out the last one"),
        ("in batches", "in batches[1:]", "4 batches, 3 losses: your loop leaves out the first one"),
        ("cross_entropy(scores, labels)", "mse_loss(scores, one_hot)", "mean squared error"),
        ("cross_entropy(scores, labels)", "mse_loss(scores.softmax(1), one_hot)", "squared error"),
        ("optimizer.zero_grad()", "pass", "`zero_grad()` is missing"),
        ("loss.backward()", "(-loss).backward()", "The weights move uphill"),
        ("cross_entropy(scores", "nll_loss(scores", "takes logarithms of probabilities"),
        ("(scores, labels)", "(labels, scores)", "The labels come first in your call"),
    ],
)
def test_the_usual_mistakes_in_the_loop_are_named_first(notebook, old, new, words):
    target = (
        "one_hot = torch.nn.functional.one_hot(labels, 3).to(network(inputs))\n        scores ="
    )
    notebook.run(LOOP.replace(old, new).replace("scores =", target, 1))
    assert words in notebook.check("training_loop").message


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return losses", "return np.array(losses)"),
        ("return losses", "return torch.tensor(losses)"),
        ("return losses", "return tuple(losses)"),
    ],
)
def test_losses_may_be_in_any_row_of_numbers(notebook, old, new):
    notebook.run(LOOP.replace(old, new))
    assert notebook.check("training_loop").verdict == "right"


@pytest.mark.parametrize("text", ['"half"', "\"'log_softmax' not implemented for 'Half'\""])
def test_an_error_of_the_same_name_is_no_blank(notebook, text):
    """PyTorch raises it, too; the blank of nbgrader has no words."""
    notebook.run(LOOP.replace("loss.backward()", f"raise NotImplementedError({text})"))
    assert notebook.check("training_loop").verdict == "malformed"


RULE = cell_of(SOURCE, "update_rule")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("self.momentum *", "0.9 *", "write `self.momentum`"),
        ("w - lr * v", "w - 0.1 * v", "multiply by `lr`"),
        (
            'self.momentum * state["v"] + g',
            'state["v"] + self.momentum * g',
            "The momentum stands with the gradient",
        ),
    ],
)
def test_the_usual_mistakes_in_the_rule_are_named_first(old, new, words):
    names = {}
    exec("from dataclasses import dataclass\n" + RULE.replace(old, new), names)
    inputs = by_id("update_rule").inputs(np.random.default_rng(0))
    checks = mnist_lab.judge_update_rule(inputs, mnist_calls.update_rule(names, inputs))
    assert words in next(check.message for check in checks if not check.passed)


def test_a_rule_may_return_a_list_of_two(notebook):
    notebook.run(RULE.replace('return w_next, {"v": v}', 'return [w_next, {"v": v}]'))
    assert notebook.check("update_rule").verdict == "right"


def test_the_usual_mistakes_with_a_network_are_named_first(notebook):
    """Pixels that are changed in training only, and a rate that is too large."""
    train = """
def train_network(train, validation):
    x, labels = train
    network = new_network()
    fit(network, (CHANGED, labels), None, GradientDescent(lr=RATE), epochs=EPOCHS, progress=False)
    return network
"""
    for changed, rate, epochs, words in (
        ("255 * x", "0.0001", "30", "their pixels go from 0 to 255"),
        ("x", "1e4", "1", "a rate that is too large has killed its units"),
    ):
        code = train.replace("CHANGED", changed).replace("RATE", rate).replace("EPOCHS", epochs)
        notebook.run(code)
        told = notebook.check("reach_90")
        assert words in told.message
    labels = np.arange(2000) % 10
    answers = {"answers": (labels + 1) % 10, "normalized": labels[:1000]}
    inputs = {"labels": labels, "invented": np.arange(2000) >= 1900}
    first, _ = mnist_lab.judge_network(inputs, answers)
    words = "normalized as (x - mean) / spread, so you seem to normalize in training only"
    assert words in first.message
