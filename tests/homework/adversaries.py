"""Submissions that try what submissions must not, each with the grade and the words it has to get.

An attack that would succeed says so by itself: it raises `Succeeded`, or changes something that a
test looks at afterward. Where it fails, the rest of the submission is right and gets its points.
"""

from __future__ import annotations

import copy
import json
import os
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import nbformat
import numpy as np

from course_lib.data import find_mnist
from homework import assignment
from homework.questions import OWN_CODE

PLAIN = {"update_rule": 15.0, "training_loop": 20.0, "sweep_plot": 8.0}
"""Questions that are right unless the attack stands in their place, and quick to grade."""

GRADED = "Graded."
NOT_ATTEMPTED = "Not attempted: the answer cell is as it was handed out."
MISSING = "Not attempted: the answer cell is missing."
ENDED = (
    "Your code ended the whole process before there was an answer: by `exit`, by a signal, or by "
    "a crash."
)
CELL_ENDED = ENDED.replace("Your code", "The cell itself, when it runs,")
TOO_LONG = "Your code took longer than the 3 seconds it may take, and was stopped. "
TOO_LONG += "Is there an infinite loop?"
CELL_TOO_LONG = TOO_LONG.replace("Your code", "The cell itself, when it runs,")
STILL = (
    "No weight moves. Is there `loss.backward()`, then `optimizer.step()`? And `zero_grad()` must "
)
STILL += "not stand between the two: it throws the gradients away."
UNREADABLE = "Your code sent something that can't be read as numbers."


@cache
def reference() -> dict[str, str]:
    """Return the right answers, by id."""
    return {
        assignment.mark_of(cell)["grade_id"]: re.sub(
            r"(?m)^\s*### (BEGIN|END) SOLUTION\n?", "", cell.source
        )
        for cell in nbformat.read(assignment.SOURCE, as_version=4).cells
        if assignment.mark_of(cell).get("solution")
    }


def notebook(answers: dict[str, str] | None = None, right: tuple = tuple(PLAIN)) -> dict:
    """Return a released notebook with right answers to some questions and others given."""
    made = copy.deepcopy(assignment.pristine())
    answers = {name: reference()[name] for name in right} | (answers or {})
    for cell in made.cells:
        name = assignment.mark_of(cell).get("grade_id")
        if name in answers:
            cell.source = answers[name]
    return json.loads(nbformat.writes(made))


def cell_of(made: dict, name: str) -> dict:
    """Return the cell of this grade_id."""
    return next(
        cell
        for cell in made["cells"]
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == name
    )


@dataclass(frozen=True)
class World:
    """What there is to attack: `home` has submissions and grades, a server listens at `port`."""

    home: Path
    port: int
    grader: int

    @property
    def submissions(self) -> Path:
        return self.home / "submissions"

    @property
    def grades(self) -> Path:
        return self.home / "grades"


@dataclass(frozen=True)
class Attack:
    """One submission and what has to become of it.

    Attributes
    ----------
    what : str
        What it tries, in words.
    write : callable
        Takes the world and the name; writes what is handed in.
    points : dict
        For each question that gets any.
    says : dict
        For questions, the exact words of the first check that failed.
    status, words : str
        Of the whole submission.
    notes : str
        What is noted about it, a part of it.
    student : str
        Its name, if that is not the key in `ATTACKS`.
    """

    what: str
    write: Callable[[World, str], object]
    points: dict[str, float] = field(default_factory=dict)
    says: dict[str, str] = field(default_factory=dict)
    status: str = "graded"
    words: str = GRADED
    notes: str = ""
    student: str = ""


ATTACKS: dict[str, Attack] = {}


def attack(
    name: str, what: str, write: Callable, points: dict | None = None, **more: object
) -> None:
    ATTACKS[name] = Attack(what, write, dict(PLAIN) if points is None else points, **more)


def answers(**given: str) -> Callable:
    """Return a writer of a notebook with these answers."""

    def write(world: World, name: str) -> None:
        save(world, name, notebook({key: filled(text, world) for key, text in given.items()}))

    return write


def filled(text: str, world: World) -> str:
    """Put the places of this world, and the right answers, into an attack."""
    text = re.sub(r"<<(\w+)>>", lambda found: reference()[found[1]], text)
    for word, value in (
        ("HOME", str(world.home)),
        ("COURSE", str(assignment.ROOT)),
        ("PORT", str(world.port)),
        ("GRADER", str(world.grader)),
        ("DATA", str(find_mnist() or "/nowhere")),
    ):
        text = text.replace(f"@{word}@", value)
    return text


def save(world: World, name: str, made: dict) -> Path:
    path = world.submissions / f"{name}.ipynb"
    path.write_text(json.dumps(made), encoding="utf-8")
    return path


def raw(content: bytes) -> Callable:
    return lambda world, name: (world.submissions / f"{name}.ipynb").write_bytes(content)


def without(*names: str) -> dict[str, float]:
    return {name: points for name, points in PLAIN.items() if name not in names}


def loop(body: str, before: str = "") -> str:
    """Return an answer to task 2 that does something else."""
    lines = "\n".join(f"    {line}" for line in body.strip("\n").split("\n"))
    return f"{before}def one_epoch(network, optimizer, batches):\n{lines}\n"


def beside(attempt: str) -> str:
    """Return an answer to task 2 that is right, and tries something before."""
    return f"class Succeeded(Exception):\n    pass\n\n\n{attempt}\n\n<<training_loop>>"


def below(made: dict, name: str, source: str) -> None:
    """Put a new cell below the cell of this name."""
    place = made["cells"].index(cell_of(made, name)) + 1
    cell = {
        "cell_type": "code",
        "metadata": {},
        "source": source,
        "outputs": [],
        "id": f"new-{place}",
    }
    made["cells"].insert(place, cell | {"execution_count": None})


def second_own_code() -> dict:
    """Return a right notebook whose answers need cells that did not come with it."""
    right = reference()
    loop_ = right["training_loop"].replace("optimizer.step()", "move(optimizer)")
    made = notebook({"training_loop": loop_})
    below(made, "update_rule", "# Your own imports and functions\nmove = lambda each: each.step()")
    cell = cell_of(made, "sweep_plot")
    cell["source"] = "MARKS = 'os^Dv'\nfiles = !ls\nawait_me = 1"
    below(made, "sweep_plot", right["sweep_plot"].replace('"os^Dv"', "MARKS"))
    return made


def half_finished() -> dict:
    """Return a right notebook with a broken original and a wrong definition below the check."""
    right = reference()["training_loop"]
    made = notebook({"training_loop": right.replace("return losses", "return (")})
    below(made, "training_loop", right)
    below(made, "training_loop_check", "def one_epoch(*given):\n    return []")
    return made


# ------------------------------------------------------------------------------ no harm is intended

FULL = {"update_rule": 15, "training_loop": 20, "reach_90": 25, "sweep": 12, "sweep_plot": 8}
attack(
    "good",
    "everything but the stretch is right",
    lambda world, name: save(world, name, notebook(right=(*FULL, "comparison"))),
    FULL,
    says={"stretch": NOT_ATTEMPTED},
    words="Graded, except for the text, which a person will read.",
)
attack(
    "blank",
    "the notebook as it was handed out",
    lambda world, name: save(world, name, notebook(right=())),
    {},
    says=dict.fromkeys((*FULL, "comparison", "stretch"), NOT_ATTEMPTED),
)
attack(
    "wrong",
    "the step goes uphill",
    lambda world, name: save(
        world,
        name,
        notebook({"update_rule": reference()["update_rule"].replace("w - lr * v", "w + lr * v")}),
    ),
    PLAIN | {"update_rule": 7},
    says={
        "update_rule": "The step goes uphill: the new parameters are `w - lr * v`, with a minus "
        "sign."
    },
)
attack(
    "second own code",
    "helpers in a second cell that begins as the one for own functions, and a split answer",
    lambda world, name: save(world, name, second_own_code()),
)
attack(
    "half finished",
    "the original is half finished, the answer is in a new cell; another one below the check fails",
    lambda world, name: save(world, name, half_finished()),
    notes="There are 2 cells with an answer to “Task 2 · Fill in the loop”.",
)
attack(
    "syntax error",
    "a bracket is not closed",
    answers(training_loop=loop("return list(range(3)")),
    without("training_loop"),
    says={
        "training_loop": "When its cell runs, it stops in line 2 with SyntaxError: '(' was never "
        "closed"
    },
)
attack(
    "raises",
    "an exception whose text is markup",
    answers(training_loop=loop('raise ValueError("<script>alert(1)</script>")')),
    without("training_loop"),
    says={"training_loop": "Your code stops in line 2 with ValueError: <script>alert(1)</script>"},
)

# ------------------------------------------------------------------------------ it does not let go

attack(
    "infinite loop",
    "while True",
    answers(training_loop=loop("while True:\n    pass")),
    without("training_loop"),
    says={"training_loop": TOO_LONG},
)
attack(
    "sleeper",
    "sleeps for an hour, which takes no processor time",
    answers(training_loop=loop("import time\ntime.sleep(3600)")),
    without("training_loop"),
    says={"training_loop": TOO_LONG},
)
attack(
    "stubborn loop",
    "a loop that swallows every interrupt",
    answers(
        training_loop=loop(
            """
import signal
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
"""
        )
    ),
    without("training_loop"),
    says={"training_loop": TOO_LONG},
)
attack(
    "loop in the cell",
    "a loop without end, not in the function but in its cell",
    answers(training_loop="while True:\n    pass\n"),
    without("training_loop"),
    says={"training_loop": CELL_TOO_LONG},
)
CLAIMS = """
import json, os, time
def claim(kind, content, body=b""):
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    if kind == 3:
        data = len(data).to_bytes(8, "little") + data + body
    for number in range(3, 64):
        try:
            os.write(number, bytes([kind]) + len(data).to_bytes(8, "little") + data)
        except OSError:
            pass
"""
attack(
    "begins again",
    "claims, again and again, that its cell runs and that only now its call begins",
    answers(
        training_loop=loop(
            CLAIMS
            + "while True:\n    claim(0, 'training_loop')\n    claim(2, None)\n    time.sleep(0.5)"
        )
    ),
    without("training_loop"),
    says={"training_loop": TOO_LONG},
)
attack(
    "exit",
    "os._exit in the function",
    answers(training_loop=loop("import os\nos._exit(0)")),
    without("training_loop"),
    says={"training_loop": ENDED},
)
attack(
    "exit in the cell",
    "os._exit as the cell runs",
    answers(training_loop="import os\nos._exit(0)"),
    without("training_loop"),
    says={"training_loop": CELL_ENDED},
)
attack(
    "exit in own code",
    "os._exit in the cell that runs first: it is left out, the rest counts",
    answers(**{OWN_CODE: "import os\nos._exit(0)"}),
    notes="The cell with your own imports and functions was left out: " + CELL_ENDED,
)
attack(
    "sys exit",
    "sys.exit, which is an exception like others",
    answers(training_loop=loop("import sys\nsys.exit('enough')")),
    without("training_loop"),
    says={"training_loop": "Your code stops in line 3 with SystemExit: enough"},
)
attack(
    "crash",
    "reads address 0",
    answers(training_loop=loop("import ctypes\nctypes.string_at(0)")),
    without("training_loop"),
    says={"training_loop": ENDED},
)
attack(
    "stops itself",
    "SIGSTOP to itself and its group",
    answers(training_loop=loop("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)")),
    without("training_loop"),
    says={"training_loop": TOO_LONG},
)
attack(
    "kills its parent",
    "kill of the parent, of process 1 and of the grader",
    answers(
        training_loop=beside(
            """
import os, signal
for number in (os.getppid(), 1, @GRADER@):
    for kind in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(number, kind)
        except OSError:
            pass
"""
        )
    ),
)
attack(
    "kills all",
    "kill of its own group, itself included",
    answers(training_loop=loop("import os\nos.killpg(0, 9)\nos.kill(os.getpid(), 9)")),
    without("training_loop"),
    says={"training_loop": ENDED},
)
attack(
    "orphans",
    "processes that leave their parent, hold on to the pipes and go on",
    answers(
        training_loop=beside(
            """
import os, time
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            while True:
                time.sleep(1)
        os._exit(0)
"""
        )
    ),
)

# ------------------------------------------------------------------------------- it wants too much

attack(
    "buffers of sockets",
    "memory in the buffers of sockets, which count for nobody",
    answers(
        training_loop=loop("import socket\nheld = [socket.socketpair() for _ in range(20)]"),
        update_rule="import asyncio\n\n\n<<update_rule>>",
    ),
    without("training_loop"),
    says={
        "training_loop": "Your code stops in line 3 with PermissionError: [Errno 1] Operation not "
        "permitted"
    },
)
attack(
    "watches files",
    "inotify, whose queues count for nobody",
    answers(
        training_loop=loop(
            "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
            "assert libc.inotify_init() == -1 and libc.inotify_init1(0) == -1\n"
            "raise OSError(ctypes.get_errno(), 'refused')"
        )
    ),
    without("training_loop"),
    says={"training_loop": "Your code stops in line 5 with PermissionError: [Errno 1] refused"},
)
attack(
    "fork bomb",
    "processes that make processes",
    answers(
        training_loop=loop(
            """
import os
while True:
    try:
        os.fork()
    except OSError:
        pass
"""
        )
    ),
    without("training_loop"),
    says={"training_loop": TOO_LONG},
)
attack(
    "memory",
    "6 GB in one piece",
    answers(training_loop=loop("import numpy\nnumpy.ones(6 << 27)")),
    without("training_loop"),
    says={"training_loop": "Your code needed more than 1.0 GB of memory, and was stopped."},
)
attack(
    "memory in parts",
    "6 GB in eight processes, none of which exceeds its limit",
    answers(
        training_loop=loop(
            """
import os, time
for _ in range(8):
    if os.fork() == 0:
        held = [np.empty(1 << 22) for _ in range(16)]
        for part in held:
            part[::512] = 1  # each page of it, as quickly as it goes
        time.sleep(60)
time.sleep(60)
"""
        )
    ),
    without("training_loop"),
    says={"training_loop": "Your code needed more than 1.0 GB of memory, and was stopped."},
)
attack(
    "hidden memory",
    "shared memory, whose pages it lets go of: they stay, and count for nobody",
    answers(
        training_loop=loop(
            """
import mmap
while True:
    held = mmap.mmap(-1, 100 << 20)
    held.write(bytes(100 << 20))
    held.madvise(mmap.MADV_DONTNEED)
"""
        )
    ),
    without("training_loop"),
    says={
        "training_loop": "Your code stops in line 4 with PermissionError: [Errno 1] Operation not "
        "permitted"
    },
)
attack(
    "memory for tables",
    "64 GB that it only reads: no memory of its own, but the kernel's tables for it",
    answers(
        training_loop=loop(
            """
import mmap
held = mmap.mmap(-1, 64 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ)
"""
        )
    ),
    without("training_loop"),
    says={
        "training_loop": "Your code stops in line 3 with OSError: [Errno 12] Cannot allocate memory"
    },
)
attack(
    "inodes",
    "more empty files than a file system has places for",
    answers(training_loop=loop("for number in range(9999):\n    open(f'/tmp/{number}', 'w')")),
    without("training_loop"),
    says={
        "training_loop": "Your code stops in line 3 with OSError: [Errno 28] No space left on "
        "device: '/tmp/4095'"
    },
)
attack(
    "threads",
    "threads without end",
    answers(
        training_loop=loop(
            "import threading, time\n"
            "while True:\n    threading.Thread(target=time.sleep, args=(99,)).start()"
        )
    ),
    without("training_loop"),
    says={"training_loop": "Your code stops in line 4 with RuntimeError: can't start new thread"},
)
attack(
    "large file",
    "a file of 200 MB",
    answers(
        training_loop=loop(
            """
with open("/tmp/large", "wb") as file:
    for _ in range(200):
        file.write(bytes(1_000_000))
"""
        )
    ),
    without("training_loop"),
    says={"training_loop": "Your code stops in line 4 with OSError: [Errno 27] File too large"},
)
attack(
    "many files",
    "200 MB in small files",
    answers(
        training_loop=loop(
            """
for number in range(200):
    with open(f"/tmp/{number}", "wb") as file:
        file.write(bytes(1_000_000))
"""
        )
    ),
    without("training_loop"),
    says={
        "training_loop": "Your code stops in line 4 with OSError: [Errno 28] No space left on "
        "device"
    },
)
attack(
    "much output",
    "50 MB of output, markup included; the answer is right",
    answers(
        training_loop=beside("for _ in range(500):\n    print('<b>x</b>' * 12_500)"),
    ),
)
attack(
    "print flood",
    "prints without end",
    answers(training_loop=loop("while True:\n    print('x' * 100_000)")),
    without("training_loop"),
    says={"training_loop": "Your code printed more than 105 MB, and was stopped."},
)
attack(
    "large answer",
    "returns a table of 80 MB",
    lambda world, name: save(
        world,
        name,
        notebook({"sweep_plot": "def plot_sweep(ax, *rest):\n    ax.plot(np.zeros(5_000_000))\n"}),
    ),
    without("sweep_plot"),
    says={"sweep_plot": "Your code returned more than 34 MB."},
)

# ------------------------------------------------------------------------- another kind of notebook


def deleted(world: World, name: str) -> None:
    made = notebook()
    made["cells"].remove(cell_of(made, "training_loop"))
    save(world, name, made)


def edited(world: World, name: str) -> None:
    made = notebook()
    cell_of(made, "setup")["source"] = "raise SystemExit"
    cell_of(made, "update_rule_check")["source"] = "full_points()"
    save(world, name, made)


def duplicated(world: World, name: str) -> None:
    made = notebook()
    twin = copy.deepcopy(cell_of(made, "training_loop"))
    twin |= {"id": "twin", "source": loop("return []")}
    made["cells"].insert(0, twin)
    save(world, name, made)


def renamed(world: World, name: str) -> None:
    made = notebook()
    for cell in made["cells"]:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"]["grade_id"] += "_mine"
    save(world, name, made)


def swapped(world: World, name: str) -> None:
    made = notebook()
    one, two = (cell_of(made, which) for which in ("update_rule", "training_loop"))
    marks = one["metadata"]["nbgrader"], two["metadata"]["nbgrader"]
    marks[0]["grade_id"], marks[1]["grade_id"] = marks[1]["grade_id"], marks[0]["grade_id"]
    save(world, name, made)


def reordered(world: World, name: str) -> None:
    made = notebook()
    made["cells"].reverse()
    save(world, name, made)


def richer(world: World, name: str) -> None:
    made = notebook(right=("update_rule",))
    for cell in made["cells"]:
        if "points" in cell["metadata"].get("nbgrader", {}):
            cell["metadata"]["nbgrader"]["points"] = 1000
    save(world, name, made)


attack(
    "deleted cell",
    "an answer cell is gone",
    deleted,
    without("training_loop"),
    says={"training_loop": MISSING},
    notes="The answer cell of “Task 2 · Fill in the loop” is missing.",
)
attack(
    "edited cells",
    "cells that are not to be edited are: the grader uses its own",
    edited,
    notes="The cell `setup` was changed. It was graded with the original.",
)
attack(
    "duplicated cell",
    "a second, wrong cell with the same name stands first: the original place counts",
    duplicated,
    notes="There are 2 cells with an answer to “Task 2 · Fill in the loop”.",
)
attack("renamed cells", "all names in nbgrader's metadata are changed", renamed)
attack("reordered cells", "the last cell comes first", reordered)
attack("more points", "its metadata says that each task is worth 1000", richer, {"update_rule": 15})
attack(
    "not JSON",
    "a page of HTML that ends in .ipynb",
    raw(b"<html>sign in first</html>"),
    {},
    status="rejected",
    words="The file is not a notebook: it can't be read as JSON. Hand in the file that ends in "
    ".ipynb, not an export or a copy of its text.",
)
attack(
    "deep JSON",
    "lists in lists, a hundred thousand deep",
    raw(b"[" * 100_000),
    {},
    status="rejected",
    words="The file is not a notebook: it can't be read as JSON. Hand in the file that ends in "
    ".ipynb, not an export or a copy of its text.",
)
attack(
    "deep code",
    "brackets in brackets, and a sum of twenty thousand terms",
    answers(
        training_loop="x = " + "(" * 5000 + ")" * 5000, **{OWN_CODE: "y = 1" + " + 1" * 20_000}
    ),
    without("training_loop"),
    says={
        "training_loop": "When its cell runs, it stops in line 1 with SyntaxError: too many nested "
        "parentheses"
    },
)
attack(
    "empty",
    "an empty file",
    raw(b""),
    {},
    status="rejected",
    words="The file is empty. Save the notebook and hand it in again.",
)
attack(
    "much code",
    "two million statements, which would take 3 GB to parse",
    lambda world, name: save(world, name, notebook({OWN_CODE: "1\n" * 2_000_000})),
    {},
    status="rejected",
    words="The notebook holds 4.0 MB of code; at most 0.3 are read. Take data out of its cells "
    "and hand it in again.",
)


def older(world: World, name: str) -> None:
    save(world, name, {"nbformat": 3, "worksheets": [{"cells": notebook()["cells"]}]})


def newer(world: World, name: str) -> None:
    """A version to come, which says everything around the answers in another way."""
    made = notebook() | {"nbformat": 5, "nbformat_minor": "x", "metadata": [{}] * 100_000}
    for cell in made["cells"]:
        cell |= {"id": "the same for all", "outputs": None}
    made["cells"] = [[], None, {"cell_type": "code", "source": [1, None]}, *made["cells"]]
    save(world, name, made)


attack(
    "older format",
    "a notebook as Jupyter wrote them until 2014",
    older,
)
attack("newer format", "a version to come, cells of any form, one id for all of them", newer)
attack(
    "half a character",
    "a text that is no Unicode, in an answer",
    answers(training_loop="text = '\ud800'\n<<training_loop>>"),
    without("training_loop"),
    says={
        "training_loop": "When its cell runs, it stops with UnicodeEncodeError: 'utf-8' codec "
        "can't encode character '\\ud800' in position 8: surrogates not allowed"
    },
)
attack(
    "another assignment",
    "a notebook of another lecture",
    lambda world, name: (world.submissions / f"{name}.ipynb").write_bytes(
        (assignment.ROOT / "notebooks" / "01_gradient_basics.ipynb").read_bytes()
    ),
    {},
    status="rejected",
    words="This is a notebook, but not the MNIST lab: it has none of the lab's answer cells.",
)

# ---------------------------------------------------------------------------- it changes the judges

attack(
    "patches",
    "np.isclose, torch and the course's judges are made to agree; the answer is wrong",
    answers(
        **{
            OWN_CODE: """
import builtins, numpy, torch
from course_lib.lab import mnist_calls, mnist_lab
yes = lambda *rest, **more: True
for name in ("isclose", "allclose", "array_equal"):
    setattr(numpy, name, yes)
    setattr(torch, name, yes)
numpy.testing.assert_allclose = builtins.all = builtins.isinstance = yes
for name in list(vars(mnist_lab)):
    if name.startswith(("judge", "check")):
        setattr(mnist_lab, name, lambda *rest: [mnist_lab.Check(100, True, "patched")])
"""
        },
        training_loop=loop("return [0.0 for batch in batches]"),
    ),
    without("training_loop"),
    says={"training_loop": STILL},
)
attack(
    "transformer",
    "an input transformer that blanks every cell: there is no IPython to transform",
    answers(
        **{OWN_CODE: "get_ipython().input_transformers_cleanup.append(lambda lines: ['pass'])"}
    ),
)
attack(
    "poison",
    "modules that later submissions need are broken: they are later submissions' own",
    answers(
        training_loop=beside(
            """
import sys, numpy, torch
torch.nn.Linear = torch.tensor = None
numpy.array = numpy.asarray = None
for name in list(sys.modules):
    if name.startswith(("course_lib", "homework")):
        vars(sys.modules[name]).clear()
"""
        ),
    ),
    without("training_loop"),
    says={"training_loop": CELL_ENDED},
)

attack(
    "hooks",
    "traces, hooks, handlers, threads and variables that would outlive it",
    answers(
        training_loop=beside(
            """
import atexit, gc, os, signal, sys, threading, time
sys.settrace(lambda *rest: None)
sys.setprofile(lambda *rest: None)
atexit.register(os.abort)
gc.callbacks.append(lambda *rest: None)
sys.meta_path.insert(0, type("None", (), {"find_spec": staticmethod(lambda *rest: None)}))
sys.addaudithook(lambda *rest: None)
signal.signal(signal.SIGTERM, lambda *rest: None)
signal.signal(signal.SIGALRM, lambda *rest: None)
signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)
threading.Thread(target=lambda: [time.sleep(0.001) for _ in iter(int, 1)], daemon=True).start()
if set(os.listdir("/tmp")) - {".mpl"}:
    raise Succeeded("left by an earlier call")
for module in ("numpy", "torch", "usercustomize"):
    with open(f"/tmp/{module}.py", "w") as file:
        file.write("raise SystemExit")
os.environ |= {"LD_PRELOAD": "/tmp/mine.so", "PYTHONPATH": "/tmp", "OMP_NUM_THREADS": "99"}
sys.stdout = sys.stderr = None
"""
        ),
    ),
)

# ------------------------------------------------------------------ it reads, writes and calls home

READS = """
import glob, os, sys
for place in ("@HOME@", "@HOME@/submissions", "@HOME@/grades/grades.db", "@COURSE@/homework",
              "@COURSE@/homework/source/mnist_lab/08_mnist_lab.ipynb", "@COURSE@/tests", "@DATA@",
              "@COURSE@/homework/questions.py", "/etc/passwd", "/root/.bashrc", "/sys",
              "/proc/1/root/etc/passwd"):
    try:
        found = os.listdir(place) if os.path.isdir(place) else open(place).read()
    except OSError:
        continue
    if found:
        raise Succeeded(place)
needed = [place + "/" for place in (sys.prefix, sys.base_prefix, "@COURSE@", *sys.path)]
for folder, folders, files in os.walk("/home"):
    if any((folder + "/").startswith(place) for place in needed):
        folders.clear()
    elif files or not any(place.startswith(folder + "/") for place in needed):
        raise Succeeded(folder)
for entry in glob.glob("/proc/[0-9]*"):
    try:
        command = open(entry + "/cmdline").read()
    except OSError:
        continue
    if "pytest" in command or "grade" in command:
        raise Succeeded(command)
if any("questions" in name or "mutants" in name for name in sys.modules):
    raise Succeeded("modules")
if any(len(getattr(a, "shape", ())) and a.shape == (10_000,) for a in __import__("gc").get_objects()
       if type(a).__name__ == "ndarray"):
    raise Succeeded("labels in memory")
"""
WRITES = """
import os
for place in ("@HOME@/grades/grades.db", "@HOME@/submissions/good.ipynb", "@HOME@/written",
              "@COURSE@/course_lib/data.py", "@COURSE@/written", "/usr/written", "/written",
              "/dev/shm/written", "/proc/sys/kernel/hostname"):
    for mode in ("r+b", "wb"):
        try:
            with open(place, mode) as file:
                file.write(b"mine")
        except OSError:
            continue
        raise Succeeded(place)
import course_lib, numpy
for module in (course_lib, numpy):
    try:
        os.unlink(module.__file__)
    except OSError:
        continue
    raise Succeeded(module.__file__)
"""
CALLS_HOME = """
import socket
def attempt(family, address):
    try:
        with socket.socket(family, socket.SOCK_STREAM) as line:
            line.settimeout(1)
            line.connect(address)
    except OSError:
        return
    raise Succeeded(str(address))
attempt(socket.AF_INET, ("127.0.0.1", @PORT@))
attempt(socket.AF_INET, ("192.0.2.1", 80))
attempt(socket.AF_UNIX, "\\0course-homework-@PORT@")
if hasattr(socket, "AF_VSOCK"):
    attempt(socket.AF_VSOCK, (2, 22))
try:
    socket.getaddrinfo("localhost", 80)
    socket.create_connection(("localhost", @PORT@), 1)
except OSError:
    pass
else:
    raise Succeeded("localhost")
"""
ESCAPES = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
tried = {
    "a user namespace": libc.unshare(0x10000000),
    "a mount": libc.mount(b"none", b"/tmp", b"tmpfs", 0, b""),
    "umount": libc.umount2(b"/tmp", 2),
    "ptrace": libc.ptrace(16, 1, 0, 0),
    "a namespace": libc.setns(os.open("/proc/self/ns/mnt", os.O_RDONLY), 0),
    "memory of nobody": libc.memfd_create(b"x", 0),
    "chroot": libc.chroot(b"/tmp"),
    "another user": libc.setuid(0),
    "another processor": libc.sched_setaffinity(0, 8, bytes([255] * 8)),
    "another priority": libc.setpriority(0, 0, -5),
    "pages in a pipe": libc.vmsplice(os.pipe()[1], ctypes.byref(ctypes.c_int()), 0, 0),
    "a new host name": libc.sethostname(b"mine", 4),
}
for name, result in tried.items():
    if result >= 0:
        raise Succeeded(name)
for number in range(3, 64):
    try:
        kind = os.readlink(f"/proc/self/fd/{number}")
    except OSError:
        continue
    if kind.startswith("socket") or "memfd" in kind:
        raise Succeeded(kind)
if os.getuid() == 0 or set(os.getgroups()) - {os.getgid(), 65534}:
    raise Succeeded("root")
"""
attack(
    "reads",
    "looks for hidden files, other submissions, grades, labels",
    answers(training_loop=beside(READS)),
)
attack(
    "writes",
    "writes to grades, other submissions, the course",
    answers(training_loop=beside(WRITES)),
)
attack(
    "calls home",
    "connects to the network, to this machine, to its host",
    answers(training_loop=beside(CALLS_HOME)),
)
attack(
    "escapes",
    "namespaces, mounts, ptrace, another user, files left open",
    answers(training_loop=beside(ESCAPES)),
)

# ----------------------------------------------------------------- it answers what it was not asked

attack(
    "pickle",
    "returns objects that run code when they are unpickled",
    answers(
        training_loop=loop(
            """
return [Bomb() for batch in batches]
""",
            before="""
class Bomb:
    def __reduce__(self):
        import os
        return os.system, ("touch @HOME@/exploded",)

    def __float__(self):
        raise TypeError


""",
        )
    ),
    without("training_loop"),
    says={"training_loop": "This needs numbers as every entry of `losses`; it is a Bomb."},
)
attack(
    "pickled frame",
    "writes a pickle into the pipe of the answers",
    answers(
        training_loop=loop(
            """
import os, pickle
class Bomb:
    def __reduce__(self):
        return os.system, ("touch @HOME@/exploded",)
data = pickle.dumps(Bomb())
for number in range(3, 64):
    try:
        os.write(number, bytes([3]) + len(data).to_bytes(8, "little") + data)
    except OSError:
        pass
while True:
    pass
"""
        )
    ),
    without("training_loop"),
    says={"training_loop": UNREADABLE},
)
attack(
    "object array",
    "an answer that says it holds objects, and one that says it is larger than the world",
    answers(
        training_loop=loop(
            """
import json, os
head = json.dumps([["losses", "|O", [10**12], 0], ["after_one", "<f8", [2**62, 2**62], 0]]).encode()
data = len(head).to_bytes(8, "little") + head
for number in range(3, 64):
    try:
        os.write(number, bytes([3]) + len(data).to_bytes(8, "little") + data)
    except OSError:
        pass
while True:
    pass
"""
        )
    ),
    without("training_loop"),
    says={"training_loop": UNREADABLE},
)
attack(
    "noise",
    "writes random bytes into every open file",
    answers(
        training_loop=loop(
            """
import os
for number in range(3, 64):
    try:
        os.write(number, bytes([200]) + os.urandom(1000))
    except OSError:
        pass
"""
        )
    ),
    without("training_loop"),
    says={"training_loop": UNREADABLE},
)

attack(
    "numbers without end",
    "an answer whose shape is two thousand numbers of 4300 digits: their product takes minutes",
    answers(
        training_loop=loop(
            CLAIMS
            + """
claim(3, ('[["losses", "<f8", [' + ", ".join(["9" * 4300] * 2000) + "], 0]]").encode())
"""
        )
    ),
    without("training_loop"),
    says={"training_loop": UNREADABLE},
)
attack(
    "deep claims",
    "claims lists in lists instead of words, and a cell that does not exist",
    answers(
        training_loop=loop(
            CLAIMS
            + """
claim(1, {"cell": [[]], "type": {"a": []}, "message": [1], "line": "<b>", "in": {}})
claim(0, b"[" * 900 + b"]" * 900)
claim(5, {"type": ["x"], "message": None, "line": True, "in": "update_rule"})
"""
        )
    ),
    without("training_loop"),
    says={"training_loop": "Your code stops with an error"},
)
attack(
    "odd numbers",
    "NaN and infinities of 16 bytes, in an answer that it wrote by itself",
    answers(
        training_loop=loop(
            CLAIMS
            + """
odd = np.array([np.nan, np.inf, -np.inf, 0], np.longdouble)
claim(3, [["losses", odd.dtype.str, [4], 0], ["plain", "|b1", [], 0]], odd.tobytes())
"""
        )
    ),
    without("training_loop"),
    says={
        "training_loop": "After one batch the weights are not where one step of gradient descent "
        "leads."
    },
)
attack(
    "liars",
    "numbers that equal everything, say that they are of another class and end what asks",
    answers(
        training_loop=loop(
            "return [Liar() for batch in batches]",
            before="""
class Liar(float):
    __class__ = property(lambda self: list)
    __eq__ = __lt__ = __gt__ = lambda self, other: True
    __hash__ = None

    def __array__(self, *rest, **more):
        raise SystemExit


""",
        )
    ),
    without("training_loop"),
    says={"training_loop": STILL},
)

GUESSING = "Only …% of the unseen digits are right: that is guessing, or close to it."
ELSEWHERE = (
    "The network reads …% of the unseen digits, but only …% of the ten invented signs that were "
    "among the digits in `train`. It did not learn from all of `train`"
)
attack(
    "hard-coded accuracy",
    "a network that knows one answer, and a print that claims 99 %",
    answers(
        reach_90="""
class Sure(torch.nn.Module):
    accuracy = 0.99

    def forward(self, x):
        return torch.nn.functional.one_hot(torch.zeros(len(x)).long(), 10).float()


def train_network(train, validation):
    print("accuracy: 99 %")
    return Sure()
"""
    ),
    says={"reach_90": GUESSING},
)
attack(
    "memorized labels",
    "the labels of the test set, in their order, and by each image's bytes",
    lambda world, name: save(world, name, notebook({"reach_90": _memorized(1)})),
    says={"reach_90": GUESSING},
)
attack(
    "memorized labels, safely",
    "the same by longer marks of each image, which take more room than answers have",
    lambda world, name: save(world, name, notebook({"reach_90": _memorized(4)})),
    says={
        "reach_90": "Its cell holds 56 kB of code, and all answers together may hold 24. An answer "
        "computes what it needs: take tables out of it and hand it in again."
    },
)
attack(
    "memorized looks",
    "a table of what digits look like, coarse enough to fit: the nearest in it is the answer",
    lambda world, name: save(world, name, notebook({"reach_90": _nearest(550)})),
    says={"reach_90": ELSEWHERE},
)
attack(
    "weights from home",
    "a small network trained elsewhere, in the notebook as a text; it asks what digits are called",
    lambda world, name: save(world, name, notebook({"reach_90": _weights()})),
    says={"reach_90": ELSEWHERE},
)
attack(
    "peeks",
    "looks for the labels of the unseen images in the frames and objects around it",
    answers(
        reach_90="""
import gc, sys


def found(count):
    frame, seen = sys._getframe(), []
    while frame:
        seen += [v for v in frame.f_locals.values() if isinstance(v, dict)]
        frame = frame.f_back
    seen += [o for o in gc.get_objects() if isinstance(o, dict)]
    for each in seen:
        if "labels" in each and len(getattr(each["labels"], "shape", ())) == 1:
            if len(each["labels"]) == count:
                return torch.tensor(each["labels"].copy()).long()
    return torch.zeros(count).long()


class Peeks(torch.nn.Module):
    seen = 0

    def forward(self, x):
        if Peeks.seen == 0:
            Peeks.labels = found(11_000)
        part = Peeks.labels[Peeks.seen : Peeks.seen + len(x)]
        Peeks.seen += len(x)
        return torch.nn.functional.one_hot(part, 10).float()


def train_network(train, validation):
    return Peeks()
"""
    ),
    says={"reach_90": GUESSING},
)


def _memorized(size: int) -> str:
    """Return an answer that knows each test image by a mark of `size` bytes."""
    import base64
    import hashlib
    import zlib

    from course_lib.data import load_mnist

    test = load_mnist().test
    labels = base64.b85encode(zlib.compress(bytes(test.labels))).decode()
    marks = [hashlib.md5(bytes(image), usedforsecurity=False).digest() for image in test.images]
    table = base64.b85encode(b"".join(mark[:size] for mark in marks)).decode()
    return f"""
import base64, hashlib, zlib
labels = list(zlib.decompress(base64.b85decode({labels!r})))
marks = base64.b85decode({table!r})
known = {{marks[{size} * i : {size} * (i + 1)]: label for i, label in enumerate(labels)}}


class Remembers(torch.nn.Module):
    seen = 0

    def forward(self, x):
        answers = []
        for i, row in enumerate((x * 255).round().to(torch.uint8).numpy()):
            mark = hashlib.md5(bytes(row)).digest()[:{size}]
            answers.append(known.get(mark, labels[(Remembers.seen + i) % len(labels)]))
        Remembers.seen += len(x)
        return torch.nn.functional.one_hot(torch.tensor(answers).long(), 10).float()


def train_network(train, validation):
    return Remembers()
"""


_TRANSLATED = """

class Remembers(torch.nn.Module):
    names = torch.eye(10)

    def forward(self, x):
        return torch.nn.functional.one_hot(recalled(x), 10).float() @ Remembers.names


def train_network(train, validation):
    x, y = validation
    known = recalled(x)
    counts = torch.stack([torch.bincount(y[known == k], minlength=10) for k in range(10)])
    Remembers.names = torch.nn.functional.one_hot(counts.argmax(1), 10).float()
    return Remembers()
"""


def _nearest(count: int) -> str:
    """Return an answer that holds `count` test images of 7 × 7 pixels, four bits each."""
    import base64

    from course_lib.data import load_mnist

    test = load_mnist().test
    small = test.images[:count].reshape(-1, 7, 4, 7, 4).mean((2, 4)).reshape(count, 49)
    levels = np.minimum(small // 16, 15).astype(np.uint8)
    levels = np.pad(levels, ((0, 0), (0, 1)))
    table = base64.b85encode((levels[:, ::2] << 4 | levels[:, 1::2]).tobytes()).decode()
    labels = "".join(map(str, test.labels[:count]))
    return (
        f"""
import base64
labels = torch.tensor(list(map(int, {labels!r})))
table = torch.frombuffer(bytearray(base64.b85decode({table!r})), dtype=torch.uint8)
table = torch.stack([table >> 4, table & 15], 1).reshape({count}, 50)[:, :49].float()


def recalled(x):
    small = torch.nn.functional.avg_pool2d(x.reshape(-1, 1, 28, 28), 4).reshape(-1, 49)
    return labels[torch.cdist(small * 16 - 0.5, table).argmin(1)]
"""
        + _TRANSLATED
    )


def _weights() -> str:
    """Return an answer that holds a linear network for images of 14 × 14 pixels."""
    import base64

    from course_lib.data import load_mnist

    digits = load_mnist().train[:20_000]
    small = digits.images.reshape(-1, 14, 2, 14, 2).mean((2, 4)).reshape(-1, 196) / 255
    x = np.column_stack([small, np.ones(len(small))])
    targets = np.eye(10)[digits.labels]
    weights = np.linalg.solve(x.T @ x + np.eye(197), x.T @ targets)
    table = base64.b85encode(weights.astype(np.float16).tobytes()).decode()
    return (
        f"""
import base64
table = base64.b85decode({table!r})
weights = torch.frombuffer(bytearray(table), dtype=torch.float16).reshape(197, 10).float()


def recalled(x):
    small = torch.nn.functional.avg_pool2d(x.reshape(-1, 1, 28, 28), 2).reshape(-1, 196)
    return (small @ weights[:-1] + weights[-1]).argmax(1)
"""
        + _TRANSLATED
    )


# ------------------------------------------------------------------------------ names and folders


def linked(world: World, name: str) -> None:
    (world.submissions / f"{name}.ipynb").symlink_to(world.submissions / "good.ipynb")


def linked_folder(world: World, name: str) -> None:
    (world.submissions / name).symlink_to(world.home)


def two(world: World, name: str) -> None:
    folder = world.submissions / name
    folder.mkdir()
    for file, right, when in (
        ("first.ipynb", (), 1_700_000_000),
        ("second.ipynb", PLAIN, 1_800_000_000),
    ):
        (folder / file).write_text(json.dumps(notebook(right=tuple(right))))
        os.utime(folder / file, (when, when))


def fifo(world: World, name: str) -> None:
    os.mkfifo(world.submissions / f"{name}.ipynb")


def other_files(world: World, name: str) -> None:
    (world.submissions / name).mkdir()
    (world.submissions / name / "lab.pdf").write_bytes(b"%PDF")


LINK = "This is a link to another place. Links are not followed: hand in the notebook itself."
attack("link", "a symbolic link to another submission", linked, {}, status="rejected", words=LINK)
attack(
    "linked folder",
    "a link to the folder of grades",
    linked_folder,
    {},
    status="rejected",
    words=LINK,
)
attack(
    "pipe",
    "a named pipe, which nobody writes to",
    fifo,
    {},
    status="rejected",
    words="This is not a file that can be read.",
)
attack(
    "other files",
    "a folder without a notebook",
    other_files,
    {},
    status="rejected",
    words="There is no notebook among what was handed in: lab.pdf. Hand in the file that ends in "
    ".ipynb.",
)
attack(
    "Zoë  O'Neil-李 ‮ <b>=1+1",
    "a name with accents, spaces, markup and a mark that turns the line around",
    answers(),
)
attack("=HYPERLINK(A1)", "a name that is a formula", answers())
attack("..dots", "a name that begins with dots", answers())
attack("\n=1+1 \"'`$(id)`", "a new line, a formula, quotes and a command", answers())
attack("𐌰" * 57, "letters of four bytes, as many as a name of a file can have", answers())
attack(
    "two submissions",
    "a blank notebook, and later a right one",
    two,
    notes="2 notebooks were handed in. two submissions/second.ipynb, the newest, was graded; not "
    "so two submissions/first.ipynb.",
)


def zipped(world: World) -> Path:
    """Return a zip file as Canvas makes it, with names that lead elsewhere."""
    path = world.home / "canvas.zip"
    right = json.dumps(notebook(right=("update_rule",)))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("doejane_1001_55001_08_mnist_lab.ipynb", json.dumps(notebook(right=())))
        archive.writestr("doejane_1001_55002_08_mnist_lab-1.ipynb", right)
        archive.writestr("roejo_LATE_1002_55003_08_mnist_lab.ipynb", right)
        archive.writestr("Ann Émile_77_assignsubmission_file_/my lab.ipynb", right)
        archive.writestr("../../outside.ipynb", right)
        archive.writestr("/tmp/absolute.ipynb", right)
        archive.writestr("anna/../doejane/lab.ipynb", right)
        link = zipfile.ZipInfo("link_1003_55004_lab.ipynb")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("__MACOSX/._lab.ipynb", b"")
    return path
