"""One walk at full speed: a rule's own lines, recorded once and played back on plain numbers.

A single walk spends its time calling numpy on arrays of two entries. `descent` therefore hands the
rule and the landscape symbols for numbers; each operation on them is written on a tape, the way
automatic differentiation does it. The tape is compiled into one loop over Python floats, with the
same operations in the same order, so that every bit of the result is the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields
from functools import lru_cache
from typing import Any

import numpy as np

from course_lib import landscapes, optimizers

# Recording a new pair of rule and landscape takes about a millisecond, as long as these steps.
WORTH_IT = 100


class Symbol:
    """Stands for a number on the tape. Operators write on the tape and return the result's symbol.

    Asked for its truth or its value it raises TypeError: a tape has no branches.
    """

    shape = ()

    def __init__(self, tape: Tape, name: str, changes: bool) -> None:
        self.tape, self.name, self.changes = tape, name, changes

    def __bool__(self) -> bool:
        raise TypeError("a symbol has no value to decide by")

    def __neg__(self) -> Symbol:
        return self.tape.write("-{}", self)

    def __abs__(self) -> Symbol:
        return self.tape.write("abs({})", self)

    def __pow__(self, exponent: Any) -> Symbol:
        # numpy squares an array by multiplying and takes roots by sqrt; numbers it leaves to pow.
        if self.tape.of_arrays and exponent == 2:
            return self * self
        if self.tape.of_arrays and exponent == 0.5:
            return self.tape.write("sqrt({})", self)
        return self.tape.write("{} ** {}", self, exponent)

    def __rpow__(self, base: float) -> Symbol:
        return self.tape.write("{} ** {}", base, self)

    def __array_namespace__(self, api_version: str | None = None) -> type[Namespace]:
        return Namespace


class Namespace:
    """What rules take from an array library by name."""

    @staticmethod
    def maximum(a: Symbol, b: Symbol) -> Symbol:
        """Write down the larger one, as numpy's `maximum`."""
        return a.tape.write("{0} if {0} >= {1} else {1}", a, b)


def _operator(sign: str, swapped: bool = False) -> Callable:
    pattern = f"{{1}} {sign} {{0}}" if swapped else f"{{0}} {sign} {{1}}"
    return lambda self, other: self.tape.write(pattern, self, other)


for _name, _sign in {"add": "+", "sub": "-", "mul": "*", "truediv": "/"}.items():
    setattr(Symbol, f"__{_name}__", _operator(_sign))
    setattr(Symbol, f"__r{_name}__", _operator(_sign, swapped=True))


class Tape:
    """The operations of one step, in two parts: what stays the same in each step, what changes."""

    def __init__(self) -> None:
        self.before, self.loop = [], []
        self.known: dict[str, Symbol] = {}
        self.of_arrays = False

    def write(self, pattern: str, *operands: Any) -> Symbol:
        """Write an operation down, unless it is on the tape already; return its result."""
        names = [_name_of(operand) for operand in operands]
        line = pattern.format(*names)
        if line not in self.known:
            changes = any(getattr(operand, "changes", False) for operand in operands)
            result = Symbol(self, f"t{len(self.known)}", changes)
            (self.loop if changes else self.before).append(f"{result.name} = {line}")
            self.known[line] = result
        return self.known[line]


def _name_of(operand: Any) -> str:
    if isinstance(operand, Symbol):
        return operand.name
    if type(operand) not in (int, float):
        raise TypeError(f"a tape holds plain numbers, not {type(operand).__name__}")
    return f"({operand!r})" if operand < 0 else repr(operand)


def walk(
    landscape: Any, rule: Any, start: np.ndarray, rates: list, every: int
) -> tuple[np.ndarray, np.ndarray, dict, list, np.ndarray] | None:
    """Return what `descent` records of one walk, or None where arrays have to walk it.

    Parameters
    ----------
    landscape, rule
        Any. Only the course's own are recorded: they are known to do the same in every step.
    start : ndarray, shape (d,)
        Float64.
    rates : list of float or None
        The learning rate of each step; None is the rule's own.
    every : int
        Keep each `every`-th step; it divides their number.
    """
    steps = len(rates)
    hyper = getattr(rule, "__dict__", {})
    if (
        steps < WORTH_IT
        or type(rule) not in optimizers.OPTIMIZERS.values()
        or getattr(getattr(landscape, "partials", None), "__module__", "") != landscapes.__name__
        or start.ndim != 1
        or start.dtype != np.float64
        or not all(type(value) is float for value in hyper.values())
    ):
        return None
    zero = frozenset(name for name, value in hyper.items() if value == 0)
    rates = [rule.lr if rate is None else rate for rate in rates]
    play, names = _recorded(landscape, type(rule), zero, len(start))
    state = rule.init(start)
    width = len(start)
    numbers = start.tolist()
    for value in state.values():
        numbers += value.tolist() if isinstance(value, np.ndarray) else [value]
    first, kept, slopes = list(numbers), [], []
    try:
        for k in range(0, steps, steps if every == 1 else every):
            rows = play(rates if every == 1 else rates[k : k + every], numbers, hyper)
            numbers = rows[-1][width:]
            kept += rows if every == 1 else rows[-1:]
            slopes += [row[:width] for row in rows] if every == 1 else [rows[0][:width]]
    except (OverflowError, ZeroDivisionError, ValueError):
        return None  # arrays say where it diverged
    table = np.array([first, *(row[width:] for row in kept)])
    if not math.isfinite(table[-1, :width].sum()):
        return None
    states, at = {}, width
    for name in names:
        count = np.size(state[name])
        column = table[:, at : at + count] if np.ndim(state[name]) else table[:, at]
        states[name] = column.astype(int) if type(state[name]) is int else column
        at += count
    return table[:, :width], np.array(slopes), states, rates, np.array(-1)


@lru_cache(maxsize=256)
def _recorded(landscape: Any, kind: type, zero: frozenset, width: int) -> tuple[Callable, list]:
    """Record one step of a rule on a landscape; return the loop over it and the state's names.

    Hyper-parameters are arguments of the loop, so that a slider does not record anew; those that
    are zero are left out as they are (`zero`), for a rule may skip what they switch off.
    """
    tape = Tape()
    rule, settings = object.__new__(kind), [field.name for field in fields(kind)]
    for name in settings:
        value = 0.0 if name in zero else Symbol(tape, f"hyper_{name}", changes=False)
        object.__setattr__(rule, name, value)

    def new(name: str) -> Symbol:
        return Symbol(tape, name, changes=True)

    w = [new(f"w{i}") for i in range(width)]
    g = list(landscape.partials(*w))
    tape.of_arrays = True
    state = {
        name: [new(f"{name}{i}") for i in range(width)] if np.ndim(value) else new(name)
        for name, value in kind().init(np.zeros(1)).items()
    }
    steps = []
    for i in range(width):
        own = {name: v[i] if isinstance(v, list) else v for name, v in state.items()}
        steps.append(rule.step(w[i], g[i], own, new("lr")))

    inputs, results = [s.name for s in w], [after for after, _ in steps]
    for name, symbols in state.items():
        several = isinstance(symbols, list)
        inputs += [s.name for s in symbols] if several else [symbols.name]
        results += [after[name] for _, after in (steps if several else steps[:1])]
    into, out = ", ".join(inputs), ", ".join(_name_of(each) for each in results)
    lines = [
        "def play(rates, numbers, hyper):",
        *(f"    hyper_{name} = hyper[{name!r}]" for name in settings if name not in zero),
        f"    {into}, = numbers",
        *(f"    {line}" for line in tape.before),
        "    rows = []",
        "    for lr in rates:",
        *(f"        {line}" for line in tape.loop),
        f"        rows.append(({', '.join(_name_of(each) for each in g)}, {out}))",
        f"        {into}, = {out},",
        "    return rows",
    ]
    names: dict[str, Any] = {"sqrt": math.sqrt}
    exec("\n".join(lines), names)
    return names["play"], list(state)
