"""Predictions: a question to commit to before the answer is computed.

`guess = predict("1.a")` shows the question, and `guess.reveal(walk)` works the answer out of what
the notebook computed in between and says why. The questions are written in the modules
`lecture_N` beside this one. Until the reader has chosen, a reveal stays folded.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from course_lib.exercises.answers import number_in
from course_lib.exercises.tasks import Missing, find, modules
from course_lib.live.notes import Note


def predict(number: str) -> Prediction | Missing:
    """Return the prediction `number`, such as "1.a"; at the end of a cell it shows its question.

    Parameters
    ----------
    number : str
        The lecture, a dot, and a letter. If there is no such prediction, a note suggests the
        nearest one.
    """
    known = [each for module in modules() for each in getattr(module, "PREDICTIONS", ())]
    return find("prediction", number, known)


class Folded(Note):
    """A note whose words are folded away under a line that says what to do first."""

    def __repr__(self) -> str:
        return f"{self.head} Then run this cell again."

    def _repr_html_(self) -> str:
        words = Note(self.message)._repr_html_()
        return f"<details><summary>{html.escape(self.head)}</summary>{words}</details>"


@dataclass(eq=False, repr=False)
class Prediction:
    """One question. What a lecture's module writes about it, and what the reader answered.

    Parameters
    ----------
    number : str
        Its name, such as "1.a".
    question : str
        What is asked; `code` stands between backticks.
    result : callable
        Gets what `reveal` is given, and returns what happens: the text of an option, or a number.
    why : str or callable
        Why it happens; a function gets the same arguments as `result`.
    options : tuple of str
        What can be chosen. Without them a number is asked for.
    tolerance : float
        How far a number may be off and still be right.
    close : float, optional
        How far a number may be off and still be called close; by default a fifth of the result.
    unit : str
        Said after the numbers. With "%" the answer "33 %" means 33.
    deeper : bool
        Whether it belongs to *Going deeper*, which nothing later needs.
    """

    number: str
    question: str
    result: Callable[..., str | float]
    why: str | Callable[..., str]
    options: tuple[str, ...] = ()
    tolerance: float = 0.0
    close: float | None = None
    unit: str = ""
    deeper: bool = False
    _control: Any = field(default=None, init=False)
    _widget: Any = field(default=None, init=False)

    @property
    def answer(self) -> str | None:
        """What the reader chose or wrote; None as long as there is no answer."""
        value = self._control.value if self._control is not None else None
        return value.strip() or None if value else None

    def reveal(self, *results: Any) -> Note:
        """Show what happens beside what was predicted, and why.

        Parameters
        ----------
        *results
            What the notebook computed; the prediction's `result` says what it needs.
        """
        happens = self.result(*results)
        if self.options and happens not in self.options:
            raise ValueError(
                f"prediction {self.number}: what happens must be one of its options "
                f"{list(self.options)}, got {happens!r}."
            )
        shown = self._words(happens)
        why = self.why if isinstance(self.why, str) else self.why(*results)
        outcome = f"What happens: {shown}. {why}"
        if self.answer is None:
            return Folded(outcome, "What happens? Choose first.")
        if self.options:
            if self.answer == happens:
                return Note(f"What happens: {shown}, as you predicted. {why}", "Right.", "right")
            return Note(f"You predicted: {self.answer}. {outcome}", "Not this time.")
        guess = number_in(self.answer, percent=self.unit == "%")
        if guess is None:
            head = f'Your prediction "{self.answer[:60]}" is not a number. Write one, such as 12.'
            return Folded(outcome, head)
        off = abs(guess - happens)
        if off <= self.tolerance:
            return Note(f"What happens: {shown}, as you predicted. {why}", "Right.", "right")
        close = abs(happens) / 5 if self.close is None else self.close
        head = "Close." if off <= close else "Not this time."
        return Note(f"You predicted {self._words(guess)}. {outcome}", head)

    def _words(self, value: str | float) -> str:
        if isinstance(value, str):
            return value
        unit = f" {self.unit}" if self.unit else ""
        return f"{value:.4g}".replace("-", "−") + unit

    @property
    def _heading(self) -> str:
        return "Predict (going deeper)." if self.deeper else "Predict."

    def __repr__(self) -> str:
        listed = "".join(f"\n  ( ) {option}" for option in self.options)
        return f"{self._heading} {self.question}{listed or '  [a number]'}"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle = {"text/plain": repr(self), "text/html": self._page()}
        try:
            self._build()
        except ImportError:  # without ipywidgets the question is still there to be read
            return bundle
        view = self._widget._repr_mimebundle_()
        return bundle | {kind: data for kind, data in view.items() if kind != "text/plain"}

    @property
    def _asked(self) -> str:
        question = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(self.question, quote=False))
        return f"<strong>{self._heading}</strong> {question}"

    def _page(self) -> str:
        """Return the question as a page without Python shows it: its options can be marked."""
        name = f"predict-{self.number}"
        if self.options:
            mark = f'<input type="radio" name="{name}">'
            rows = "".join(
                f"<div><label>{mark} {html.escape(option)}</label></div>" for option in self.options
            )
        else:
            unit = f" {html.escape(self.unit)}" if self.unit else ""
            rows = (
                f'<label>Your prediction <input type="text" name="{name}" '
                f'placeholder="a number">{unit}</label>'
            )
        style = "border: 0; margin: 0; padding: 0"
        return f'<fieldset style="{style}"><legend>{self._asked}</legend>{rows}</fieldset>'

    def _build(self) -> None:
        if self._widget is not None:
            return
        import ipywidgets

        # The tooltip is also the name that a screen reader says.
        common = {"tooltip": self.question, "value": None, "layout": {"width": "auto"}}
        if self.options:
            self._control = ipywidgets.RadioButtons(options=self.options, **common)
        else:
            unit = f", in {self.unit}" if self.unit else ""
            common |= {"value": "", "layout": {"width": "18em"}}
            self._control = ipywidgets.Text(
                description="Your prediction",
                placeholder=f"a number{unit}",
                style={"description_width": "initial"},
                **common,
            )
        self._widget = ipywidgets.VBox([ipywidgets.HTML(self._asked), self._control])
