"""The exercises of lecture 7, backpropagation and the training loop.

Read by `course_lib.exercises`. The wrong answers are computed from the mistake they stand for, so
that each message says what the reader did.
"""

from __future__ import annotations

import inspect
import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_lib.attempts import AnswerError
from course_lib.exercises import engine
from course_lib.exercises.answers import Choice, Function, Numbers
from course_lib.exercises.predictions import Prediction
from course_lib.exercises.tasks import Exercise
from course_lib.optimizers import Adam, Momentum

TITLE = "Backpropagation and the training loop"

# ------------------------------------------------------------------------ 7.1 backward, by hand

_X, _W, _B, _Y = np.array([3.0, 1.0]), np.array([1.0, -2.0]), 1.0, 4.0
_E = max(_W @ _X + _B, 0) - _Y  # the relu is open: z = 2


def _three(first: Any, bias: float) -> tuple[float, float, float]:
    return (float(first[0]), float(first[1]), float(bias))


BACKWARD_BY_HAND = Exercise(
    number="7.1",
    title="Backward by hand",
    task=(
        "A neuron has the inputs $x_1 = 3$, $x_2 = 1$, the weights $w_1 = 1$, $w_2 = -2$, the bias "
        r"$b = 1$ and the target $y = 4$. Its loss is $L = (\text{relu}(w_1x_1 + w_2x_2 + b) - "
        r"y)^2$. Compute $\partial L/\partial w_1$, $\partial L/\partial w_2$ and "
        r"$\partial L/\partial b$ with pen and paper, and give them in this order."
    ),
    template='gradient = [..., ..., ...]\n\nexercise("7.1").check(gradient)',
    answer=Numbers(tolerance=1e-6, shape=(3,)),
    right=_three(2 * _E * _X, 2 * _E),
    praise=(
        "The blame that arrives at the sum is −4. Each weight gets it times its own input; the "
        "bias gets it as it is."
    ),
    mistakes=(
        (
            _three(-2 * _E * _X, -2 * _E),
            "The signs are the wrong way round. The output 2 is below the target 4, so a larger "
            "output makes the loss smaller: e = a − y = −2.",
        ),
        (
            _three(_E * _X, _E),
            "A factor 2 is missing: the square e² hands back 2e.",
        ),
        (
            _three(-_E * _X, -_E),
            "Two things: the square e² hands back 2e, and e = a − y = −2 is below 0.",
        ),
        (
            _three(2 * _E * _W, 2 * _E),
            "Those are the gradients of x₁ and x₂. A product hands to w what x was, and to x what "
            "w was.",
        ),
        (
            _three(2 * _E * _X, 0),
            "The bias has a gradient, too: a sum hands back to each of its parts what arrives.",
        ),
        (
            _three(2 * _E * np.ones(2), 2 * _E),
            "That is what arrives at the two products. Each hands it on to its weight, times the "
            "input.",
        ),
        (
            _three(2 * (-4.0) * _X, 2 * (-4.0)),
            "You compared 0 with the target, as if the relu were shut. z = 3 − 2 + 1 = 2 is above "
            "0, so the output is 2.",
        ),
        (
            _three(np.zeros(2), 0),
            "The relu is open: z = 3 − 2 + 1 = 2 is above 0, so it hands on what arrives.",
        ),
        (
            _three((2 * _E * _X)[::-1], 2 * _E),
            "All numbers are there; the first two are in the wrong order.",
        ),
    ),
    hints=(
        "First go forward and write down every number: the two products, z, a, and e = a − y.",
        "Now backward: the square hands back $2e$, the difference and the relu hand it on, the sum "
        "hands it to each part, and each product multiplies it by the other factor.",
    ),
    worked=(
        r"Forward: $z = 1 \cdot 3 + (-2) \cdot 1 + 1 = 2$, $a = 2$, $e = 2 - 4 = -2$, $L = 4$. "
        r"Backward: $2e = -4$ arrives at $a$; the relu is open, so $-4$ arrives at $z$ and at both "
        r"products. $\partial L/\partial w_1 = -4 \cdot 3 = -12$, $\partial L/\partial w_2 = -4 "
        r"\cdot 1 = -4$, $\partial L/\partial b = -4$."
    ),
    otherwise="Write down every number of the forward pass first, then walk back one by one.",
)

# ----------------------------------------------------------- 7.2 and 7.3 an engine, built in steps


# What a reader's class stops with, and what it often is.
_STUMBLES = {
    "'NoneType' object is not callable": (
        "Write `out.hand_back = hand_back` without brackets: it keeps the function, for later."
    ),
    "has no attribute 'hand_back'": "`out` must be a new Value, with its parents: (self, other).",
    "'float' object has no attribute 'data'": (
        "`other` is a Value. Its number is `other.data`, and what arrives is `out.grad`."
    ),
}


@dataclass(frozen=True)
class Engine:
    """A class `Value`, tried operation by operation.

    Parameters
    ----------
    probe : callable
        Takes the class, and returns what it does: a description → a number.
    before : tuple of (probe, message)
        What has to be right already, and what to say where it is not.
    """

    probe: Callable[[Any], dict[str, float]]
    before: tuple[tuple[Callable[[Any], dict[str, float]], str], ...] = ()

    def read(self, answer: Any) -> dict[str, float]:
        """Return what the class does, or raise an AnswerError that says why it cannot be tried."""
        if not isinstance(answer, type):
            raise AnswerError("Hand over the class itself: `Value`, by its name, without brackets.")
        for probe, message in self.before:
            try:
                ready = _alike(probe(answer), probe(engine.Value))
            except Exception:  # whatever a reader's class does
                ready = False
            if not ready:
                raise AnswerError(message)
        try:
            return {name: float(value) for name, value in self.probe(answer).items()}
        except AnswerError:
            raise
        except RecursionError:
            raise AnswerError(
                "Your walk never ends. Does it go on to `parents` only, and does the loop call "
                "`hand_back()`, not `backward()`?"
            ) from None
        except Exception as error:  # whatever a reader's class does
            reason = f"{type(error).__name__}: {error}"
            said = next((words for sign, words in _STUMBLES.items() if sign in reason), "")
            raise AnswerError(f"Your class stops with an error. {reason}. {said}".strip()) from None

    def is_right(self, answer: Any) -> bool:
        """Return whether a class does all that it should."""
        try:
            return self.agrees(self.read(answer), engine.Value)
        except AnswerError:
            return False

    def agrees(self, value: dict[str, float], reference: Any) -> bool:
        """Return whether what the class does is what `reference` does."""
        try:
            return _alike(value, self.probe(reference))
        except RecursionError:
            return False

    def differs(self, value: dict[str, float], reference: Any) -> str:
        """Return the first thing that is not as it should be."""
        right = self.probe(reference)
        name = next(n for n in right if not math.isclose(value[n], right[n], abs_tol=1e-9))
        return f"{name} should be {right[name]:g}, and yours is {value[name]:g}."


def _alike(found: dict[str, float], right: dict[str, float]) -> bool:
    return all(math.isclose(found[name], right[name], abs_tol=1e-9) for name in right)


def _made(out: Any, Value: Any, how: str, parents: tuple) -> Any:
    if not isinstance(out, Value):
        got = "None" if out is None else f"a {type(out).__name__}"
        raise AnswerError(f"`{how}` gives {got}. Make a new Value, and return it at the end.")
    if not isinstance(out.parents, (tuple, list)) or [*map(id, out.parents)] != [*map(id, parents)]:
        needed = "(self, other)" if len(parents) > 1 else "(self,)"
        raise AnswerError(
            f"`{how}` does not remember what it was made of: its parents should be `{needed}`."
        )
    return out


def _plus_and_times(Value: Any) -> dict[str, float]:
    found = {}
    for sign, operate in (("+", operator.add), ("*", operator.mul)):
        how = f"a {sign} b"
        a, b = Value(3.0), Value(-2.0)
        out = _made(operate(a, b), Value, how, (a, b))
        if a.grad or b.grad:
            raise AnswerError(
                f"`{how}` fills in gradients on the way forward. Nothing has arrived at out yet: "
                "only define `hand_back`, and do not call it."
            )
        found[f"With a = 3 and b = −2, `{how}`"] = out.data
        out.grad = 5.0
        out.hand_back()
        found[f"If 5 arrives at `{how}`, with a = 3 and b = −2, a.grad"] = a.grad
        found[f"If 5 arrives at `{how}`, with a = 3 and b = −2, b.grad"] = b.grad
        out.hand_back()
        found[f"If 5 arrives at `{how}` twice, a.grad"] = a.grad
        found[f"If 5 arrives at `{how}` twice, b.grad"] = b.grad
        both = Value(3.0)
        out = operate(both, both)
        out.grad = 1.0
        out.hand_back()
        found[f"With a = 3, in `a {sign} a`, a.grad"] = both.grad
    return found


def _relu_and_backward(Value: Any) -> dict[str, float]:
    found = {}
    for z, arrives in ((2.0, 5.0), (-2.0, 5.0), (2.0, -5.0), (3.0, 5.0)):
        a = Value(z)
        out = _made(a.relu(), Value, "a.relu()", (a,))
        found[f"With a = {z:g}, `a.relu()`"] = out.data
        out.grad = arrives
        out.hand_back()
        found[f"If {arrives:g} arrives at `a.relu()`, with a = {z:g}, a.grad"] = a.grad
        out.hand_back()
        found[f"If {arrives:g} arrives twice at `a.relu()`, with a = {z:g}, a.grad"] = a.grad
    a, b = Value(3.0), Value(-2.0)
    L = a * b
    L.backward()
    found["For L = a * b, L.grad after `L.backward()`"] = L.grad
    found["For L = a * b, with a = 3 and b = −2, a.grad"] = a.grad
    a, b = Value(3.0), Value(-2.0)
    ((a * b + a) * b).backward()
    found["For L = (a * b + a) * b, with a = 3 and b = −2, a.grad"] = a.grad
    found["For L = (a * b + a) * b, with a = 3 and b = −2, b.grad"] = b.grad
    x = Value(2.0)
    y = x * x
    z = y + x
    (y * z + z).backward()
    found["For y = x * x, z = y + x, L = y * z + z, with x = 2, y.grad"] = y.grad
    found["For y = x * x, z = y + x, L = y * z + z, with x = 2, x.grad"] = x.grad
    x = Value(-1.0)
    y = (x * x + x.relu()) * Value(2.0)
    y.backward()
    found["For L = (x * x + x.relu()) * 2, with x = −1, x.grad"] = x.grad
    return found


def _sorted_walk(self: Any, seed: float = 1.0, forward: bool = False) -> None:
    order: list = []

    def visit(node: Any) -> None:
        if all(node is not other for other in order):
            for parent in node.parents:
                visit(parent)
            order.append(node)

    visit(self)
    self.grad = seed
    for node in order if forward else order[::-1]:
        node.hand_back()


def _eager_walk(self: Any) -> None:
    """Hand back, then walk on at once: a number on two paths hands on part of what it gets."""
    self.grad = 1.0
    _hand_on(self)


def _hand_on(node: Any) -> None:
    node.hand_back()
    for parent in node.parents:
        _hand_on(parent)


def _walk_once(self: Any) -> None:
    seen: list = []

    def visit(node: Any) -> None:
        if all(node is not other for other in seen):
            seen.append(node)
            node.hand_back()
            for parent in node.parents:
                visit(parent)

    self.grad = 1.0
    visit(self)


def _repeated(self: Any) -> None:
    order: list = []

    def visit(node: Any) -> None:
        for parent in node.parents:
            visit(parent)
        order.append(node)

    visit(self)
    self.grad = 1.0
    for node in order[::-1]:
        node.hand_back()


def _engine(
    plus: Callable = lambda a, b: (1.0, 1.0),
    times: Callable = lambda a, b: (b, a),
    product: Callable = operator.mul,
    relu: Callable = lambda z: (float(z > 0),),
    clamp: Callable = lambda z: max(0.0, z),
    gather: Callable = lambda old, slope, arrives: old + slope * arrives,
    backward: Callable = _sorted_walk,
) -> type:
    """Return an engine with some of its parts exchanged: what a reader may have written."""

    class Other:
        def __init__(self, data: float, parents: tuple = ()) -> None:
            self.data, self.parents, self.grad = data, parents, 0.0
            self.hand_back: Callable = lambda: None

    def operation(forward: Callable, slopes: Callable) -> Callable:
        def operate(*parents: Any) -> Any:
            numbers = [each.data for each in parents]
            out = Other(forward(*numbers), parents)

            def hand_back() -> None:
                for parent, slope in zip(parents, slopes(*numbers), strict=True):
                    parent.grad = gather(parent.grad, slope, out.grad)

            out.hand_back = hand_back
            return out

        return operate

    Other.__add__ = operation(operator.add, plus)
    Other.__mul__ = operation(product, times)
    Other.relu = operation(clamp, relu)
    Other.backward = backward
    return Other


def _source(*names: str) -> str:
    """Return methods of the course's engine as code: the worked solution is what runs."""
    return "\n".join(inspect.getsource(getattr(engine.Value, name)) for name in names)


_CLASS = (
    "class Value:\n"
    '    """A number that remembers what it was made of."""\n'
    "\n"
    "    def __init__(self, data, parents=()):\n"
    "        self.data, self.parents = data, parents\n"
    "        self.grad = 0.0  # ∂L/∂self, as far as it has arrived\n"
    "        self.hand_back = lambda: None\n"
    "\n"
)

PLUS_AND_TIMES = Exercise(
    number="7.2",
    title="Plus and times",
    task=(
        "Fill in `a + b` and `a * b`, for which Python calls `__add__` and `__mul__`. Each makes "
        "a new `Value` that knows its parents. Its `hand_back` gives each parent the share that "
        "the table says of what has arrived, `out.grad`. A number may get a share from several "
        "places."
    ),
    template=_CLASS + "    def __add__(self, other):\n"
    "        out = Value(self.data + other.data, (self, other))\n"
    "\n"
    "        def hand_back():\n"
    "            # to self and to other, from out.grad\n"
    "            ...\n"
    "\n"
    "        out.hand_back = hand_back\n"
    "        return out\n"
    "\n"
    "    def __mul__(self, other):\n"
    "        # the same for the product\n"
    "        ...\n"
    "\n\n"
    'exercise("7.2").check(Value)',
    answer=Engine(_plus_and_times),
    right=engine.Value,
    praise=(
        "Two operations, and each knows only its own slopes. Because you add with `+=`, even "
        "`a * a` is right: both factors are the same number, and it gets both shares."
    ),
    mistakes=(
        (
            _engine(gather=lambda old, slope, arrives: slope * arrives),
            "Your `hand_back` overwrites what another path has brought. Gradients add where paths "
            "meet: `+=`, not `=`.",
        ),
        (
            _engine(gather=lambda old, slope, arrives: old - slope * arrives),
            "The sign: a slope is handed back as it is. The minus comes later, in the step.",
        ),
        (
            _engine(times=lambda a, b: (a, b)),
            "In a product each factor gets the *other* one times what arrives: if b is larger, "
            "a nudge of a counts more.",
        ),
        (
            _engine(times=lambda a, b: (1.0, 1.0)),
            "Your product hands back like a sum. A factor gets the other factor times what "
            "arrives.",
        ),
        (
            _engine(gather=lambda old, slope, arrives: old + slope),
            "You hand back the slope of the operation alone. The chain rule multiplies it by what "
            "arrives: `out.grad`.",
        ),
        (
            _engine(plus=lambda a, b: (a, b)),
            "A sum hands what arrives to both parts as it is: a nudge of either is a nudge of the "
            "sum.",
        ),
        (
            _engine(plus=lambda a, b: (1.0, 0.0), times=lambda a, b: (b, 0.0)),
            "Only self gets its share. `other` counts just as much.",
        ),
        (
            _engine(times=lambda a, b: (b, 0.0)),
            "In the product only self gets its share. `other` gets self's number times what "
            "arrives.",
        ),
        (
            _engine(plus=lambda a, b: (0.0, 0.0), times=lambda a, b: (0.0, 0.0)),
            "Forward it is right, but nothing is handed back. Does `hand_back` change `grad`, and "
            "does `out.hand_back = hand_back` stand in both?",
        ),
        (
            _engine(plus=lambda a, b: (0.0, 0.0)),
            "The product is right. Now the sum: its `hand_back` hands nothing back yet.",
        ),
        (
            _engine(times=lambda a, b: (0.0, 0.0)),
            "The sum is right. The product hands nothing back yet: does it set `out.hand_back`?",
        ),
        (
            _engine(product=operator.add),
            "Your product adds: it needs `self.data * other.data`.",
        ),
    ),
    hints=(
        "A sum hands on what arrives: `self.grad += out.grad`, and the same for `other`. The "
        "product is written in the same way, with another line forward and other shares.",
        "In the product, `self.grad += other.data * out.grad`, and for `other` the other way "
        "round.",
    ),
    worked="\n\n```python\n" + _CLASS + _source("__add__", "__mul__") + "```",
)

BACKWARD = Exercise(
    number="7.3",
    title="The walk backward",
    task=(
        "Two methods are missing. `relu` is one more operation. `backward` starts at the loss, "
        "whose own gradient is 1, and lets every number hand back, but each number only once, and "
        "only **after everything that was made of it** has handed its share to it. An order with "
        "that property is called *topological*: to get one, visit a number's parents before you "
        "note the number itself, then go through your notes from the end."
    ),
    template=(
        "class Value(Value):  # the class as it is, and two methods more\n"
        "    def relu(self):\n"
        "        # one more operation\n"
        "        ...\n"
        "\n"
        "    def backward(self):\n"
        "        order = []\n"
        "\n"
        "        def visit(node):\n"
        "            # unless it is noted: visit its parents, then note it in order\n"
        "            ...\n"
        "\n"
        "        visit(self)\n"
        "        # the loss counts 1 for itself\n"
        "        for node in reversed(order):\n"
        "            ...\n"
        "\n\n"
        'exercise("7.3").check(Value)'
    ),
    answer=Engine(
        _relu_and_backward,
        before=((_plus_and_times, "The sum and the product come first: finish exercise 7.2."),),
    ),
    right=engine.Value,
    praise=(
        "That is all of it: every operation knows its own slopes, the order sees to it that "
        "a number hands on only what is complete, and `+=` joins the paths. You have built "
        "automatic differentiation."
    ),
    mistakes=(
        (
            _engine(backward=_eager_walk),
            "A number that lies on two paths hands on each time you come by, and what it got first "
            "is handed on twice. Make the order first, then hand back, each number once.",
        ),
        (
            _engine(backward=_walk_once),
            "Each number hands back once, but too early: a number that lies on two paths hands on "
            "before the second share has come. Note a number *after* its parents, and hand back "
            "only when the order is complete.",
        ),
        (
            _engine(backward=_repeated),
            "Numbers that are used twice stand in your order twice, so they hand back twice. Skip "
            "a number that was seen.",
        ),
        (
            _engine(backward=lambda self: _sorted_walk(self, forward=True)),
            "Only the loss hands back, and what it hands to its parents goes no further. Does "
            "`visit` visit the parents, and note a number only after them? And does the loop "
            "begin at the end, with `reversed`?",
        ),
        (
            _engine(backward=lambda self: _sorted_walk(self, seed=0.0)),
            "`relu` is right. After `backward`, every gradient is 0: before the handing back the "
            "loss's own must be 1, and no gradient may be emptied afterwards.",
        ),
        (
            _engine(backward=lambda self: _sorted_walk(self, seed=self.data)),
            "The walk begins with 1, because ∂L/∂L = 1, not with the value of the loss.",
        ),
        (
            _engine(backward=lambda self: setattr(self, "grad", 1.0)),
            "The loss counts 1 for itself, but then nothing is handed back. Is the loss the last "
            "in `order`, and does the loop go through all of it and call `node.hand_back()`?",
        ),
        (
            _engine(relu=lambda z: (1.0,)),
            "Your relu hands back what arrives even where it was shut. For data not above 0 it "
            "hands back 0.",
        ),
        (
            _engine(relu=lambda z: (max(0.0, z),)),
            "Where it is open, a relu hands back what arrives as it is: times 1, not times its "
            "output.",
        ),
        (
            _engine(relu=lambda z: (0.0,)),
            "Your relu hands nothing back. Where data is above 0, it hands on what arrives.",
        ),
        (
            _engine(clamp=lambda z: z),
            "Forward, a relu turns what is negative into 0: `max(0.0, self.data)`.",
        ),
    ),
    hints=(
        "`relu` is written like `+` with one parent: `Value(max(0.0, self.data), (self,))`. In its "
        "`hand_back` add `out.grad` if `self.data > 0`. In `visit`, begin with "
        "`if node not in order:`.",
        "`for parent in node.parents: visit(parent)`, and below it `order.append(node)`. At the "
        "end, `self.grad = 1.0` and `for node in reversed(order): node.hand_back()`.",
    ),
    worked="\n\n```python\nclass Value(Value):\n" + _source("relu", "backward") + "```",
)


def finished(mine: Any) -> Any:
    """Return the reader's engine if it is right, and the course's until then; a line says which.

    Parameters
    ----------
    mine : class
        The reader's `Value`.
    """
    if all(each.answer.is_right(mine) for each in (PLUS_AND_TIMES, BACKWARD)):
        print("What follows runs on the engine you built.")
        return mine
    print("What follows runs on the course's engine, until yours passes 7.2 and 7.3.")
    return engine.Value


# -------------------------------------------------------------------- 7.4 the gradient of a kernel


def _kernel_gradient(X, W, b, dH):
    return X.T @ (dH * (X @ W + b > 0))


def _layers() -> list[tuple]:
    rng = np.random.default_rng(7)
    simple = (
        np.array([[1.0, 2.0]]),
        np.array([[1.0, -1.0], [1.0, 0.0]]),
        np.array([0.0, 0.5]),
        np.array([[1.0, 1.0]]),
    )
    edge = (  # one neuron at exactly 0
        np.array([[1.0, 1.0]]),
        np.array([[1.0, -1.0], [-1.0, 2.0]]),
        np.array([0.0, 0.0]),
        np.array([[1.0, 1.0]]),
    )
    return [simple, edge, *(tuple(rng.normal(size=s) for s in ((5, 4), (4, 3), (3,), (5, 3))),)]


KERNEL_GRADIENT = Exercise(
    number="7.4",
    title="The gradient of a kernel",
    task=(
        "Write `kernel_gradient(X, W, b, dH)`. It takes the inputs $X$ ($B \\times n$), the kernel "
        "$W$ ($n \\times h$) and the bias $b$ of the layer `relu(dot(X, W) + b)`, and `dH`, the "
        "gradient with respect to the layer's output. It returns the gradient with respect to the "
        "kernel. Three lines do it: forward to $Z$, back through the relu, back through the "
        "product."
    ),
    template=(
        "def kernel_gradient(X, W, b, dH):\n"
        "    # forward to Z, back through the relu, back through the product\n"
        "    ...\n"
        "\n\n"
        'exercise("7.4").check(kernel_gradient)'
    ),
    answer=Function(
        inputs=_layers,
        tolerance=1e-9,
        failures=(
            (
                r"ValueError: (matmul|operands|shapes)",
                "The shapes do not fit: X is B × n, W is n × h, and what arrives, dZ, is B × h. "
                "One product of X and dZ has the shape of W, and X must be transposed for it.",
            ),
        ),
    ),
    right=_kernel_gradient,
    praise=(
        "Forward, relu, product: three lines, and they hold for any layer of this kind and any "
        "number of examples."
    ),
    mistakes=(
        (
            lambda X, W, b, dH: X.T @ dH,
            "You forgot the relu: where Z is not above 0, it hands back 0.",
        ),
        (
            lambda X, W, b, dH: X.T @ (dH * (X @ W > 0)),
            "Z is XW + b. Without the bias, the relu is judged open or shut at the wrong place.",
        ),
        (
            lambda X, W, b, dH: X.T @ (dH * (X @ W + b >= 0)),
            "Almost: where Z is exactly 0 the relu hands back 0, as the table says: `>`, not `>=`.",
        ),
        (
            lambda X, W, b, dH: X.T @ (dH * (X @ W + b < 0)),
            "The wrong way round: the relu hands back where Z is above 0.",
        ),
        (
            lambda X, W, b, dH: -X.T @ (dH * (X @ W + b > 0)),
            "The sign: the minus comes later, in the update.",
        ),
        (
            lambda X, W, b, dH: W - X.T @ (dH * (X @ W + b > 0)),
            "That is a kernel after a step. Only its gradient is asked for.",
        ),
        (
            lambda X, W, b, dH: X.T @ (X @ W + b > 0),
            "What arrives, `dH`, is missing: multiply it by `(Z > 0)`.",
        ),
        (
            lambda X, W, b, dH: X.T @ (dH * (dH > 0)),
            "Whether the relu lets something back depends on Z, not on the sign of the gradient.",
        ),
        (
            lambda X, W, b, dH: X.T @ (dH * np.maximum(X @ W + b, 0)),
            "The relu hands back the gradient itself where it is open: times 1, not times Z.",
        ),
        (
            lambda X, W, b, dH: X.T @ (dH * (X @ W + b > 0)) / len(X),
            "You divided by the number of examples. If there is a mean, it is in the loss, and "
            "`dH` has it already.",
        ),
        (
            lambda X, W, b, dH: (X.T @ (dH * (X @ W + b > 0))).T,
            "That is the transpose. A gradient has the shape of what it belongs to: here of W.",
        ),
        (
            lambda X, W, b, dH: dH * (X @ W + b > 0),
            "That is dZ, the gradient before the relu. One step is left: back through XW.",
        ),
        (
            lambda X, W, b, dH: (dH * (X @ W + b > 0)) @ W.T,
            "That is the gradient with respect to X, for the layer before. Here W is asked for.",
        ),
        (
            lambda X, W, b, dH: (dH * (X @ W + b > 0)).sum(axis=0),
            "That is the gradient of the bias. The kernel's has the inputs in it, too.",
        ),
        (
            lambda X, W, b, dH: np.maximum(X @ W + b, 0),
            "That is the forward pass, H. Now go back: through the relu, then through the product.",
        ),
    ),
    hints=(
        "`Z = X @ W + b`. The relu hands back `dH` where `Z > 0` and 0 elsewhere: multiply by "
        "`(Z > 0)`.",
        "Of what arrives, `dZ`, the kernel gets the inputs times it, of shape $n \\times h$: "
        "`X.T @ "
        "dZ`.",
    ),
    worked=(
        "\n\n```python\n"
        "def kernel_gradient(X, W, b, dH):\n"
        "    Z = X @ W + b\n"
        "    dZ = dH * (Z > 0)\n"
        "    return X.T @ dZ\n"
        "```"
    ),
)

# ---------------------------------------------------------------------------- 7.7 find the bug

FIND_THE_BUG = Exercise(
    number="7.7",
    deeper=True,
    title="Find the bug",
    task=(
        "Which line of `suspicious` is wrong? The table says which gradients agree with the "
        "checked pass. "
        "Walk back from the loss: the first line whose result is wrong is the culprit; what "
        "comes after it only passes the mistake on. Answer with its letter, `a` to `g`."
    ),
    template='my_choice = ...\n\nexercise("7.7").check(my_choice)',
    answer=Choice("abcdefg"),
    right="e",
    praise=(
        "H is what the relu has made, and never below 0: `H >= 0` always holds, and blame flows "
        "back "
        "through neurons that are shut. It should be `Z > 0`, or `H > 0`. One sign, no error "
        "message."
    ),
    mistakes=(
        ("a", "The gradients of W2 and b2 are made from dS, and both agree. So dS is right."),
        ("b", "W2's gradient agrees."),
        ("c", "b2's gradient agrees."),
        (
            "d",
            "Here nothing is wrong: dS is right, and a product with W2 hands back dS times W2 "
            "transposed.",
        ),
        ("f", "W1's gradient is wrong, and so is b1's, in line g. What do the two lines share?"),
        ("g", "b1's gradient is wrong, and so is W1's, in line f. What do the two lines share?"),
    ),
    hints=(
        "W2 and b2 agree, W1 and b1 differ. Which lines are used for the second pair only?",
        "Lines f and g both start from dZ. So the bug is in d or e. Write down what each should "
        "be, "
        "with the table of section 4.",
    ),
    worked=(
        '"e". $dH$ is handed back where the relu was **open on the way forward**, $Z > 0$. The '
        "line asks where $H = \\text{relu}(Z)$ is at least 0, which is everywhere. Right: "
        "`dZ = dH * (Z > 0)`."
    ),
)

# -------------------------------------------------------------------- 7.5 weights of the right size


def _size_in_layer_6(c: float) -> float:
    """Return the size of layer 6 in units of layer 1, in the explorer's network with relu."""
    # Without biases, relu(c z) = c relu(z): every layer brings one more factor c.
    return _at_one() * min(c, 1e9) ** 5 if c > 0 else 0.0


def _at_one() -> float:
    """Return the same at c = 1, for the 100 digits and the weights of the explorer."""
    if not _MEASURED:
        from course_lib.data import load_small_digits

        layer, sizes = load_small_digits().train[1200:1300].arrays()[0], []
        rng = np.random.default_rng(1)
        for _ in range(6):
            layer = np.maximum(layer @ (rng.normal(size=(64, 64)) / 8), 0)
            sizes.append(math.sqrt(np.mean(layer**2)))
        _MEASURED.append(sizes[-1] / sizes[0])
    return _MEASURED[0]


_MEASURED: list[float] = []

RIGHT_SIZE = Exercise(
    number="7.5",
    title="Weights of the right size",
    task=(
        "Go back to the explorer and choose relu. Find a $c$ with which layer 6 is as large as "
        "layer "
        "1, within 20 %: the line under the figure should say between 0.8 and 1.2 times."
    ),
    template='my_c = ...\n\nexercise("7.5").check(my_c)',
    answer=Numbers(tolerance=0),
    right=lambda c: 0.8 <= _size_in_layer_6(c) <= 1.2,
    praise=(
        "That is near √2 = 1.41, the value of He. It holds for any number of layers and of "
        "neurons, "
        "which is why libraries can build it in."
    ),
    mistakes=(
        (lambda c: c <= 0, "A spread is above 0. With c = 0 nothing comes through at all."),
        (
            lambda c: _size_in_layer_6(c) > 100,
            "Far too large: every layer multiplies, and the sixth is more than 100 times the "
            "first.",
        ),
        (
            lambda c: 0.9 <= c <= 1.1,
            "With c = 1 the sum of n products has the right size, and then the relu sets half of "
            "it "
            "to zero. Make up for that.",
        ),
        (lambda c: _size_in_layer_6(c) < 0.8, "Too small: the numbers fade from layer to layer."),
        (lambda c: _size_in_layer_6(c) > 1.2, "Too large: the numbers grow from layer to layer."),
    ),
    hints=(
        "At $c = 1$ the mean square is halved in every layer. What factor on the weights doubles a "
        "mean square?",
        "A factor $c$ on the weights is a factor $c^2$ on the mean square. So $c^2$ should be 2.",
    ),
    worked=(
        r"The relu halves the mean square; $c^2 = 2$ makes up for it, $c = \sqrt 2 \approx "
        r"1.41$. In "
        "this network, with its luck of the draw, everything from about 1.37 to 1.47 is within "
        "20 %."
    ),
)

# --------------------------------------------------- 7.6 the training loop, saved and resumed


@dataclass(frozen=True)
class InTwoParts(Function):
    """A training loop, run at once and again in two parts: what counts is where both end."""

    def _try(self, function: Callable, arguments: tuple) -> tuple:
        def trained(w: Any, rule: type, updates: int) -> Any:
            return _two_ways(function, w, rule, updates)

        return super()._try(trained, arguments)

    def agrees(self, value: list, reference: Callable) -> bool:
        """Return whether both ways end where those of the loop `reference` do."""
        return super().agrees(value, lambda *given: _two_ways(reference, *given))

    def differs(self, value: list, reference: Callable) -> str:
        """Return where the loop is first seen to go wrong: at once, or when it is resumed."""
        for (w, rule, updates), _, found in value:
            right = _two_ways(reference, w, rule, updates)
            for number, what in enumerate(("run at once", "stopped half-way", "resumed")):
                part = slice(number * (w.size + 1), (number + 1) * (w.size + 1))
                (*ends, k), (*wanted, count) = found[part], right[part]
                if not np.allclose(ends, wanted, rtol=0, atol=self.tolerance):
                    where = f"{ends[0]:.4g}, and should at {wanted[0]:.4g}"
                    return f"With {rule.__name__}, {what}, w ends at {where}."
                if k != count:
                    return (
                        f"With {rule.__name__}, {what}, k ends at {k:g}, and should at {count:g}."
                    )
        return ""


def _two_ways(train: Callable, w: Any, rule: type, updates: int) -> np.ndarray:
    """Return where a loop ends that runs at once, and where one that stops on the way does."""
    given = (pull, rule(), _falling, _numbers)
    begin = {"w": w, "state": rule().init(w), "k": 0}
    at_once = train(dict(begin), *given, updates)
    first = train(dict(begin), *given, updates // 2)
    resumed = train(dict(first), *given, updates - updates // 2)
    ends = [at_once["w"], at_once["k"], first["w"], first["k"], resumed["w"], resumed["k"]]
    return np.concatenate([np.ravel(np.asarray(end, dtype=float)) for end in ends])


def _begun(begun: int, k: int) -> int:
    return begun


def _falling(k: int) -> float:
    return 0.2 / (1 + k)


def _numbers(k: int) -> np.ndarray:
    return np.array([1.0, 3.0]) + k


def _loop(
    rate: Callable = lambda schedule, k, n: schedule(k),
    pick: Callable = lambda batch, k, n: batch(k),
    remember: bool = True,
    count: Callable = lambda begun, k: k,
    start: Callable = lambda rule, w, state: state,
    sign: float = 1.0,
    more: int = 0,
) -> Callable:
    """Return a training loop with some of its parts exchanged."""

    def train(checkpoint, gradient, rule, schedule, batch, updates):
        w, k = checkpoint["w"], checkpoint["k"]
        state = start(rule, w, checkpoint["state"])
        for n in range(updates + more):
            g = sign * gradient(w, pick(batch, k, n))
            w, after = rule.step(w, g, state, lr=rate(schedule, k, n))
            state = after if remember else state
            k += 1
        return {"w": w, "state": state, "k": count(checkpoint["k"], k)}

    return train


def _only(updates_done: Callable) -> Callable:
    """Return a loop that does another number of updates than it is asked for."""

    def train(checkpoint, *given):
        *tools, updates = given
        return _loop()(checkpoint, *tools, updates_done(updates, checkpoint["k"]))

    return train


_TRAIN = (
    "def keep_training(checkpoint, gradient, rule, schedule, batch, updates):\n"
    '    w, state, k = checkpoint["w"], checkpoint["state"], checkpoint["k"]\n'
    "    for _ in range(updates):\n"
)
_BACK = '    return {"w": w, "state": state, "k": k}\n'

LOOP = Exercise(
    number="7.6",
    title="Write the loop, save it, resume it",
    task=(
        "Write the body of `keep_training`. In update $k$ it takes `batch(k)`, asks "
        "`gradient(w, batch)`, and lets `rule.step(w, g, state, lr=...)` update with the rate "
        "`schedule(k)`. A step returns the next $w$ and the next state. What it returns is a "
        "**checkpoint**: all that the next update depends on. So a run that is stopped and "
        "handed its own checkpoint must end exactly where one does that was never stopped."
    ),
    template=_TRAIN
    + "        ...  # batch, gradient, update, and count\n"
    + _BACK
    + '\n\nexercise("7.6").check(keep_training)',
    answer=InTwoParts(
        inputs=lambda: [
            (np.array([0.0, 1.0]), Momentum, 6),
            (np.array([2.0]), Adam, 4),
        ],
        failures=(
            (
                r"KeyError|indices|subscriptable|not iterable",
                "Your function must return the checkpoint, a dictionary with `w`, `state` and `k`, "
                "after the loop.",
            ),
            (
                r"inhomogeneous|for -: 'dict'|setting an array element|tuple",
                "`rule.step` returns two things, in this order: `w, state = rule.step(…)`.",
            ),
            (r"TypeError: .*arguments?", "Your function must take the six arguments of the task."),
        ),
    ),
    right=_loop(),
    praise=(
        "The run that was stopped ends at the very same numbers, because the checkpoint holds "
        "everything the next update depends on: the parameters, the rule's state, and the count, "
        "which gives the rate and the batch."
    ),
    mistakes=(
        (
            lambda checkpoint, gradient, rule, schedule, batch, updates: checkpoint,
            "Your loop changes nothing. Does it put the result back: `w, state = rule.step(…)`?",
        ),
        (
            _loop(count=_begun, rate=lambda s, k, n: s(0), pick=lambda b, k, n: b(0)),
            "The count never moves, so every update takes the first batch and the first rate. "
            "End each turn with `k = k + 1`.",
        ),
        (
            _loop(rate=lambda schedule, k, n: schedule(n)),
            "Your schedule starts again from 0 when the run is resumed. Ask it at `k`, which the "
            "checkpoint remembers.",
        ),
        (
            _loop(pick=lambda batch, k, n: batch(n)),
            "When it is resumed, your run takes the first batches again. Ask for `batch(k)`.",
        ),
        (
            _loop(
                rate=lambda s, k, n: s(n),
                pick=lambda b, k, n: b(n),
                count=lambda begun, k: k - begun,
            ),
            "Run at once, it is right. Resumed, it begins again with batch and rate 0, and counts "
            "only its own updates: go on from the checkpoint's `k`.",
        ),
        (
            _loop(count=lambda begun, k: k - begun),
            "Your checkpoint counts only the updates of the last call. Go on from its `k`.",
        ),
        (
            _loop(rate=lambda s, k, n: s(n), pick=lambda b, k, n: b(n)),
            "Run at once, it is right. Resumed, it begins again with batch and rate 0: use `k`, "
            "which the checkpoint remembers.",
        ),
        (
            _loop(count=_begun),
            "Your checkpoint does not say how many updates were done. Count in `k`, use it for "
            "batch and rate, and return it.",
        ),
        (
            _loop(remember=False),
            "The state that `rule.step` returns is lost, so the rule forgets after each step: "
            "`w, state = rule.step(…)`.",
        ),
        (
            _loop(start=lambda rule, w, state: rule.init(w)),
            "When it is resumed, your rule begins with an empty state. Take the one in the "
            "checkpoint, and return the newest, not the one you were given.",
        ),
        (
            _loop(rate=lambda schedule, k, n: None),
            "You left the schedule out: the rule took its own rate. Hand over `lr=schedule(k)`.",
        ),
        (
            _loop(rate=lambda schedule, k, n: schedule(0)),
            "The rate stays what it was at first. Ask `schedule(k)` anew in every update.",
        ),
        (
            _loop(rate=lambda schedule, k, n: schedule(k + 1)),
            "You asked for the rate after you had counted. The first update uses `schedule(0)`.",
        ),
        (
            _loop(
                rate=lambda schedule, k, n: schedule(k + 1), pick=lambda batch, k, n: batch(k + 1)
            ),
            "You count before the update. The first one has k = 0: count at the end of the turn.",
        ),
        (_loop(more=-1), "You take one update too few."),
        (
            _loop(count=lambda begun, k: max(begun, k - 1)),
            "Your k is one too small in the end: `for k in range(…)` stops before it has counted "
            "the last update. Count with `k = k + 1`.",
        ),
        (
            _only(lambda updates, k: min(updates, 1)),
            "Your loop ends after the first update. Is `return` inside the loop?",
        ),
        (
            _only(lambda updates, k: max(updates - k, 0)),
            "Resumed, your loop does too few updates: `updates` says how many are to be done now, "
            "whatever `k` is.",
        ),
        (
            _loop(pick=lambda batch, k, n: batch(k - n)),
            "Every update of a call takes the same batch. Ask for `batch(k)` inside the loop.",
        ),
        (_loop(sign=-1.0), "Your w moves uphill. `rule.step` wants the gradient as it is."),
        (_loop(more=1), "You take one update too many."),
    ),
    hints=(
        "Four lines in the loop: `g = gradient(w, batch(k))`, then the step, then the count.",
        "The step is `w, state = rule.step(w, g, state, lr=schedule(k))`, the count `k = k + 1`.",
    ),
    worked=(
        "\n\n```python\n"
        + _TRAIN
        + "        g = gradient(w, batch(k))\n"
        + "        w, state = rule.step(w, g, state, lr=schedule(k))\n"
        + "        k = k + 1\n"
        + _BACK
        + "```"
    ),
)

# ------------------------------------------------------------------------- 7.8 zero_grad forgotten


def _bowl(zeroed: bool, updates: int, alpha: float = 0.25) -> float:
    w, grad = 1.0, 0.0
    for _ in range(updates):
        grad = 2 * w + (0 if zeroed else grad)
        w -= alpha * grad
    return w


FORGOTTEN = Exercise(
    number="7.8",
    deeper=True,
    title="zero_grad forgotten",
    task=(
        r"The loss is $L = w^2$, the start $w = 1$, the learning rate $\alpha = 0.25$. You call "
        "`backward()` and `step()` in turn, twice each, with plain gradient descent, and never "
        "call "
        "`zero_grad()`. Where is $w$ after the second step? Compute it by hand."
    ),
    template='w_after = ...\n\nexercise("7.8").check(w_after)',
    answer=Numbers(tolerance=1e-6),
    right=_bowl(zeroed=False, updates=2),
    praise=(
        "The second step uses 2 + 1 = 3 where it should use 1. It leaps across the minimum at 0, "
        "to "
        "the other side."
    ),
    mistakes=(
        (
            _bowl(zeroed=True, updates=2),
            "That is what happens with `zero_grad()`. Without it, the second gradient is added to "
            "the first.",
        ),
        (_bowl(zeroed=False, updates=1), "That is where one step leads. There are two."),
        (_bowl(zeroed=False, updates=3), "That is where three steps lead. There are two."),
        (
            0.5 - 0.25 * 2,
            "You used the first gradient again. `backward()` adds the new one, at w = 0.5, to it.",
        ),
        (3, "That is what lies in `grad` at the second step. Now take the step."),
        (
            0.5 + 0.25 * 3,
            "A sign: the step goes against the gradient, from 0.5 down by 0.25 · 3.",
        ),
        (
            0.5 - 0.25 * 4,
            "You added the first gradient twice. At w = 0.5 the slope is 2 · 0.5 = 1.",
        ),
    ),
    hints=(
        "The first step is as always: the slope at 1 is 2. Where are you now, and what lies in "
        "`grad`?",
        "You are at 0.5, `grad` holds 2, and `backward()` adds the slope at 0.5, which is 1.",
    ),
    worked=(
        r"First: slope 2, so $w = 1 - 0.25 \cdot 2 = 0.5$. Second: slope $2 \cdot 0.5 = 1$, "
        r"added to the 2 "
        r"that is still there: 3. So $w = 0.5 - 0.25 \cdot 3 = -0.25$."
    ),
    otherwise="Keep two columns: w, and what lies in `grad`.",
)

# ------------------------------------------------------------------------ 7.9 accumulate on purpose


def _accumulate(gradient, w, batches, alpha, every):
    total = 0.0
    for k, batch in enumerate(batches, start=1):
        total = total + gradient(w, batch)
        if k % every == 0:
            w = w - alpha * total / every
            total = 0.0
    return w


def _accumulate_wrongly(gradient, w, batches, alpha, every, mean=True, forget=True):
    total = 0.0
    for k, batch in enumerate(batches, start=1):
        total = total + gradient(w, batch)
        if k % every == 0:
            w = w - alpha * total / (every if mean else 1)
            total = 0.0 if forget else total
    return w


def _last_of_each(gradient, w, batches, alpha, every):
    for batch in batches[every - 1 :: every]:
        w = w - alpha * gradient(w, batch)
    return w


def _one_early(gradient, w, batches, alpha, every):
    total = 0.0
    for k, batch in enumerate(batches):
        total = total + gradient(w, batch)
        if k % every == 0:
            w = w - alpha * total / every
            total = 0.0
    return w


def _update_before_adding(gradient, w, batches, alpha, every):
    total = 0.0
    for k, batch in enumerate(batches):
        if k and k % every == 0:
            w = w - alpha * total / every
            total = 0.0
        total = total + gradient(w, batch)
    return w


def pull(w, batch):
    """Return the gradient of the mean of (w − x)² over a batch of numbers x."""
    return 2 * (w - np.mean(batch))


def _batches() -> list[tuple]:
    rng = np.random.default_rng(6)
    return [
        (pull, np.array([0.0]), np.array([[1.0, 3.0], [5.0, 7.0]]), 0.25, 2),
        (pull, np.array([2.0]), rng.normal(size=(6, 4)), 0.1, 3),
        (pull, np.array([-1.0, 1.0]), rng.normal(size=(4, 4)), 0.2, 1),
    ]


ACCUMULATE = Exercise(
    number="7.9",
    deeper=True,
    title="Accumulate on purpose",
    task=(
        "Write `accumulate(gradient, w, batches, alpha, every)`: a training loop that updates only "
        "once for `every` batches, with the **mean** of their gradients, and then empties the sum. "
        "`gradient(w, batch)` gives the gradient on a batch; the number of batches is a multiple "
        "of "
        "`every`. Return the last `w`. Five to eight lines do it."
    ),
    template=(
        "def accumulate(gradient, w, batches, alpha, every):\n"
        "    for k, batch in enumerate(batches, start=1):\n"
        "        ...\n"
        "    return w\n"
        "\n\n"
        'exercise("7.9").check(accumulate)'
    ),
    answer=Function(inputs=_batches, tolerance=1e-9),
    right=_accumulate,
    praise=(
        "Your loop takes the same steps as one with batches `every` times as large, and needs the "
        "memory of a small one."
    ),
    mistakes=(
        (
            lambda gradient, w, batches, alpha, every: w,
            "Your function returns the w it was given: no update has happened. Does your `if` ever "
            "hold?",
        ),
        (
            lambda *given: _accumulate_wrongly(*given, forget=False),
            "The sum is never emptied: that is the forgotten `zero_grad`. Set `total = 0.0` after "
            "each update.",
        ),
        (
            lambda *given: _accumulate_wrongly(*given, mean=False),
            "You update with the sum of the gradients. Divide it by `every` to get their mean.",
        ),
        (
            lambda *given: _accumulate_wrongly(*given, mean=False, forget=False),
            "Two things: divide the sum by `every`, and set it to 0 after each update.",
        ),
        (
            lambda gradient, w, batches, alpha, every: _accumulate(gradient, w, batches, alpha, 1),
            "You update after every batch. Update only when `k % every == 0`.",
        ),
        (
            _one_early,
            "Your first update comes after one batch: k counts from 0, and 0 % every is 0. Count "
            "with `start=1`.",
        ),
        (
            _update_before_adding,
            "The last group is never used for an update. Add the gradient first, then ask "
            "whether the group is complete, with k counted from 1.",
        ),
        (
            _last_of_each,
            "You update once for `every` batches, but with the gradient of the last one only. Add "
            "them up.",
        ),
        (
            lambda gradient, w, batches, alpha, every: _accumulate(
                gradient, w, batches, -alpha, every
            ),
            "Your w moves uphill. Did you forget the minus sign of the update?",
        ),
        (
            lambda gradient, w, batches, alpha, every: _accumulate(
                gradient, w, batches[:every], alpha, every
            ),
            "Your loop ends after the first update. Is `return` inside the loop?",
        ),
    ),
    hints=(
        "Start with `total = 0.0` before the loop, and add `gradient(w, batch)` to it inside. "
        "Then ask whether this batch completes a "
        "group: `if k % every == 0:`",
        "In the `if` stand two lines: the update `w = w - alpha * total / every`, and `total = "
        "0.0`, "
        "which is `zero_grad`.",
    ),
    worked=(
        "\n\n```python\n"
        "def accumulate(gradient, w, batches, alpha, every):\n"
        "    total = 0.0\n"
        "    for k, batch in enumerate(batches, start=1):\n"
        "        total = total + gradient(w, batch)\n"
        "        if k % every == 0:\n"
        "            w = w - alpha * total / every\n"
        "            total = 0.0\n"
        "    return w\n"
        "```"
    ),
)

EXERCISES = (
    BACKWARD_BY_HAND,
    PLUS_AND_TIMES,
    BACKWARD,
    KERNEL_GRADIENT,
    RIGHT_SIZE,
    LOOP,
    FIND_THE_BUG,
    FORGOTTEN,
    ACCUMULATE,
)

# ------------------------------------------------------------------------------------ predictions

_PATHS = ("1, their sum", "−6, their product", "3, the larger")
_DOUBLE = ("it stays at 5", "it grows to 10", "it grows beyond 10")
_FAVORITE = {
    "about 10 % of the time": 0.1,
    "about 30 % of the time": 0.3,
    "about 60 % of the time": 0.6,
}
_DEPTH = {"about as large": 1.0, "about a sixth": 1 / 6, "about six times as large": 6.0}
_FORGET = ("it arrives, only faster", "it swings back and forth", "it grows until it overflows")
_CUT = ("that of both kernels", "that of W1 only", "that of W2 only")
_LOADING = ("less than twice as long", "two to five times as long", "over five times as long")
_SLICE = ("a long, winding path", "almost a single point", "a long, straight line")


def _nearest(options: dict[str, float], value: float) -> str:
    """Return the option whose number is nearest, by ratio."""
    return min(options, key=lambda words: abs(math.log(options[words] / max(value, 1e-9))))


def _swings(walk: Any) -> str:
    size = np.abs(walk[-25:]).max()
    return _FORGET[2 if not size < 10 else 1 if size > 0.1 else 0]


PREDICTIONS = (
    Prediction(
        number="7.a",
        question=(
            "x goes into two machines at once, × 3 and × (−2), and a third one adds what they "
            "give. How much does x count for the end?"
        ),
        options=_PATHS,
        result=lambda slope: min(
            _PATHS, key=lambda words: abs(slope - float(words.split(",")[0].replace("−", "-")))
        ),
        why=lambda slope: (
            f"Nudge x by 1 and the end moves by {slope:g}: the nudge travels along both paths, and "
            "both effects arrive. Slopes in a row multiply, slopes side by side add."
        ),
    ),
    Prediction(
        number="7.b",
        question=(
            "The input x₁ doubles from 2 to 4; all else stays. What happens to the gradient of w₁, "
            "now 5?"
        ),
        options=_DOUBLE,
        result=lambda before, after: _DOUBLE[
            2 if after > 2.01 * before else 1 if after > 1.99 * before else 0
        ],
        why=lambda before, after: (
            f"It goes from {before:g} to {after:g}. It is the input times the blame that arrives, "
            "and both have grown: with the larger input the output is farther from its target."
        ),
    ),
    Prediction(
        number="7.c",
        question=(
            "How often does ONE untrained network give its favorite digit, on digits of all kinds?"
        ),
        options=tuple(_FAVORITE),
        result=lambda share, centered: _nearest(_FAVORITE, share),
        why=lambda share, centered: (
            f"On average {share:.0%}. All images have their ink in the middle, so for random "
            "weights they are nearly the same image, and get nearly the same scores. Subtract the "
            f"mean image from each, and it is {centered:.0%}."
        ),
    ),
    Prediction(
        number="7.d",
        question=(
            "With c = 1 and relu: how large are the numbers in the sixth layer, next to the first?"
        ),
        options=tuple(_DEPTH),
        result=lambda ratio: _nearest(_DEPTH, ratio),
        why=lambda ratio: (
            f"{ratio:.2f} of the first. A relu sets one half of a bell curve to 0 and so halves "
            f"its mean square. Five times, from layer 1 to layer 6, makes {2**-2.5:.2f}."
        ),
    ),
    Prediction(
        number="7.e",
        question=(
            "A bowl, L = w²/2, descended from w = 1 with α = 0.1, and the old gradients are never "
            "emptied. What happens?"
        ),
        options=_FORGET,
        result=_swings,
        why=lambda walk: (
            f"After {len(walk) - 1} steps |w| still goes up to {np.abs(walk[-25:]).max():.2f}. The "
            "sum of all gradients is a velocity that nothing brakes: momentum with μ = 1."
        ),
    ),
    Prediction(
        number="7.f",
        deeper=True,
        question="Set both weights of the output neuron to 0. Whose gradient becomes zero?",
        options=_CUT,
        result=lambda zero: _CUT[0 if len(zero) == 2 else 1 + ("W2" in zero)],
        why=(
            "Blame travels back through W2, so none gets past it. W2's own gradient needs what "
            "came in, H, and that is not 0."
        ),
    ),
    Prediction(
        number="7.g",
        deeper=True,
        question="How long does per-sample loading take, next to slicing?",
        options=_LOADING,
        result=lambda ratio: _LOADING[(ratio >= 2) + (ratio >= 5)],
        why=lambda ratio: (
            "Twelve hundred small steps in Python stand against nineteen large ones. Here the "
            f"first takes {ratio:.0f} times as long."
        ),
    ),
    Prediction(
        number="7.h",
        deeper=True,
        question="You look at the path on a slice in two RANDOM directions. What do you see?",
        options=_SLICE,
        result=lambda held: _SLICE[1 if held < 0.02 else 0],
        why=lambda held: (
            f"Two random directions out of 1210 hold {held:.1%} of the squared distance, and miss "
            "the rest."
        ),
    ),
)
