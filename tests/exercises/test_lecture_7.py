"""Lecture 7: what it says about backpropagation and training, checked otherwise; its exercises."""

import math
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch

from course_lib.data import load_small_digits
from course_lib.exercises import engine, exercise, lecture_7
from course_lib.gradients import central_difference

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "07_training_loop.ipynb"
CELLS = {
    cell.id: cell.source
    for cell in nbformat.read(NOTEBOOK, as_version=4).cells
    if cell.cell_type == "code"
}


def lecture(*names, **changes):
    """Run cells of the notebook, by name, and return what they define; `changes` edits a cell."""
    scope = {}
    for name in names:
        source = CELLS[name]
        for before, after in changes.get(name.replace("-", "_"), ()):
            assert before in source
            source = source.replace(before, after)
        exec(source, scope)
    return scope


NETWORK = ("setup", "layer-code", "data", "real-code", "loss-code")


@pytest.fixture(scope="module")
def network():
    """The network of section 4 with its hand-written backward pass."""
    return lecture(*NETWORK)


# --------------------------------------------------------------------------------- backpropagation


@pytest.mark.parametrize("b", [0.25, -5.0])
def test_the_gradients_of_one_neuron_are_its_central_differences(b):
    scope = lecture("neuron-code")
    start = {"x1": 2.0, "w1": 0.5, "x2": -1.0, "w2": -1.0, "b": b, "y": 1.0}
    _, gradients = scope["neuron"](**start)

    def loss(numbers):
        return scope["neuron"](**dict(zip(start, numbers, strict=True)))[0]["L"]

    found = central_difference(
        np.vectorize(loss, signature="(n)->()"), np.array(list(start.values())), 1e-5
    )
    assert [gradients[name] for name in start] == pytest.approx(found, abs=1e-8)


def test_behind_a_shut_relu_every_gradient_is_zero():
    _, gradients = lecture("neuron-code")["neuron"](2.0, 0.5, -1.0, -1.0, -5.0, 1.0)
    assert [gradients[name] for name in ("x1", "w1", "x2", "w2", "b", "z")] == [0] * 6
    assert gradients["a"] == -2.0  # before it, from behind, the blame is there


def test_the_backward_pass_by_hand_is_that_of_torch(network):
    w = network["new_parameters"](hidden=8, seed=3)
    X, labels = network["x"][100:120], network["y"][100:120]
    found = network["backward"](w, X, labels, *network["forward"](w, X))
    tensors = {name: torch.tensor(array, requires_grad=True) for name, array in w.items()}
    hidden = torch.relu(torch.tensor(X) @ tensors["W1"] + tensors["b1"])
    scores = hidden @ tensors["W2"] + tensors["b2"]
    torch.nn.functional.cross_entropy(scores, torch.tensor(labels)).backward()
    for name in w:
        np.testing.assert_allclose(found[name], tensors[name].grad, rtol=0, atol=1e-14)


def test_the_gradient_of_the_cross_entropy_is_probability_minus_truth(network):
    scores = torch.tensor([[2.0, -1.0, 0.5], [300.0, 0.0, -300.0]], dtype=torch.float64)
    scores.requires_grad_()
    loss = torch.nn.functional.cross_entropy(scores, torch.tensor([2, 1]), reduction="sum")
    loss.backward()
    p = network["softmax"](scores.detach().numpy())
    np.testing.assert_allclose(p - np.eye(3)[[2, 1]], scores.grad, atol=1e-15)
    labels = np.array([2, 1])
    assert 2 * network["loss_of"](scores.detach().numpy(), labels) == pytest.approx(loss.item())


def test_with_line_e_mended_the_suspicious_pass_is_right_and_no_other_line_is_wrong(network):
    for before, right in (("H >= 0", False), ("Z > 0", True)):
        scope = lecture(*NETWORK, "bug", bug=[("H >= 0", before)])
        w = scope["new_parameters"]()
        X, labels = scope["x"][:64], scope["y"][:64]
        passed = scope["forward"](w, X)
        found, truth = (scope[f](w, X, labels, *passed) for f in ("suspicious", "backward"))
        same = [np.allclose(found[name], truth[name], rtol=0, atol=1e-12) for name in w]
        assert same == [right, right, True, True]


# ---------------------------------------------------------------------------------- initialization


def test_a_relu_halves_the_mean_square_of_a_bell_curve():
    z = np.random.default_rng(0).normal(size=1_000_000)
    assert np.mean(np.maximum(z, 0) ** 2) == pytest.approx(0.5, abs=0.005)


def test_untrained_networks_of_torch_are_right_on_a_tenth_of_the_digits():
    x, y = load_small_digits().test.tensors()
    torch.manual_seed(0)
    right = []
    for _ in range(200):
        model = torch.nn.Sequential(
            torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10)
        )
        right.append((model(x).argmax(1) == y).double().mean().item())
    assert np.mean(right) == pytest.approx(0.1, abs=0.01)
    assert max(right) > 0.13  # a single one can be luckier


@pytest.mark.parametrize("constant", [0.0, 0.1])
def test_neurons_that_start_alike_stay_alike(constant):
    x, y = load_small_digits().train.tensors()
    model = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10))
    for p in model.parameters():
        torch.nn.init.constant_(p, constant)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for _ in range(30):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    kernel = model[0].weight.detach()
    assert (kernel.amax(dim=0) - kernel.amin(dim=0)).max() < 1e-5
    assert constant == 0 or (kernel - constant).abs().max() > 0.01


# -------------------------------------------------------------------------------- the training loop


def test_a_forgotten_zero_grad_turns_descent_on_a_bowl_into_an_undamped_swing():
    """w_{k+1} = 2w_k − w_{k−1} − αw_k: a rotation by θ with cos θ = 1 − α/2, its size constant."""
    alpha, w = 0.1, torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    optimizer, walk = torch.optim.SGD([w], lr=alpha), [1.0]
    for _ in range(500):
        (w**2 / 2).backward()
        optimizer.step()
        walk.append(w.item())
    theta = math.acos(1 - alpha / 2)
    k = np.arange(501)
    swing = np.cos(k * theta) - np.tan(theta / 2) * np.sin(k * theta)
    np.testing.assert_allclose(walk, swing, atol=1e-9)


def test_torchs_own_sgd_takes_the_steps_of_the_loop():
    """The notebook says so, and does without it to save time and memory."""
    names = (*NETWORK, "numpy-loop", "compare-code")
    rule = "as_torch(GradientDescent(lr=RATE), model.parameters())"
    own = "torch.optim.SGD(model.parameters(), lr=RATE)"
    scope = lecture(
        *names, "torch-model", "torch-setup", "torch-loop-code", torch_setup=[(rule, own)]
    )
    assert type(scope["optimizer"]) is torch.optim.SGD
    np.testing.assert_allclose(scope["torch_losses"], scope["losses"], rtol=0, atol=1e-9)


def test_a_random_plane_holds_two_dimensions_worth_of_any_path():
    rng = np.random.default_rng(0)
    way = np.cumsum(rng.normal(size=(50, 1210)), axis=0)
    held = []
    for _ in range(200):
        plane, _ = np.linalg.qr(rng.normal(size=(1210, 2)))
        held.append(np.sum((way @ plane) ** 2) / np.sum(way**2))
    assert np.mean(held) == pytest.approx(2 / 1210, rel=0.2)


# -------------------------------------------------------------------------------------- exercises


def test_the_gradient_asked_for_by_hand_is_that_of_torch():
    w = torch.tensor([1.0, -2.0, 1.0], requires_grad=True)
    ((w[0] * 3 + w[1] * 1 + w[2]).relu() - 4).pow(2).backward()
    assert exercise("7.1").check(w.grad).right


def test_where_w_ends_without_zero_grad_is_where_torch_takes_it():
    w = torch.tensor(1.0, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.25)
    for _ in range(2):
        (w**2).backward()
        optimizer.step()
    assert exercise("7.8").check(w.item()).right


@pytest.mark.parametrize("c", [0.3, 1.0, 1.3, 1.36, 1.4, 1.47, 1.6, 3.0])
def test_the_size_in_layer_6_is_what_the_explorer_shows(c):
    scope = lecture(*NETWORK, "deep-code")
    layers, _, _ = scope["deep_pass"](
        scope["deep_weights"](c), scope["x_valid"][:100], scope["y_valid"][:100]
    )
    ratio = math.sqrt(np.mean(layers[6] ** 2) / np.mean(layers[1] ** 2))
    assert lecture_7._size_in_layer_6(c) == pytest.approx(ratio, rel=1e-6)
    assert exercise("7.5").check(c).right == (0.8 <= ratio <= 1.2)


def _counted_from_zero(gradient, w, batches, alpha, every, late):
    groups = [[]]
    for k in range(len(batches)):
        if late and k and k % every == 0:
            groups.append([])
        groups[-1].append(batches[k])
        if not late and k % every == 0:
            groups.append([])
    for group in groups[:-1]:  # what is left over is never used
        w = w - alpha * sum(gradient(w, batch) for batch in group) / every
    return w


@pytest.mark.parametrize(("late", "said"), [(False, "k counts from 0"), (True, "The last group")])
def test_counting_the_batches_from_zero_is_named(late, said):
    def accumulate(gradient, w, batches, alpha, every):
        return _counted_from_zero(gradient, w, batches, alpha, every, late)

    result = exercise("7.9").check(accumulate)
    assert not result.right
    assert said in repr(result)


# ------------------------------------------------------------------------- the engine of the reader

HEAD = """
class Value:
    def __init__(self, data, parents=()):
        self.data, self.parents = data, parents
        self.grad = 0.0
        self.hand_back = lambda: None
"""
PLUS = """
    def __add__(self, other):
        out = Value(self.data + other.data, (self, other))

        def hand_back():
            self.grad += out.grad
            other.grad += out.grad

        out.hand_back = hand_back
        return out
"""
TIMES = """
    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other))

        def hand_back():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out.hand_back = hand_back
        return out
"""
RELU = """
    def relu(self):
        out = Value(max(0.0, self.data), (self,))

        def hand_back():
            if self.data > 0:
                self.grad += out.grad

        out.hand_back = hand_back
        return out
"""
BACKWARD = """
    def backward(self):
        order = []

        def visit(node):
            if node not in order:
                for parent in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            node.hand_back()
"""
WHOLE = HEAD + PLUS + TIMES + RELU + BACKWARD


def built(before="", after=""):
    """Return an engine as a reader may write it, with some words of the right one exchanged."""
    assert before in WHOLE
    names = {}
    exec(WHOLE.replace(before, after), names)
    return names["Value"]


def test_the_engine_of_the_readers_is_right_and_then_runs_the_lecture(capsys):
    mine = built()
    assert exercise("7.2").check(mine).right
    assert exercise("7.3").check(mine).right
    assert lecture_7.finished(mine) is mine
    assert "the engine you built" in capsys.readouterr().out
    assert lecture_7.finished(built("+= other.data", "= other.data")) is engine.Value
    assert "until yours passes 7.2 and 7.3" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("number", "before", "after", "words"),
    [
        ("7.2", "+=", "=", "`+=`, not `=`"),
        ("7.2", "+=", "-=", "The sign"),
        ("7.2", " * out.grad", "", "a.grad should be"),
        ("7.2", "self.grad += other.data *", "self.grad += self.data *", "a.grad should be"),
        ("7.2", "data * other.data, (self, other)", "data * other.data, (self,)", "made of"),
        ("7.2", "out.hand_back = hand_back", "pass", "nothing is handed back"),
        ("7.2", "out.hand_back = hand_back", "hand_back()", "nothing is handed back"),
        ("7.2", "Value(self.data * other.data", "Value(self.data + other.data", "product adds"),
        ("7.2", "        return out", "        pass", "gives None"),
        ("7.2", "other.grad += out.grad", "pass", "b.grad should be 5, and yours is 0"),
        ("7.3", "self.data > 0", "out.grad > 0", "should be"),
        ("7.3", "if self.data > 0:", "if True:", "even where it was shut"),
        ("7.3", "max(0.0, self.data)", "self.data", "Forward, a relu"),
        ("7.3", "reversed(order)", "order", "does the loop begin at the end"),
        ("7.3", "self.grad = 1.0", "pass", "must be 1"),
        ("7.3", "self.grad = 1.0", "self.grad = self.data", "begins with 1"),
        ("7.3", "if node not in order:", "if True:", "twice"),
        (
            "7.3",
            "                    visit(parent)",
            "                    pass",
            "Does `visit` visit",
        ),
        ("7.3", "for parent in node.parents", "for parent in (node,)", "never ends"),
        ("7.3", "node.hand_back()", "node.hand_back", "does the loop go through all"),
        (
            "7.3",
            BACKWARD[BACKWARD.index("        order = []") :],
            "        self.grad = 1.0\n        self.go()\n\n    def go(self):\n"
            "        self.hand_back()\n        for each in self.parents:\n            each.go()\n",
            "Make the order first",
        ),
        ("7.3", "+= other.data", "= other.data", "finish exercise 7.2"),
        ("7.2", "+= out.grad\n            other", "+= out.data\n            other", "yours is 1"),
        ("7.2", "+= other.data *", "+= other.grad *", "a.grad should be -10"),
        ("7.2", "+= self.data *", "= self.grad *", "b.grad should be 15"),
        ("7.2", "self.data + other.data", "self.data - other.data", "should be 1, and yours is 5"),
        ("7.2", "hand_back = hand_back\n", "hand_back = hand_back()\n", "without brackets"),
        ("7.2", "Value(self.data * other.data, (self, other))", "self.data", "a new Value"),
        ("7.2", "+= other.data *", "+= other *", "`other` is a Value"),
        ("7.3", "max(0.0, self.data)", "abs(self.data)", "should be 0, and yours is 2"),
        ("7.3", "reversed(order)", "order[-2::-1]", "go through all of it"),
        ("7.3", "order.append(node)", "order.extend(node.parents)", "the last in `order`"),
        ("7.3", "            node.hand_back()", "            node.backward()", "not `backward()`"),
        ("7.3", "node.hand_back()", "node.hand_back(); node.grad = 0.0", "emptied afterwards"),
    ],
)
def test_a_wrong_engine_is_told_what_is_wrong(number, before, after, words):
    result = exercise(number).check(built(before, after))
    assert not result.right
    assert words in repr(result), repr(result)


def test_an_engine_that_nobody_has_filled_in_is_not_attempted():
    names = {"exercise": exercise}
    for number in ("7.2", "7.3"):
        exec(exercise(number).template.rpartition("\n")[0], names)
        assert exercise(number).check(names["Value"]).verdict == "not attempted"


def number_of_torch(number):
    return torch.tensor(number, dtype=torch.float64, requires_grad=True)


def test_every_gradient_of_the_engine_is_that_of_torch():
    rng = np.random.default_rng(4)
    numbers = rng.normal(size=6)
    for kind in (engine.Value, number_of_torch):
        a, b, c, d, e, f = leaves = [kind(float(number)) for number in numbers]
        hidden = [(a * b + c).relu(), (d * e + f).relu(), (a * d + b).relu(), b * b]
        total = hidden[0] * hidden[1] + hidden[2] * hidden[0] + hidden[3] * hidden[2]
        total = total * total + hidden[0]
        total.backward()
        if kind is engine.Value:
            found = [leaf.grad for leaf in leaves]
    assert found == pytest.approx([float(leaf.grad) for leaf in leaves], rel=1e-12, abs=1e-12)
