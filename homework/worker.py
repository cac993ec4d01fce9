"""What runs in the sandbox: the answer cells, then one call on hidden inputs.

It knows no right answer. It tells, in frames on a pipe, which cell it has come to and what the call
returned. A student's code lives in the same process and can send any frame it likes; so frames are
read as claims, and all they can claim is an answer, which is what the student is asked for.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
import sys
import threading
import traceback
from collections.abc import Mapping
from typing import Any

import numpy as np

from homework.arrays import pack

__all__ = ["FRAMES", "preload", "run"]

CELL_FLAGS = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT

FRAMES = ("cell", "broken", "call", "answer", "refused", "raised", "large")
"""The kinds of frames. A frame is its kind (1 byte), its length (8 bytes), its content."""

_LONGEST = 500


def preload() -> None:
    """Import what calls and cells need, so that a fork of this process need not."""
    import matplotlib.backends.backend_agg
    import matplotlib.figure
    import torch

    import course_lib.data
    import course_lib.lab.mnist_calls
    import course_lib.optimizers
    import course_lib.plots
    import course_lib.schedules
    import course_lib.training

    # What is loaded at the first use. No gradient is taken: torch forbids that before a fork.
    layer = torch.nn.Linear(2, 2)
    optimizer = course_lib.training.as_torch(
        course_lib.optimizers.Momentum(lr=0.1), layer.parameters()
    )
    torch.nn.functional.cross_entropy(layer(torch.zeros(1, 2)), torch.zeros(1).long())
    for parameter in layer.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    optimizer.zero_grad()
    figure = matplotlib.figure.Figure()
    matplotlib.backends.backend_agg.FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.plot([1, 2], [1, 2], label="a")
    axes.set_xscale("log")
    axes.legend()


def run(
    cells: list[tuple[str, str]],
    call: str,
    inputs: Mapping[str, np.ndarray],
    frames: int,
    largest: int,
) -> None:
    """Run `cells`, then the function `call` of `mnist_calls`; report to the file `frames`.

    Parameters
    ----------
    cells : list of (id, source)
        From `assignment.transplant`.
    call : str
        A function of `course_lib.lab.mnist_calls`.
    inputs : mapping of ndarray
        What it is called with.
    frames : int
        A file descriptor to write to.
    largest : int
        Bytes; an answer that is larger is not sent.
    """
    from course_lib.attempts import AnswerError
    from course_lib.lab import mnist_calls

    # Bound before any of the student's code runs, which may put something else in their place.
    write, packed = os.write, pack

    def tell(kind: str, content: Any = None) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        data = bytes([FRAMES.index(kind)]) + len(data).to_bytes(8, "little") + data
        while data:
            data = data[write(frames, data[: 1 << 20]) :]

    threading.excepthook = lambda given: _say("A thread", given.exc_value)
    sys.unraisablehook = lambda given: _say("A clean-up", given.exc_value)
    make = getattr(mnist_calls, call)
    names: dict[str, Any] = {"__name__": "__main__", "__builtins__": __builtins__}
    names["display"] = print  # a notebook has it without any import
    for name, source in cells:
        tell("cell", name)
        problem = _attempt(name, source, names)
        if problem:
            tell("broken", {"cell": name, **problem})
    tell("call")
    try:
        made = make(names, inputs)
        data = packed(made)
    except AnswerError as error:
        cause = _described(error.__cause__) if error.__cause__ else {}
        tell("refused", {"message": _text(error, 4 * _LONGEST), "line": cause.get("line")})
    except BaseException as error:  # SystemExit and KeyboardInterrupt are answers like any other
        tell("raised", _described(error))
    else:
        if len(data) > largest:
            tell("large", len(data))
        else:
            tell("answer", data)
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(BaseException):  # the student may have put anything there
                stream.flush()


def _attempt(name: str, source: str, names: dict[str, Any]) -> dict | None:
    """Run one cell; return what went wrong with it."""
    try:
        waiting = eval(compile(source, f"<{name}>", "exec", CELL_FLAGS), names)
        while waiting is not None:  # a cell with `await`: nothing here is worth waiting for
            try:
                waiting.send(None)
            except StopIteration:
                break
    except BaseException as error:
        return _described(error)
    return None


def _described(error: BaseException) -> dict:
    """Return what to tell a student of an error: no traceback, and no line but those of cells."""
    line, cell = None, None
    if isinstance(error, SyntaxError) and str(error.filename).startswith("<"):
        line, cell = error.lineno, str(error.filename).strip("<>")
    else:
        for frame in traceback.extract_tb(error.__traceback__):
            if frame.filename.startswith("<") and not frame.filename.startswith("<frozen"):
                line, cell = frame.lineno, frame.filename.strip("<>")
    message = error.msg if isinstance(error, SyntaxError) else _text(error, _LONGEST)
    return {
        "type": type(error).__name__[:100],
        "message": str(message)[:_LONGEST],
        "line": line,
        "in": cell,
    }


def _say(what: str, error: BaseException | None) -> None:
    """Print which error ended something beside the call: what is printed comes to a page."""
    # Where memory has run out, there may be none left to say so.
    with contextlib.suppress(BaseException):
        told = _described(error or RuntimeError())
        place = f", at line {told['line']} of {told['in']}" if told["line"] else ""
        print(f"{what} stopped: {told['type']}{place}. {told['message']}", file=sys.stderr)


def _text(error: BaseException, longest: int) -> str:
    try:
        return str(error)[:longest]
    except BaseException:  # an error class of the student's own
        return ""


def _alone(folder: str) -> None:
    """Do one job that lies in `folder`, with frames to standard output, where nothing is shared."""
    from homework.arrays import unpack

    frames = os.dup(1)
    os.dup2(2, 1)
    with open(os.path.join(folder, "job.json"), encoding="utf-8") as file:
        job = json.load(file)
    inputs = {}
    for name in job["arrays"]:
        with open(os.path.join(folder, name), "rb") as file:
            inputs |= {key: array.copy() for key, array in unpack(file.read()).items()}
    os.chdir(job.get("cwd") or os.path.dirname(folder))
    run([tuple(cell) for cell in job["cells"]], job["call"], inputs, frames, job["largest"])


if __name__ == "__main__":
    _alone(sys.argv[1])
