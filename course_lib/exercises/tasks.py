"""Exercises: a task, an answer that is judged in words, hints that say more at each call.

`exercise("1.2")` shows a task; `.check(answer)` says what is right or wrong with an answer,
`.hint()` helps a little more at each call, `.solution()` shows the whole way. What each lecture
asks is written in the modules `lecture_N` beside this one, which are found by their names.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from course_lib.attempts import AnswerError, is_untouched
from course_lib.exercises import progress
from course_lib.exercises.answers import Choice, Numbers, Sentence
from course_lib.live.notes import Note

_HEADS = {
    "right": "Right.",
    "wrong": "Not yet.",
    "malformed": "Not yet.",
    "not attempted": "Not attempted.",
}


@dataclass(frozen=True, repr=False)
class Passage:
    """Markdown with formulas, `text`, shown as such in a notebook and as it is elsewhere."""

    text: str

    def __repr__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        return self.text


class Missing(Note):
    """The note for a question that does not exist. It has the methods of one that does."""

    def check(self, *answers: Any) -> Note:
        """Return the note itself, whatever is asked of it."""
        return self

    hint = solution = reveal = check


@dataclass(eq=False, repr=False)
class Exercise:
    """One task. Everything a lecture's module writes about it is here.

    Parameters
    ----------
    number, title, task : str
        Its name, and what is asked, in Markdown.
    template : str
        The code the reader starts from, with `...` where the answer goes.
    answer : Numbers, Choice, Function or Sentence
        What an answer looks like and how two are compared (see `course_lib.exercises.answers`).
    right
        The right answer, or for a number a function that tells whether it is right.
    praise : str
        Said on the right answer: what it means, not only that it is right. For a sentence it is the
        model to compare with.
    mistakes : tuple of (wrong answer, message)
        Wrong answers that are often given, in the form of `right`, and what to say to them.
    hints : tuple of str
        Each says more than the one before.
    worked : str
        The whole way, in Markdown.
    otherwise : str
        Said on a wrong answer that is not among the mistakes.
    deeper : bool
        Whether it belongs to *Going deeper*, which nothing later needs.
    """

    number: str
    title: str
    task: str
    template: str
    answer: Any
    right: Any
    praise: str
    mistakes: tuple[tuple[Any, str], ...]
    hints: tuple[str, ...]
    worked: str
    otherwise: str = ""
    deeper: bool = False
    _given: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if isinstance(self.answer, Choice) and not self.answer.options:
            options = re.findall(r'(?m)^- `"\w"` (.+)$', self.task)
            self.answer = replace(self.answer, options=tuple(options))

    def check(self, answer: Any = None) -> Note:
        """Say whether `answer` is right and, if not, what probably went wrong. Never raises."""
        verdict, message = self._judge(answer)
        if verdict == "right":
            message = f"{message} {progress.record(self.number)}".strip()
        own = verdict == "right" and isinstance(self.answer, Sentence)
        return Note(message, "Compare." if own else _HEADS[verdict], verdict)

    def _judge(self, answer: Any) -> tuple[str, str]:
        if is_untouched(answer, self.template):
            return "not attempted", "Put your answer where the `...` is, then run the cell again."
        try:
            value = self.answer.read(answer)
        except AnswerError as reason:
            return "malformed", str(reason)
        if self.answer.agrees(value, self.right):
            return "right", self.praise
        for wrong, message in self.mistakes:
            if self.answer.agrees(value, wrong):
                return "wrong", message
        if isinstance(self.answer, Numbers):
            rounded = self.answer.rounded(value, self.right)
            meant = (words for wrong, words in self.mistakes if self.answer.resembles(value, wrong))
            found = rounded or next(meant, "")
            if found:
                return "wrong", found
        return "wrong", f"{self.answer.differs(value, self.right)} {self.otherwise}".strip()

    def hint(self) -> Passage:
        """Return the next hint, or say that there are no more."""
        if self._given == len(self.hints):
            return Passage(
                f'That was the last hint. `exercise("{self.number}").solution()` shows a solution.'
            )
        self._given += 1
        return Passage(
            f"**Hint {self._given} of {len(self.hints)}.** {self.hints[self._given - 1]}"
        )

    def solution(self) -> Passage:
        """Return a worked solution."""
        return Passage(f"**Solution {self.number}.** {self.worked}")

    def __repr__(self) -> str:
        return f"Exercise {self.number}: {self._heading}\n\n{self.task}"

    def _repr_markdown_(self) -> str:
        folded = f"<details><summary>Solution</summary>\n\n{self.worked}\n\n</details>"
        for position in range(len(self.hints), 0, -1):
            name = "Hint" if position == 1 else "Next hint"
            folded = (
                f"<details><summary>{name}</summary>\n\n{self.hints[position - 1]}\n\n"
                f"{folded}\n\n</details>"
            )
        return f"**Exercise {self.number} · {self._heading}**\n\n{self.task}\n\n{folded}"

    @property
    def _heading(self) -> str:
        return f"{self.title} (going deeper)" if self.deeper else self.title


def exercise(number: str) -> Exercise | Missing:
    """Return the exercise `number`, such as "1.2"; shown at the end of a cell it is its task.

    Parameters
    ----------
    number : str
        The lecture, a dot, and the exercise's place in it. If there is no such exercise, a note
        suggests the nearest one, or says which exercises there are.
    """
    return find("exercise", number, every())


def find(kind: str, number: str, known: Sequence[Any]) -> Any:
    """Return what has this number, or a note that suggests the nearest number there is.

    Parameters
    ----------
    kind : str
        What is looked for, in a word: "exercise" or "prediction".
    number : str
        Such as "1.2" or "1.a".
    known : sequence
        All there are, each with its number.
    """
    numbers = {each.number: each for each in known}
    if str(number) in numbers:
        return numbers[str(number)]
    near = difflib.get_close_matches(str(number), numbers, n=1, cutoff=0.5)
    ends = " to ".join([*numbers][:: max(1, len(numbers) - 1)])
    hint = f'Did you mean "{near[0]}"?' if near else f"They go from {ends}."
    return Missing(f'There is no {kind} "{number}". {hint}')


def every() -> list[Exercise]:
    """Return all exercises of the course, in the order of the lectures."""
    return [each for module in modules() for each in module.EXERCISES]


def modules() -> list[ModuleType]:
    """Return the modules `lecture_N` beside this one, in the order of N."""
    names = [each.name for each in pkgutil.iter_modules([str(Path(__file__).parent)])]
    names = [name for name in names if re.fullmatch(r"lecture_\d+", name)]
    names.sort(key=lambda name: int(name.removeprefix("lecture_")))
    return [importlib.import_module(f"{__package__}.{name}") for name in names]


def lectures() -> list[tuple[int, str, list[str]]]:
    """Return number, title and the numbers of the exercises of each lecture that has any."""
    return [
        (
            int(module.__name__.rpartition("_")[2]),
            module.TITLE,
            [e.number for e in module.EXERCISES],
        )
        for module in modules()
        if module.EXERCISES
    ]
