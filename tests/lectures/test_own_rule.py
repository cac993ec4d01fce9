"""What a rule of the reader's own is told: whether it may race, and what is to be mended."""

from dataclasses import dataclass

import numpy as np
import pytest

from course_lib.landscapes import banana
from course_lib.lectures.own_rule import check
from course_lib.lectures.race import race
from course_lib.optimizers import OPTIMIZERS, Adam, Lion

START = (-1.5, 2.0)


@dataclass(frozen=True)
class Own:
    """Gradient descent as a reader would write it, and the ground for what goes wrong."""

    lr: float = 0.05

    def init(self, w):
        return {"v": 0 * w}

    def step(self, w, g, state, lr=None):
        lr = self.lr if lr is None else lr
        return w - lr * g, {"v": state["v"] + g}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_rules_of_the_course_pass_their_own_check(name):
    rule = OPTIMIZERS[name](lr=2.0 if name == "Adadelta" else 0.02)
    told = check(rule, tensors=True)
    assert told.right, told
    assert "on arrays and on tensors" in told.message


def test_a_rule_of_the_readers_own_is_told_that_it_is_ready():
    told = check(Own())
    assert repr(told).startswith("Ready to race. Own is a rule: its loss on a quadratic falls from")


class Plain:
    def init(self, w):
        return {}

    def step(self, w, g, state, lr=None):
        return w - 0.1 * g, {}


@dataclass(frozen=True)
class NoInit:
    lr: float = 0.1

    def step(self, w, g, state, lr=None):
        return w - 0.1 * g, {}


@dataclass(frozen=True)
class FewArguments(NoInit):
    def init(self, w):
        return {}

    def step(self, w, g):
        return w - 0.1 * g


class ListState(Own):
    def init(self, w):
        return [0 * w]


class OnlyW(Own):
    def step(self, w, g, state, lr=None):
        return w - self.lr * g


class Uphill(Own):
    def step(self, w, g, state, lr=None):
        return super().step(w, -g, state, lr)


class WritesW(Own):
    def step(self, w, g, state, lr=None):
        w -= self.lr * g
        return w, state


class WritesG(Own):
    def step(self, w, g, state, lr=None):
        g *= self.lr
        return w - g, state


class WritesState(Own):
    def step(self, w, g, state, lr=None):
        state["v"] += g
        return w - self.lr * g, state


class WritesEntry(Own):
    def step(self, w, g, state, lr=None):
        state["v"] = state["v"] + g
        return w - self.lr * g, state


class Flat(Own):
    def step(self, w, g, state, lr=None):
        return (w - self.lr * g).reshape(-1), state


class Coarse(Own):
    def step(self, w, g, state, lr=None):
        return (w - self.lr * g).astype("f4"), state


class Averages(Own):
    def step(self, w, g, state, lr=None):
        return w - self.lr * g, {"v": np.mean(g)}


class Renames(Own):
    def step(self, w, g, state, lr=None):
        return w - self.lr * g, {"u": g}


class Moody(Own):
    def step(self, w, g, state, lr=None):
        return w - self.lr * g * np.random.default_rng().random(), state


class Counts(Own):
    calls = 0

    def step(self, w, g, state, lr=None):
        type(self).calls += 1
        return w - self.lr * g * self.calls, state


class TorchOnly(Own):
    def step(self, w, g, state, lr=None):
        import torch

        return w - self.lr * torch.sign(g), state


class Deaf(Own):
    def step(self, w, g, state, lr=None):
        return w - 0.05 * g, state


class Fails(Own):
    def step(self, w, g, state, lr=None):
        return w - self.rate * g, state


class Tires(Own):
    def init(self, w):
        return {"k": 0}

    def step(self, w, g, state, lr=None):
        if state["k"] == 3:
            raise ValueError("no more")
        lr = self.lr if lr is None else lr
        return w - lr * g, {"k": state["k"] + 1}


class Vague(Own):
    def init(self, w):
        return {"v": None}


class Collects(Own):
    def init(self, w):
        return {"v": []}


class Fixed(Own):
    def init(self, w):
        return {"v": np.zeros(2)}


class Doubled(Own):
    def init(self, w):
        return {"v": np.zeros(w.shape)}

    def step(self, w, g, state, lr=None):
        lr = self.lr if lr is None else lr
        v = state["v"] + g
        return w - lr * v, {"v": v}


class Chooses(Own):
    def step(self, w, g, state, lr=None):
        return (w - self.lr if g > 0 else w + self.lr), state


class Nowhere(Own):
    def step(self, w, g, state, lr=None):
        with np.errstate(all="ignore"):
            return w - self.lr * (g - g) / (g - g), state


class Numpy(Own):
    def step(self, w, g, state, lr=None):
        lr = self.lr if lr is None else lr
        return np.subtract(np.asarray(w), lr * np.asarray(g)), state


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Own, "That is the class. Make a rule of it, with its values: `Own(lr=0.1)`"),
        (Plain(), "Plain is not a dataclass"),
        (3.0, "float is not a dataclass"),
        (NoInit(), "has no method `init(self, w)`"),
        (FewArguments(), "must also take lr, state; it takes w, g"),
        (ListState(), "`init` must return a dictionary"),
        (OnlyW(), "must return two things"),
        (Uphill(), "with no learning rate from 0.0001 to 100"),
        (WritesW(), "changes the `w` it was given"),
        (WritesG(), "changes the `g` it was given"),
        (WritesState(), "changes the `state` it was given"),
        (WritesEntry(), "changes the `state` it was given"),
        (Flat(), "must keep the shape"),
        (Coarse(), "was given (2,), float64, and returned (2,), float32"),
        (Averages(), "changes the shape of the state's `v`, from (2,) to ()"),
        (Renames(), "makes a state of v, and `step` returns one of u"),
        (Moody(), "must not draw random numbers"),
        (Counts(), "what it remembers belongs in its state"),
        (TorchOnly(), "The race runs on numpy arrays"),
        (Deaf(), "does not use the learning rate it is handed"),
        (Own(lr=0.5), "With lr = 0.5 it does not descend"),
        (Fails(), "stops with AttributeError"),
        (Tires(), "stops with ValueError (no more), on its way down the quadratic"),
        (Vague(), "`init` makes a `v` of type NoneType. It must be a number, or of w's own type"),
        (Collects(), "`init` makes a `v` of type list. It must be a number"),
        (Fixed(), "Begin with `0 * w`"),
        (Doubled(), "Begin with `0 * w`"),
        (Nowhere(), "`step` returns a w that is not finite"),
        (Own(lr=0.0), "With lr = 0 it does not descend"),
        (Chooses(), "An `if` sees all coordinates at once"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else type(value).__name__,
)
def test_what_is_wrong_with_a_rule_is_said_in_plain_words(rule, words):
    told = check(rule)
    assert not told.right
    assert repr(told).startswith("Not yet. ")
    assert words in told.message
    assert len(told.message) < 400


@pytest.mark.parametrize("rule", [Own, FewArguments(), Fails(), OnlyW(), Chooses()])
def test_a_race_names_the_rule_that_cannot_run_and_what_to_mend(rule):
    with pytest.raises(ValueError, match=r"^yours cannot race") as told:
        race(banana, {"Adam": Adam(), "yours": rule}, START, 20)
    assert str(told.value) == f"yours cannot race. {check(rule).message}"


def test_the_rate_that_would_do_is_named():
    told = check(Own(lr=0.5)).message
    rate = float(told.split("With lr = ")[2].split(" ")[0])
    assert check(Own(lr=rate)).right


def test_a_rule_for_arrays_only_is_told_how_to_take_tensors():
    assert check(Numpy()).right
    told = check(Numpy(), tensors=True)
    assert not told.right
    assert "from array_api_compat import array_namespace" in told.message


def test_a_rule_that_passes_trains_a_network():
    torch = pytest.importorskip("torch")
    from course_lib.training import as_torch

    assert check(Own(), tensors=True).right
    w = torch.tensor([1.0, -2.0], requires_grad=True)
    optimizer = as_torch(Own(lr=0.1), [w])
    for _ in range(100):
        optimizer.zero_grad()
        (w**2).sum().backward()
        optimizer.step()
    assert float(w.detach().abs().max()) < 1e-6


class Signs(Own):
    """numpy's functions take tensors and return tensors, until one carries a gradient."""

    def step(self, w, g, state, lr=None):
        lr = self.lr if lr is None else lr
        return w - lr * np.sign(g), state


def test_numpys_functions_are_noticed_where_they_happen_to_return_a_tensor():
    assert check(Signs()).right
    told = check(Signs(), tensors=True)
    assert not told.right
    assert "hands a torch tensor to a function of numpy" in told.message
    import torch

    assert np.asarray(torch.ones(2)).tolist() == [1, 1]  # blocked no longer


def test_what_the_advice_names_can_be_followed():
    told = check(Numpy(), tensors=True).message
    line = told.split("`")[5]
    assert line == "from array_api_compat import array_namespace"
    exec(line, {})


def test_a_rule_that_is_slow_at_its_rate_is_told_that_and_not_that_it_fails():
    told = check(Lion(lr=1e-4))
    assert told.right
    assert "with lr = 0.0001 it is slow" in told.message
    rate = float(told.message.split("With lr = ")[1].split(" ")[0])
    assert "slow" not in check(Lion(lr=rate)).message


@pytest.mark.parametrize("rule", [Moody(), WritesW(), Uphill(), Deaf()])
def test_what_the_check_refuses_does_not_race(rule):
    assert not check(rule).right
    with pytest.raises(ValueError, match=r"^yours cannot race\. "):
        race(banana, {"yours": rule}, START, 20)
