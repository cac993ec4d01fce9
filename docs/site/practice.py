"""Predictions and exercises on a page without Python: tables, which practice.js looks up.

The words, the mistakes and the tolerances are those of `course_lib.exercises`; nothing is judged
here. A prediction is revealed once for each option. Of an exercise, each right or wrong answer
becomes a number with its tolerance, or the ranges of numbers for which a function says yes.
"""

from __future__ import annotations

import html
import json
import math
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np

from course_lib.exercises.answers import Choice, Numbers, Sentence
from course_lib.exercises.predictions import Prediction
from course_lib.exercises.tasks import Exercise
from course_lib.live.notes import Note

# Where a condition is tried: at round numbers, and in each power of ten, on both sides of 0.
GRID = np.unique(
    np.concatenate(
        (np.linspace(0, 0.2, 401), np.linspace(0, 100, 1001), np.geomspace(1e-6, 1e6, 300))
    )
)
WHOLE = sorted({float(n) for n in range(33)} | {2.0**n for n in range(14)})
GRID = np.concatenate([-GRID[:0:-1], GRID])


def outcomes(prediction: Any, results: tuple, reveal: Any = Prediction.reveal) -> dict:
    """Return what a reveal says to each answer, for the results that the notebook computed.

    Parameters
    ----------
    prediction : Prediction
    results : tuple
        What the notebook gave to `reveal`.
    reveal : callable
        The method `reveal`, where another stands in its place.
    """

    def said(answer: str) -> str:
        prediction._control = SimpleNamespace(value=answer)
        return reveal(prediction, *results)._repr_html_()

    kept = prediction._control
    try:
        if prediction.options:
            return {"options": {option: said(option) for option in prediction.options}}
        happens = float(prediction.result(*results))
        close = abs(happens) / 5 if prediction.close is None else float(prediction.close)
        close = max(close, prediction.tolerance)
        table = {"happens": happens, "tolerance": prediction.tolerance, "close": close}
        table |= {"percent": prediction.unit == "%", "right": said(repr(happens))}
        for name, guess in (("near", happens + close), ("off", happens + 2 * close + 1)):
            words = html.escape(f"You predicted {prediction._words(guess)}.", quote=False)
            place = html.escape(f"You predicted {{guess}}{_unit(prediction)}.", quote=False)
            table[name] = said(repr(guess)).replace(words, place, 1)
        return table | {"words": said("no number at all")}
    finally:
        prediction._control = kept


def _unit(prediction: Any) -> str:
    return f" {prediction.unit}" if prediction.unit else ""


def fold(prediction: Any, results: tuple, reveal: Any = Prediction.reveal) -> str:
    """Return the HTML of a reveal: folded, and with the table of what it says to each answer."""
    kept, prediction._control = prediction._control, None
    try:
        folded = reveal(prediction, *results)._repr_html_()
    finally:
        prediction._control = kept
    return (
        f'<div class="course-reveal" data-reveal="{prediction.number}" role="status">{folded}'
        f"{_table(outcomes(prediction, results, reveal))}</div>"
    )


def form(exercise: Exercise, run: str) -> str:
    """Return the HTML of the place for an answer, or of the way to Python where it takes that.

    Parameters
    ----------
    exercise : Exercise
    run : str
        HTML that leads to where the page can be run.
    """
    about = judged(exercise)
    number = exercise.number
    if about is None:
        return f'<p class="course-practice">The answer is code: {run} and write it there.</p>'
    name = f"exercise-{number}"
    if "letters" in about:
        options = exercise.answer.options or about["letters"]
        fields = "".join(
            f'<label><input type="radio" name="{name}" value="{letter}"> {letter}</label>'
            for letter, _ in zip(about["letters"], options, strict=False)
        )
        label = "Your choice"
    elif "least" in about:
        fields = f'<textarea name="{name}" rows="3" aria-label="Your sentence"></textarea>'
        label = "Your sentence"
    else:
        fields = "".join(
            f'<input type="text" inputmode="text" size="12" name="{name}" autocomplete="off" '
            f'aria-label="{_place(i, about["count"])}">'
            for i in range(about["count"])
        )
        label = "Your answer" if about["count"] == 1 else "Your answers"
    return (
        f'<form class="course-practice" data-exercise="{number}"><fieldset>'
        f'<legend>{label} to exercise {number}</legend><div class="course-fields">{fields}'
        f'<button type="submit">Check</button></div></fieldset><div role="status"></div>'
        f"{_table(about)}</form>"
    )


def _place(i: int, count: int) -> str:
    return f"Number {i + 1} of {count}" if count > 1 else "Your number"


def judged(exercise: Exercise) -> dict | None:
    """Return the table by which practice.js judges an answer; None for one that takes Python."""
    answer = exercise.answer
    # The page's own check button stands for running the cell.
    wanted = "Write your answer first, then check it."
    common = {"right": note(exercise.praise, "Right.", "right"), "empty": note(wanted)}
    if isinstance(answer, Choice):
        said = {}
        for letter in answer.letters:
            verdict, message = exercise._judge(letter)
            said[letter] = note(message, "Right." if verdict == "right" else "Not yet.", verdict)
        return common | {"letters": answer.letters, "said": said}
    if isinstance(answer, Sentence):
        short = f"Write a whole sentence, of {answer.least} words at least."
        return common | {
            "least": answer.least,
            "right": note(exercise.praise, "Compare.", "right"),
            "short": note(short, "Not yet.", "malformed"),
        }
    if not isinstance(answer, Numbers) or len(answer.shape) > 1:
        return None
    known = [(exercise.right, None), *exercise.mistakes]
    if answer.shape and any(callable(value) for value, _ in known):
        return None
    checks = []
    for value, message in known:
        if callable(value):
            check: dict[str, Any] = {"ranges": ranges(value)}
        else:
            check = {"at": np.ravel(np.asarray(value, dtype=float)).tolist()}
        if message is not None:
            check["said"] = note(message, "Not yet.", "wrong")
        checks.append(check)
    decimals = 0
    if answer.tolerance and not callable(exercise.right):
        decimals = max(0, math.ceil(-math.log10(2 * answer.tolerance) - 1e-9))
    return common | {
        "count": answer.shape[0] if answer.shape else 1,
        "percent": answer.percent,
        "tolerance": answer.tolerance,
        "decimals": decimals,
        "checks": checks,
        "rounded": note("{rounded}", "Not yet.", "wrong"),
        "otherwise": note(f"{{differs}} {exercise.otherwise}".strip(), "Not yet.", "wrong"),
        "malformed": note(
            f"This needs {answer.wanted}; you gave {{given}}.", "Not yet.", "malformed"
        ),
    }


def ranges(holds) -> list[list[float]]:
    """Return the ranges of numbers for which a condition holds, their ends found by halving."""

    def true(x: float) -> bool:
        try:
            with np.errstate(all="ignore"):
                return bool(holds(float(x)))
        except ArithmeticError:  # no answer anybody would give
            return False

    found: list[list[float]] = []
    before, was = -math.inf, true(GRID[0])
    start = before
    for low, high in pairwise(GRID):
        now = true(high)
        if now != was:
            inside, outside = float(low), float(high)
            for _ in range(60):
                middle = (inside + outside) / 2
                if middle in (inside, outside):
                    break
                if true(middle) == was:
                    inside = middle
                else:
                    outside = middle
            if was:
                found.append([start, inside])
            else:
                start = outside
        was = now
    if was:
        found.append([start, math.inf])
    # A condition may single out whole numbers, such as the powers of two.
    for whole in WHOLE:
        inside = [pair for pair in found if pair[0] <= whole <= pair[1]]
        if true(whole) and not inside:
            found.append([whole, whole])
        elif inside and not true(whole):
            (pair,) = inside
            found.remove(pair)
            found += [[pair[0], math.nextafter(whole, -1e9)], [math.nextafter(whole, 1e9), pair[1]]]
    # JSON has no infinity.
    return sorted([max(low, -1e308), min(high, 1e308)] for low, high in found)


def note(message: str, head: str = "", verdict: str = "") -> str:
    """Return a note as HTML."""
    return Note(message, head, verdict)._repr_html_()


def _table(about: dict) -> str:
    text = json.dumps(about, ensure_ascii=False).replace("</", "<\\/")
    return f'<script type="application/json">{text}</script>'
