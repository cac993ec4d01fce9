"""Exercises with feedback, and predictions to commit to before a reveal.

`exercise("1.2")` shows a task; `.check(answer)` answers in words, `.hint()` helps a little more at
each call, `.solution()` ends the guessing. What each lecture asks stands in its own module beside
this one; how answers are read and compared stands in `answers`. Used by notebooks and homework.
"""

from __future__ import annotations

import difflib
import html
import importlib
import pkgutil
from dataclasses import dataclass, field
from typing import Any

from course_lib.exercises import progress
from course_lib.exercises.answers import AnswerError, is_untouched
from course_lib.live.notes import Note

__all__ = ["Exercise", "Note", "Prediction", "every", "exercise", "predict"]

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
    """The note for an exercise that does not exist. It has the methods of one that does."""

    def check(self, answer: Any = None) -> Note:
        """Return the note itself, whatever is asked of it."""
        return self

    hint = solution = check


@dataclass(eq=False, repr=False)
class Exercise:
    """One task. Everything a lecture's module writes about it is here.

    Parameters
    ----------
    number, title, task : str
        Its name, and what is asked, in Markdown.
    template : str
        The code the reader starts from, with `...` where the answer goes.
    answer : Numbers, Choice or Function
        What an answer looks like and how two are compared (see `course_lib.exercises.answers`).
    right
        The right answer, or for a number a function that tells whether it is right.
    praise : str
        Said on the right answer: what it means, not only that it is right.
    mistakes : tuple of (wrong answer, message)
        Wrong answers that are often given, in the form of `right`, and what to say to them.
    hints : tuple of str
        Each says more than the one before.
    worked : str
        The whole way, in Markdown.
    otherwise : str
        Said on a wrong answer that is not among the mistakes.
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
    _given: int = field(default=0, init=False)

    def check(self, answer: Any = None) -> Note:
        """Say whether `answer` is right and, if not, what probably went wrong. Never raises."""
        verdict, message = self._judge(answer)
        if verdict == "right":
            message = f"{message} {progress.record(self.number)}".strip()
        return Note(message, _HEADS[verdict], verdict)

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
        return f"Exercise {self.number}: {self.title}\n\n{self.task}"

    def _repr_markdown_(self) -> str:
        folded = f"<details><summary>Solution</summary>\n\n{self.worked}\n\n</details>"
        for position in range(len(self.hints), 0, -1):
            name = "Hint" if position == 1 else "Next hint"
            folded = (
                f"<details><summary>{name}</summary>\n\n{self.hints[position - 1]}\n\n"
                f"{folded}\n\n</details>"
            )
        return f"**Exercise {self.number} · {self.title}**\n\n{self.task}\n\n{folded}"


def exercise(number: str) -> Exercise | Missing:
    """Return the exercise `number`, such as "1.2"; shown at the end of a cell it is its task.

    Parameters
    ----------
    number : str
        Of the lecture, a dot, and its place there. For a number that does not exist the answer is a
        note that suggests the nearest, or says which there are.
    """
    known = {each.number: each for each in every()}
    if str(number) in known:
        return known[str(number)]
    near = difflib.get_close_matches(str(number), known, n=1, cutoff=0.5)
    numbers = list(known)
    hint = f'Did you mean "{near[0]}"?' if near else f"They go from {numbers[0]} to {numbers[-1]}."
    return Missing(f'There is no exercise "{number}". {hint}')


def every() -> list[Exercise]:
    """Return all exercises of the course: those of each module `lecture_N` beside this one."""
    modules = [m.name for m in pkgutil.iter_modules(__path__) if m.name.startswith("lecture_")]
    modules.sort(key=lambda name: int(name.removeprefix("lecture_")))
    lectures = [importlib.import_module(f"{__name__}.{name}") for name in modules]
    return [each for lecture in lectures for each in lecture.EXERCISES]


_PREDICTIONS: dict[str, Prediction] = {}


def predict(question: str, options: list[str] | None = None) -> Prediction:
    """Ask the reader to commit to an answer before a reveal.

    Parameters
    ----------
    question : str
        What is asked.
    options : list of str, optional
        What can be chosen. Without it a number is asked for.

    Returns
    -------
    Prediction
        Shown at the end of a cell it is the question; `.reveal(result)` compares. Asking the same
        question again gives the same object, so that what the reader chose survives a second run.
    """
    asked = _PREDICTIONS.get(question)
    if asked is None or asked.options != tuple(options or ()):
        asked = _PREDICTIONS[question] = Prediction(question, tuple(options or ()))
    return asked


class Prediction:
    """A question and what the reader answered. Made by `predict`."""

    def __init__(self, question: str, options: tuple[str, ...]) -> None:
        self.question, self.options = question, options
        self._control = self._widget = None

    @property
    def answer(self) -> str | float | None:
        """What the reader chose or wrote; None as long as there is no answer."""
        value = self._control.value if self._control is not None else None
        if self.options or not value:
            return value
        try:
            return float(value.replace("−", "-").replace(",", ".").rstrip("% "))
        except ValueError:
            return value

    def reveal(self, result: str | float, because: str = "") -> Note:
        """Show what happens beside what was predicted, with a word on why."""
        shown, answer = _words(result), self.answer
        if answer in (None, ""):
            told = f"No prediction recorded. What happens: {shown}."
        elif _words(answer) == shown:
            told = f"You predicted: {shown}. That is what happens."
        else:
            told = f"You predicted: {_words(answer)}. What happens: {shown}."
        return Note(f"{told} {because}".strip())

    def __repr__(self) -> str:
        listed = "".join(f"\n  ( ) {option}" for option in self.options)
        return f"Predict: {self.question}{listed or '  [a number]'}"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        listed = "".join(f"<li>{html.escape(option)}</li>" for option in self.options)
        listed = f'<ul style="list-style: circle">{listed}</ul>' if listed else ""
        bundle = {
            "text/plain": repr(self),
            "text/html": f"<strong>Predict.</strong> {html.escape(self.question)}{listed}",
        }
        try:
            self._build()
        except ImportError:  # without ipywidgets the question is still there to be read
            return bundle
        view = self._widget._repr_mimebundle_()
        return bundle | {kind: data for kind, data in view.items() if kind != "text/plain"}

    def _build(self) -> None:
        if self._widget is not None:
            return
        import ipywidgets

        question = ipywidgets.HTML(f"<strong>Predict.</strong> {html.escape(self.question)}")
        # The tooltip is also the name that a screen reader says.
        common = {"tooltip": self.question, "value": None, "layout": {"width": "auto"}}
        if self.options:
            self._control = ipywidgets.RadioButtons(options=self.options, **common)
        else:
            common |= {"value": "", "layout": {"width": "18em"}}
            self._control = ipywidgets.Text(
                description="Your prediction",
                placeholder="a number",
                style={"description_width": "initial"},
                **common,
            )
        self._widget = ipywidgets.VBox([question, self._control])


def _words(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:g}"
