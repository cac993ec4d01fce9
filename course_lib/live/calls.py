"""The function an author writes: whether an explorer can call it, how it does, and what it says.

`check` refuses in words what cannot work, `kept` fixes the names the function uses, and `Calls`
calls it: for one place of the controls, or for many at once.
"""

from __future__ import annotations

import builtins
import dis
import inspect
import io
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from types import CodeType, FunctionType
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from .controls import _named
from .watch import used
from .words import plain

MOST = 1500  # characters of what is printed that are shown
ASYNC = (
    "update must be an ordinary function: it is called many times a second, and nothing waits for "
    "it. Write `def` instead of `async def`, and call what it needs directly."
)
PYPLOT = (
    "update draws with plt, into another figure: call methods of the axes instead, as ax.plot for "
    "plt.plot and ax.set_title for plt.title."
)
ENDS = (
    "update ends with {name}, which would end Python as well. Leave it with `return`, and take out "
    "what ends a program, such as sys.exit()."
)
GROWS = (
    "update adds artists at each call, so the picture depends on the way here. "
    "Draw them once before explore, and move them in update with set_data or the like; or take "
    "away the old ones first: ax.clear(), line.remove()."
)


def check(update: Callable, controls: dict) -> None:
    """Raise, and say what to do, unless `update` is a function of exactly the controls.

    Parameters
    ----------
    update : callable
        What the author wrote.
    controls : dict
        The controls by name.

    Raises
    ------
    TypeError
        If its parameters are others, or cannot be handed over by name; if it is asynchronous; if
        it writes to names outside itself.
    """
    if inspect.iscoroutinefunction(update) or inspect.isasyncgenfunction(update):
        raise TypeError(f"explore: {ASYNC}")
    parameters = list(inspect.signature(update).parameters.values())
    nameless = [p for p in parameters if p.kind in (p.VAR_POSITIONAL, p.POSITIONAL_ONLY)]
    anything = any(p.kind is p.VAR_KEYWORD for p in parameters)
    if nameless and not (anything and nameless[0].kind is nameless[0].VAR_POSITIONAL):
        shown = ("*" if nameless[0].kind is nameless[0].VAR_POSITIONAL else "") + nameless[0].name
        raise TypeError(
            f"explore: update gets each value by the name of its control, and {shown} takes none. "
            f"Name its parameters: def update({', '.join(controls) or 'a, b'})."
        )
    takes = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    needed = [p.name for p in parameters if p.name in takes and p.default is p.empty]
    missing = [name for name in needed if name not in controls]
    if missing:
        raise TypeError(
            f"explore: update takes {', '.join(missing)}, but no control is given for it. "
            f"Add {missing[0]}=slider(low, high, value), or another control."
        )
    for name in controls:
        if name not in takes and not anything:
            has = f"It takes {', '.join(takes)}." if takes else "It takes no parameters."
            raise TypeError(
                f"explore: there is a control {name}, but update does not take it. {has}"
            )
    if isinstance(update, FunctionType) and not _of_a_module(update) and _written(update.__code__):
        name = sorted(_written(update.__code__))[0]
        raise TypeError(
            f"explore: update writes to {name}, a name outside it. It is also called for places "
            "where nobody went, so nothing may depend on how often: return what is to be said, or "
            f"keep it in a dictionary made before explore, as in seen[{name!r}] = ..."
        )


def kept(function: Callable, names: dict | None = None) -> Callable:
    """Return `function` with the global names it uses as they are now.

    Cells of a notebook share one set of names and use the same ones over and over. Without this, an
    explorer would start to move the `trail` that a later cell drew. The names of a module stay.

    Parameters
    ----------
    function : callable
        A function; anything else is returned as it is.
    names : dict, optional
        The names kept so far, for functions that it calls.
    """
    if not isinstance(function, FunctionType) or _of_a_module(function):
        return function
    names = {"__builtins__": builtins} if names is None else names
    same = FunctionType(
        function.__code__, names, function.__name__, function.__defaults__, function.__closure__
    )
    same.__kwdefaults__ = function.__kwdefaults__
    for name in used(function.__code__):
        if name in ("exit", "quit") and _ends_kernel(function.__globals__.get(name)):
            names[name] = sys.exit
        elif name in function.__globals__ and name not in names:
            value = names[name] = function.__globals__[name]
            if isinstance(value, FunctionType) and value.__globals__ is function.__globals__:
                names[name] = kept(value, names)
    return same


def _ends_kernel(value: Any) -> bool:
    """Return whether this is what IPython, or Python where it is None, calls exit and quit."""
    if type(value).__module__.split(".")[0] == "IPython":
        return True
    return value is None or any(value is vars(builtins).get(name) for name in ("exit", "quit"))


class Calls:
    """Calls an author's function, and catches what it says, prints, warns and raises.

    Attributes
    ----------
    printed : str
        What the last call printed and warned.
    """

    def __init__(self, update: Callable, figure: Figure) -> None:
        self._by_loop = False
        self.update, self.figure = update, figure
        self.printed = ""
        # Where each axes stands in its cycle of colors: what is drawn again keeps its color.
        self._cycles = [(ax, [_parts(cycle) for cycle in _cycles(ax)]) for ax in figure.axes]
        self._counts: dict[str, int] = {}  # artists on the axes, by values
        self._grows = False

    def one(self, values: dict) -> tuple[str, Exception | None]:
        """Call it for these values; return what it says, or what went wrong in words and itself."""
        try:
            with self._caught(), on_its_axes():
                said = self.update(**values)
                if inspect.isgenerator(said):
                    said = next(said, None)
                standing = plain(_said(said, values))
        except Exception as error:
            return failure(values, error), error
        self._watch_growth(values)
        return standing, None

    def many(
        self, name: str, places: list[dict], at_once: bool
    ) -> Iterator[tuple[dict, str, Exception | None]]:
        """Call it for many places of one control, and yield each with what `one` returns for it.

        A function that yields takes them all at once, if they are numbers.
        """
        done = 0
        numbers = [place[name] for place in places]
        if at_once and len(places) > 1 and inspect.isgeneratorfunction(self.update):
            # What fails for a batch is asked for one by one, to tell which place it was.
            with suppress(Exception):
                steps = self.update(**places[0] | {name: np.array(numbers)[:, None]})
                for place in places:
                    with self._caught():
                        said = next(steps)
                    done += 1
                    yield place, plain(str(said)), None
        for place in places[done:]:
            yield place, *self.one(place)

    @contextmanager
    def by_loop(self) -> Iterator[None]:
        """Let no interrupt pass meanwhile: the kernel's loop would end with it."""
        before, self._by_loop = self._by_loop, True
        try:
            yield
        finally:
            self._by_loop = before

    @contextmanager
    def survived(self) -> Iterator[None]:
        """Raise as an ordinary error what would end the kernel's loop, such as sys.exit().

        Whoever interrupts a cell ends it, as always.
        """
        try:
            yield
        except (Exception, KeyboardInterrupt) as error:
            if self._by_loop and isinstance(error, KeyboardInterrupt):
                raise RuntimeError("It was interrupted.") from error
            raise
        except BaseException as error:
            raise RuntimeError(ENDS.format(name=type(error).__name__)) from error

    @contextmanager
    def _caught(self) -> Iterator[None]:
        """Take what is printed and warned meanwhile."""
        for ax, all_parts in self._cycles:
            for cycle, parts in zip(_cycles(ax), all_parts, strict=True):
                for part, state in parts:
                    vars(part or cycle).update(state)
        lines = io.StringIO()
        self.printed = ""
        taken = [_Taken(lines, stream) for stream in (sys.stdout, sys.stderr)]
        try:
            with (
                self.survived(),
                warnings.catch_warnings(record=True) as warned,
                redirect_stdout(taken[0]),
                redirect_stderr(taken[1]),
                _logged_to(taken),
            ):
                yield
        finally:
            for stream in taken:
                stream.thread = None
            said = [f"{each.category.__name__}: {each.message}" for each in warned]
            text = "\n".join([*lines.getvalue().splitlines(), *dict.fromkeys(said)])
            self.printed = text if len(text) <= MOST else f"… {text[-MOST:]}"

    def _watch_growth(self, values: dict) -> None:
        """Say so where a call leaves more on the axes than an earlier one for the same values."""
        place, count = in_words(values), sum(len(ax.get_children()) for ax in self.figure.axes)
        if len(self._counts) > 1000:
            self._counts.clear()
        self._grows |= count > self._counts.setdefault(place, count)
        if self._grows:
            self.printed = "\n".join(filter(None, [self.printed, GROWS]))


class _Taken:
    """A stream that takes what its own thread writes and hands on what others write.

    A cell may print while another thread of the kernel answers a slider. Should the two leave in
    another order than they came, `thread` is None, and all is handed on.
    """

    def __init__(self, lines: io.StringIO, others: Any) -> None:
        self.lines, self.others = lines, others
        self.thread: int | None = threading.get_ident()

    def write(self, text: str) -> int:
        mine = self.thread == threading.get_ident()
        return int((self.lines if mine else self.others).write(text) or 0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.others, name)


@contextmanager
def _logged_to(taken: list[_Taken]) -> Iterator[None]:
    """Let the log go where what is printed goes: it keeps to the stream it began with."""
    ways = {id(stream.others): stream for stream in taken}
    before = {}
    for handler in logging.getLogger().handlers:
        stream = getattr(handler, "stream", None)
        stream = stream.others if isinstance(stream, _Taken) else stream
        if id(stream) in ways:
            before[handler], handler.stream = stream, ways[id(stream)]  # type: ignore[attr-defined]
    try:
        yield
    finally:
        for handler, stream in before.items():
            handler.stream = stream  # type: ignore[attr-defined]


@contextmanager
def on_its_axes() -> Iterator[None]:
    """Raise if pyplot draws meanwhile: it does not know the figure that is explored."""
    pyplot: Any = sys.modules.get("matplotlib.pyplot")
    numbers = pyplot.get_fignums() if pyplot else []
    current = pyplot.gcf().number if numbers else None
    open_ones = {number: pyplot.figure(number) for number in numbers}
    if current is not None:
        pyplot.figure(current)
    were_stale = {number for number, other in open_ones.items() if other.stale}
    for other in open_ones.values():
        other.stale = False
    try:
        yield
    except ValueError as error:
        if "pyplot" in str(error):  # which does not know the figure that is explored
            raise RuntimeError(PYPLOT) from error
        raise
    finally:
        drawn = [other for other in open_ones.values() if other.stale]
        for number in were_stale:
            open_ones[number].stale = True
        pyplot = sys.modules.get("matplotlib.pyplot")
        new = set(pyplot.get_fignums()) - set(open_ones) if pyplot else set()
        for number in new:
            pyplot.close(number)
    if new or drawn:
        raise RuntimeError(PYPLOT)


def failure(values: dict, error: Exception) -> str:
    """Return which values cannot be drawn, and why.

    Parameters
    ----------
    values : dict
        What `update` was called with.
    error : Exception
        What it raised.
    """
    problem = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"This cannot be drawn for {in_words(values)}. {problem}"


def in_words(values: dict) -> str:
    """Return names and values as a person writes them.

    Parameters
    ----------
    values : dict
        By name.
    """

    def word(value: Any) -> str:
        if isinstance(value, tuple):
            return f"({', '.join(map(word, value))})"
        if isinstance(value, float):
            return f"{value:.4g}"
        return _named(value)

    return ", ".join(f"{name} = {word(value)}" for name, value in values.items())


def _said(said: Any, values: dict) -> str:
    """Return what a function returned as a sentence; the values where it says nothing in words."""
    if inspect.iscoroutine(said):
        said.close()
        raise TypeError(ASYNC)
    if said is None or _drawing(said):
        return in_words(values)
    return in_words(said) if isinstance(said, dict) else str(said)


def _drawing(said: Any) -> bool:
    """Return whether what was returned is what was drawn: an artist, or a list that holds one."""
    if isinstance(said, (list, tuple)):
        return not said or any(map(_drawing, said))
    return isinstance(said, Artist)


def _cycles(ax: Any) -> tuple:
    """Return what gives an axes the colors of its lines and of its areas, one after the other."""
    return ax._get_lines, ax._get_patches_for_fill


def _parts(cycle: Any) -> list[tuple[Any, dict]]:
    """Return the attributes of a cycle, whichever object it is then, and of the parts it has."""
    state = dict(vars(cycle))
    inner = [(part, dict(vars(part))) for part in state.values() if hasattr(part, "__dict__")]
    return [(None, state), *inner]


def _written(code: CodeType) -> set[str]:
    steps = dis.get_instructions(code)
    return {step.argval for step in steps if step.opname in ("STORE_GLOBAL", "DELETE_GLOBAL")}


def _of_a_module(function: FunctionType) -> bool:
    """Return whether it was written in a file, whose names nobody uses twice."""
    module = sys.modules.get(function.__module__ or "")
    return (
        module is not None
        and module.__name__ != "__main__"
        and (function.__globals__ is vars(module))
    )
