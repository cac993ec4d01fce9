"""Grade one submission, or a class: run it shut in, judge what comes back, hand on plain words.

`graded` is what happens to one submission, on whichever machine; `grade_all` sends a class through
it by Dask and gives each result to the gradebook as it comes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from homework import assignment
from homework.questions import OWN_CODE, QUESTIONS, Question
from homework.sandbox import Limits, Outcome, Sandbox, SandboxError

__all__ = ["Grade", "Result", "Settings", "Work", "grade_all", "graded", "version"]


@dataclass(frozen=True)
class Settings:
    """How submissions are run.

    Attributes
    ----------
    isolation : str
        One of `sandbox.KINDS`.
    limits : Limits
        For each call; a question's own time goes before the one given here.
    faster : float
        What the questions' times are multiplied by.
    questions : tuple of str
        The questions to grade; all of them if empty.
    hidden : tuple of str
        Folders that no submission may see.
    """

    isolation: str = "namespaces"
    limits: Limits = field(default_factory=Limits)
    faster: float = 1.0
    questions: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()


@dataclass(frozen=True)
class Work:
    """One submission to grade: who, the bytes of the file, and what is known about it.

    Attributes
    ----------
    seed : int
        What the hidden inputs are drawn from; the same seed gives the same grade.
    """

    student: str
    file: str = ""
    content: bytes = b""
    problem: str = ""
    notes: tuple[str, ...] = ()
    seed: int = 0

    @property
    def digest(self) -> str:
        """Return a name for what was handed in, which changes if that does."""
        kept = "\0".join((self.file, self.problem, *self.notes)).encode("utf-8", "replace")
        return hashlib.sha256(kept + b"\0" + self.content).hexdigest()


@dataclass(frozen=True)
class Result:
    """What one question got.

    Attributes
    ----------
    state : str
        "full", "partly", "wrong", "not attempted", "stopped" or "by hand".
    checks : list of (points, passed, message)
        What was looked at.
    output : str
        The beginning of what the student's code printed.
    answer : str
        A written answer, to be read by a person.
    """

    question: str
    points: float
    state: str
    checks: list[tuple[float, bool, str]] = field(default_factory=list)
    output: str = ""
    answer: str = ""
    seconds: float = 0.0
    cpu: float = 0.0
    peak: int = 0


@dataclass(frozen=True)
class Grade:
    """What became of one submission.

    Attributes
    ----------
    status : str
        "graded", "rejected" (it can't be graded as it is), "missing" (nothing was handed in), or
        "failed" (the grader's fault: it will be tried again).
    words : str
        The same in plain words.
    """

    student: str
    file: str
    digest: str
    seed: int
    status: str
    words: str
    notes: list[str] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)


def version() -> str:
    """Return a name for what is asked and how it is judged, which changes if that does."""
    from course_lib.lab import mnist_calls, mnist_lab

    parts = [Path(module.__file__).read_bytes() for module in (mnist_calls, mnist_lab)]
    parts += [assignment.SEALED.read_bytes()]  # what was released; outputs are no part of it
    parts += [
        (Path(__file__).parent / name).read_bytes() for name in ("questions.py", "assignment.py")
    ]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


# ----------------------------------------------------------------------------------- one submission

_place = threading.local()


def _sandbox(settings: Settings) -> Sandbox:
    """Return this process's sandbox, started at the first call."""
    key = settings.isolation, settings.hidden
    if getattr(_place, "key", None) != key:
        if getattr(_place, "sandbox", None):
            _place.sandbox.close()
        shared: dict[str, np.ndarray] = {}
        for question in QUESTIONS:
            shared |= question.shared() if question.shared else {}
        _place.sandbox = Sandbox(settings.isolation, shared, map(Path, settings.hidden))
        _place.key = key
    return _place.sandbox


def close() -> None:
    """End this process's sandbox."""
    if getattr(_place, "sandbox", None):
        _place.sandbox.close()
    _place.sandbox = _place.key = None


def graded(work: Work, settings: Settings) -> Grade:
    """Grade one submission. Whatever it holds, this returns, within its limits."""
    kept = (work.student, work.file, work.digest, work.seed)
    notes = list(work.notes)
    if work.problem:
        return Grade(*kept, "rejected", work.problem, notes)
    try:
        found = assignment.answers(assignment.parse(work.content))
        results, more = _each_question(found, work.seed, settings)
    except assignment.AssignmentError as error:
        return Grade(*kept, "rejected", str(error), notes)
    except SandboxError as error:
        return Grade(*kept, "failed", f"The grader failed, not the student: {error}", notes)
    except OSError as error:
        words = (
            f"The grader failed, not the student: {error.strerror or error}. If a disk is full, "
            f"make room in {_temporary()}, or let TMPDIR name another folder."
        )
        return Grade(*kept, "failed", words, notes)
    except Exception as error:  # whatever it is, the others are to be graded
        return Grade(*kept, "failed", _failed(error), notes)
    by_hand = any(result.state == "by hand" for result in results)
    words = "Graded, except for the text, which a person will read." if by_hand else "Graded."
    return Grade(*kept, "graded", words, [*notes, *found.notes, *more], results)


def _temporary() -> str:
    try:
        return tempfile.gettempdir()
    except OSError:  # it is so full that none is found
        return os.environ.get("TMPDIR", "/tmp")


def _each_question(
    found: assignment.Answers, seed: int, settings: Settings
) -> tuple[list[Result], list[str]]:
    """Return the results of all questions, and what is to be noted of the submission."""
    sources, notes = found.sources, []
    results = []
    lost = dict(found.too_long)  # and cells that take everything down with them, and how
    for number, question in enumerate(QUESTIONS):
        if settings.questions and question.id not in settings.questions:
            continue
        if assignment.is_blank(question.id, sources.get(question.id)):
            missing = sources.get(question.id) is None
            words = "Not attempted: the answer cell is " + (
                "missing." if missing else "as it was handed out."
            )
            results.append(
                Result(question.id, 0.0, "not attempted", [(question.points, False, words)])
            )
            continue
        if question.kind == "manual":
            results.append(Result(question.id, 0.0, "by hand", answer=sources[question.id] or ""))
            continue

        def graded_with(pieces: list[assignment.Piece]) -> Result:
            # Each question's inputs are its own, whatever became of those before.
            rng = np.random.default_rng([seed, number])  # noqa: B023  (called at once)
            return _one_question(question, pieces, lost, rng, settings)  # noqa: B023

        result = graded_with(found.pieces)
        kept = [each for each in found.pieces if question.id not in each.later]
        if result.state != "full" and len(kept) < len(found.pieces):
            # The check in the notebook has seen only what stands above it.
            result = max(result, graded_with(kept), key=lambda each: each.points)
        results.append(result)
        if result.state == "stopped" and result.cpu < result.seconds / 4:
            # Whoever sleeps in one call may in each: it is waited for ever more shortly.
            limits = replace(settings.limits, idle=max(2.0, settings.limits.idle / 2))
            settings = replace(settings, limits=limits)
    for name, how in lost.items():
        if name.partition(" ")[0] == OWN_CODE:
            notes.append(f"The cell with your own imports and functions was left out: {how}")
    return results, notes


def _one_question(
    question: Question,
    pieces: list[assignment.Piece],
    lost: dict[str, str],
    rng: np.random.Generator,
    settings: Settings,
) -> Result:
    drawn = question.inputs(rng)
    limits = replace(
        settings.limits,
        seconds=question.seconds * settings.faster,
        cell_seconds=settings.limits.cell_seconds * settings.faster,
    )
    mine = [each.name for each in pieces if each.answer == question.id]
    while True:
        gone = [lost[name] for name in mine if name in lost]
        if gone and len(gone) == len(mine):
            return _none(question, "stopped", gone[0])
        kept = assignment.transplant([each for each in pieces if each.name not in lost])
        outcome = _called(question, kept, drawn, settings, limits)
        if not outcome.cell or outcome.cell not in dict(kept):
            break
        # A cell that ends everything, or does not end, is left out from now on.
        lost[outcome.cell] = _stopped(outcome, limits, "The cell itself, when it runs,")
    if gone and outcome.ended == "refused":
        return _none(question, "stopped", gone[0])
    return _judged(question, drawn, outcome, limits)


def _called(
    question: Question,
    cells: list[tuple[str, str]],
    drawn: dict[str, np.ndarray],
    settings: Settings,
    limits: Limits,
) -> Outcome:
    """Make the call; if it took too long because the machine was busy, once more, alone."""

    def call(limits: Limits) -> Outcome:
        return _sandbox(settings).call(
            cells,
            question.call,
            question.given(drawn),
            shared=question.shared is not None,
            limits=limits,
        )

    with _turn():
        outcome = call(limits)
    if outcome.ended == "time" and outcome.waited > limits.seconds:
        with _turn(alone=True):
            outcome = call(limits)
    return outcome


@contextlib.contextmanager
def _turn(alone: bool = False) -> Iterator[None]:
    """Share this machine with other workers, or have it alone among them."""
    if os.name == "nt":
        yield
        return
    import fcntl

    place = Path(tempfile.gettempdir()) / f"course-homework-{os.getuid()}.lock"
    with open(os.open(place, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield


def _judged(
    question: Question, drawn: dict[str, np.ndarray], outcome: Outcome, limits: Limits
) -> Result:
    used = {
        "output": _output(outcome, limits),
        "seconds": outcome.seconds,
        "cpu": outcome.cpu,
        "peak": outcome.peak,
    }
    name, own = _broken(outcome, OWN_CODE)
    place, cell = _broken(outcome, question.id)
    missing = "which no answer cell defines" in outcome.error.get("message", "")
    if own and (missing or cell.get("type") == "NameError"):
        who = "When the cell with your own imports and functions runs"
        return _none(question, "wrong", _raised(own, name, who), **used)
    if cell and outcome.ended != "answered":  # what it defined before it stopped is there
        words = _raised(cell, place, "When its cell runs")
        return _none(question, "wrong", words, **used)
    if outcome.ended == "refused":
        return _none(question, "wrong", outcome.error["message"], **used)
    if outcome.ended == "raised":
        return _none(question, "wrong", _raised(outcome.error, question.id, "Your code"), **used)
    if outcome.ended != "answered":
        return _none(question, "stopped", _stopped(outcome, limits, "Your code"), **used)
    try:
        checks = [
            (float(check.points), bool(check.passed), str(check.message))
            for check in question.judge(drawn, outcome.outputs)
        ]
    except Exception:  # what came back is of no form that anybody thought of
        return _none(question, "wrong", "What your code returned can't be judged.", **used)
    points = sum(worth for worth, passed, _ in checks if passed)
    state = "full" if points == question.points else "partly" if points else "wrong"
    return Result(question.id, points, state, checks, **used)


def _broken(outcome: Outcome, answer: str) -> tuple[str, dict]:
    """Return the name of the first cell of an answer that raised something, and what."""
    for name, error in outcome.broken.items():
        if name.partition(" ")[0] == answer:
            return name, error
    return answer, {}


def _none(question: Question, state: str, words: str, **used: Any) -> Result:
    return Result(question.id, 0.0, state, [(question.points, False, words)], **used)


def _raised(error: dict, cell: str, who: str) -> str:
    """Return an error in words. The student's own code made it, so it is told and no more."""
    where = ""
    if error.get("line"):
        where = f" in line {error['line']}"
        if error.get("in") and error["in"] != cell:
            where += f" of the cell `{error['in']}`"
    message = f": {error['message']}" if error.get("message") else ""
    if who == "Your code":
        return f"Your code stops{where} with {error.get('type') or 'an error'}{message}"
    return f"{who}, it stops{where} with {error.get('type') or 'an error'}{message}"


def _stopped(outcome: Outcome, limits: Limits, who: str) -> str:
    """Return in words why a call was ended by force."""
    if outcome.ended == "time":
        most = limits.cell_seconds if outcome.cell else limits.seconds
        return (
            f"{who} took longer than the {most:g} seconds it may take, and was stopped. "
            "Is there an infinite loop?"
        )
    if outcome.ended == "memory":
        return f"{who} needed more than {limits.memory / 2**30:.1f} GB of memory, and was stopped."
    if outcome.ended == "output":
        return f"{who} printed more than {limits.output / 1e6:.0f} MB, and was stopped."
    if outcome.ended == "large":
        return f"{who} returned more than {limits.answer / 1e6:.0f} MB."
    if outcome.ended == "unreadable":
        return f"{who} sent something that can't be read as numbers."
    return (
        f"{who} ended the whole process before there was an answer: by `exit`, by a signal, or by "
        "a crash."
    )


def _output(outcome: Outcome, limits: Limits) -> str:
    if outcome.printed <= limits.kept:
        return outcome.output
    return outcome.output + (
        f"\n… ({outcome.printed / 1000:.0f} kB were printed; the first {limits.kept / 1000:.0f} kB "
        "are shown)"
    )


# ------------------------------------------------------------------------------------------ a class


def grade_all(
    works: Iterable[Work],
    count: int,
    settings: Settings,
    record: Callable[[Grade], object],
    workers: int | None = None,
    scheduler: str | None = None,
    progress: bool = True,
) -> None:
    """Grade many submissions and hand each grade to `record` as it comes.

    Parameters
    ----------
    works : iterable of Work
        What to grade. They are taken one by one, so a class need not fit into memory.
    count : int
        How many there are, for the progress bar.
    settings : Settings
        How.
    record : callable
        Called in this process, once for each.
    workers : int, optional
        How many at a time on this machine; as many as it has processors if not given.
    scheduler : str, optional
        The address of a Dask scheduler, whose workers are used then.
    progress : bool
        Whether to show a bar.
    """
    from tqdm import tqdm

    if not count:
        return
    workers = workers or _processors()
    if scheduler is None and workers == 1:
        results = _one_by_one(works, settings)
    else:
        results = _by_dask(works, settings, min(workers, max(1, count)), scheduler)
    with tqdm(total=count, unit=" submissions", disable=not progress) as bar:
        for grade in results:
            record(grade)
            bar.update()


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _one_by_one(works: Iterable[Work], settings: Settings) -> Iterator[Grade]:
    try:
        for work in works:
            yield graded(work, settings)
    finally:
        close()


def _by_dask(
    works: Iterable[Work], settings: Settings, workers: int, scheduler: str | None
) -> Iterator[Grade]:
    import dask
    from distributed import Client, LocalCluster, as_completed

    # A notebook with pictures in it is no mistake of the instructor's.
    warnings.filterwarnings("ignore", "Sending large graph")

    # A submission that takes its worker down three times is given up, not the class.
    calm = {
        "distributed.scheduler.allowed-failures": 2,
        "distributed.worker.daemon": True,
        "distributed.admin.tick.limit": "1h",
        "distributed.comm.timeouts.connect": "120s",
        "distributed.worker.memory.terminate": False,
        "distributed.worker.memory.pause": False,
    }
    with dask.config.set(calm):
        cluster = scheduler or LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            memory_limit=0,
            silence_logs=40,
        )
        client = Client(cluster)
        try:
            pending = {}
            queue = iter(works)
            done = as_completed()
            # As many at a time as keep the workers busy.
            ahead = 2 * len(client.nthreads()) + 2
            for work in _some(queue, ahead):
                _send(client, work, settings, pending, done)
            for future in done:
                work = pending.pop(future.key)
                yield _result_of(future, work)
                future.release()
                for work in _some(queue, 1):
                    _send(client, work, settings, pending, done)
        finally:
            client.close()
            if scheduler is None:
                cluster.close()


def _some(queue: Iterator[Work], count: int) -> Iterator[Work]:
    for _ in range(count):
        work = next(queue, None)
        if work is None:
            return
        yield work


def _send(client: Any, work: Work, settings: Settings, pending: dict, done: Any) -> None:
    future = client.submit(graded, work, settings, pure=False)
    pending[future.key] = work
    done.add(future)


def _result_of(future: Any, work: Work) -> Grade:
    try:
        return future.result()
    except Exception as error:
        words = _failed(error)
        return Grade(work.student, work.file, work.digest, work.seed, "failed", words)


def _failed(error: Exception) -> str:
    return f"The grader failed, not the student ({type(error).__name__}). It will be tried again."
