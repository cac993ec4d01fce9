"""The forms an answer can have: numbers, a choice, a function.

Each form reads what a reader wrote (or says in words what it expected instead) and compares it with
a right or a known wrong answer. `course_lib.exercises` asks them; nothing here knows an exercise.
"""

from __future__ import annotations

import inspect
import math
import re
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import numpy as np

from course_lib.attempts import AnswerError

_MOST = 12  # numbers that a message shows one by one
_SAME = {"\\alpha": "α", "\\cdot": "*", "·": "*", "\\sqrt": "√", "sqrt": "√", "**": "^"}
_SAME |= {"{": "(", "}": ")"}


# A number as a reader writes it: 2.73, 0,5, −6, .5, 1e-3, and 1/3 or 2^7 as two of them.
# Not the 1 of x1, nor the 6 of 6x.
_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?(?!\w)"
_WRITTEN = re.compile(
    rf"(?<![\w.])({_NUMBER})(?:\s*(/|\^|\*\*)\s*({_NUMBER}))?\s*(%|percent\b)?", re.IGNORECASE
)

# A root, perhaps with a number before it: √2, 2√3, sqrt(2), math.sqrt(2).
_ROOT = re.compile(
    rf"(?:({_NUMBER})?\s*[·*]?\s*)?(?<![a-z])(?:(?:np|math)\.)?(?:√|sqrt)\s*\(?\s*({_NUMBER})\s*\)?"
)

# A large number with its digits in groups: 203,540 and 203 540, not 2,735 nor 0,285.
_GROUP = r"[ ,_\u00a0\u202f]\d{3}"
_GROUPED = re.compile(
    rf"(?<![\w.,])(?:[1-9]\d{{1,2}}(?:{_GROUP})|[1-9]\d{{0,2}}(?:{_GROUP}){{2,}})(?![\d.,])"
)


def numbers_in(text: str, percent: bool = False) -> list[float]:
    """Return the numbers in a text: "2.73", "1/3", "33%", "a learning rate of 0.15", "[26, −6]".

    Parameters
    ----------
    text : str
        What the reader wrote. A comma is a decimal point between two digits without a space, but
        "203,540" and "203 540" are one number: two or three digits, then groups of three.
    percent : bool
        Whether the question asks for a percentage: "33%" is then 33, and 0.33 otherwise.
    """
    plain = text.replace("−", "-").replace("–", "-")
    if not set(plain) & set("[]()"):
        plain = _GROUPED.sub(lambda number: re.sub(r"\D", "", number[0]), plain)
    if plain.count(",") == 1 and "." not in plain and not set(plain) & set("[]()"):
        plain = re.sub(r"(?<=\d),(?=\d)", ".", plain)
    plain = _ROOT.sub(_root, plain)
    found = []
    for upper, between, lower, sign in _WRITTEN.findall(plain):
        value = float(upper)
        if between == "/":
            value = value / float(lower) if float(lower) else math.nan
        elif between:
            with np.errstate(all="ignore"):  # 9^999 is no number, and is told so
                value = float(np.float_power(value, float(lower)))
        found.append(value / 100 if sign and not percent else value)
    return found


def _root(found: re.Match) -> str:
    """Return a root that a reader wrote as the number it is, and one of no number as it stands."""
    times, inside = float(found[1] or 1), float(found[2])
    return repr(times * math.sqrt(inside)) if inside >= 0 else found[0]


def number_in(text: str, percent: bool = False) -> float | None:
    """Return the number in a text if there is exactly one, and None otherwise.

    Parameters
    ----------
    text : str
        What the reader wrote, such as "about 0.5".
    percent : bool
        As for `numbers_in`.
    """
    found = numbers_in(text, percent)
    return found[0] if len(found) == 1 else None


@dataclass(frozen=True)
class Numbers:
    """One number, or an array of the given shape.

    Parameters
    ----------
    tolerance : float
        The largest absolute difference that still agrees.
    shape : tuple of int
        () for one number. A column or a row of the same numbers is read as if it had this shape.
    percent : bool
        Whether a percentage is asked for: "33%" is then 33, and 0.33 otherwise.
    """

    tolerance: float
    shape: tuple[int, ...] = ()
    percent: bool = False

    @property
    def wanted(self) -> str:
        """What is asked for, in words."""
        if not self.shape:
            return "one number"
        if len(self.shape) == 1:
            return f"{self.shape[0]} numbers, such as `[{', '.join(['0.5'] * self.shape[0])}]`"
        return f"an array of shape {self.shape}"

    def read(self, answer: Any) -> np.ndarray:
        """Return the answer as an array, or raise an AnswerError that says what is wrong."""
        value = _as_numbers(_written_out(answer, self.percent), self.wanted)
        if _squeezed(value.shape) != _squeezed(self.shape):
            raise AnswerError(f"This needs {self.wanted}; you gave {_form(value.shape)}.")
        if not np.all(np.isfinite(value)):
            raise AnswerError(f"This needs {self.wanted}; your answer holds {_shown(value)}.")
        return value.reshape(self.shape)

    def agrees(self, value: np.ndarray, reference: Any) -> bool:
        """Return whether what was read is the reference, or meets it where it is a function."""
        if callable(reference):
            return bool(reference(float(value) if not self.shape else value))
        return bool(np.all(np.abs(value - np.asarray(reference, dtype=float)) <= self.tolerance))

    def differs(self, value: np.ndarray, reference: Any) -> str:
        """Return in words where what was read differs from the reference."""
        if value.size > 1 and not callable(reference):
            wrong = np.abs(value - np.asarray(reference, dtype=float)) > self.tolerance
            if not wrong.all():
                where = " and ".join(str(i + 1) for i in np.flatnonzero(wrong))
                subject, verb = ("Entries", "are") if wrong.sum() > 1 else ("Entry", "is")
                return f"{subject} {where} of {_shown(value)} {verb} not right; the rest is."
        return f"{_shown(value)} is not it."

    def resembles(self, value: np.ndarray, reference: Any) -> bool:
        """Return whether what was read is the reference, rounded to two digits or more."""
        if callable(reference):
            return False
        wrong = np.asarray(reference, dtype=float)
        least = np.abs(wrong[wrong != 0]).min() if np.any(wrong) else 0.0
        return any(
            np.allclose(value, np.round(wrong, decimals), rtol=0, atol=1e-12)
            for decimals in range(1, 7)
            if least * 10**decimals >= 10
        )

    def rounded(self, value: np.ndarray, reference: Any) -> str:
        """Return what to say to the right numbers with too few digits; "" if that is not it."""
        if callable(reference):
            return ""
        right = np.asarray(reference, dtype=float)
        needed = max(0, math.ceil(-math.log10(2 * self.tolerance) - 1e-9)) if self.tolerance else 0
        off = np.abs(value - right)
        for decimals in range(1, needed):
            # Where the last digit is between two, either way of rounding is one.
            near = (off <= self.tolerance) | (off <= 0.5001 * 10.0**-decimals)
            if near.all() and np.allclose(value, np.round(value, decimals), rtol=0, atol=1e-12):
                coarse = [_shown(v) for v in np.ravel(value)[np.ravel(off > self.tolerance)]]
                verb = "are" if len(coarse) > 1 else "is"
                return (
                    f"Right so far, but {' and '.join(coarse)} {verb} rounded too early: "
                    f"give {needed} decimals."
                )
        return ""


@dataclass(frozen=True)
class Choice:
    """One of some options, named by its letter.

    Parameters
    ----------
    letters : str
        The letters there are, such as "abc".
    options : tuple of str
        What they stand for, in the same order; an answer may also say that.
    """

    letters: str
    options: tuple[str, ...] = ()

    def read(self, answer: Any) -> str:
        """See `Numbers.read`."""
        letter = self._letter(answer)
        if len(letter) != 1 or letter not in self.letters:
            allowed = ", ".join(f'`"{each}"`' for each in self.letters)
            raise AnswerError(f"Answer with one letter out of {allowed}; you gave {_kind(answer)}.")
        return letter

    def _letter(self, answer: Any) -> str:
        while isinstance(answer, (list, tuple, set)) and len(answer) == 1:
            (answer,) = answer
        if isinstance(answer, (int, float)) and not isinstance(answer, bool):
            answer = str(answer)
        if not isinstance(answer, str):
            return ""
        plain = _plain(answer)
        letter = re.fullmatch(r"(?:(?:the )?(?:answer|option|choice|line)(?: is)? )?(\w)", plain)
        if letter and letter[1] in self.letters:
            return letter[1]
        # The option itself, or the right side of its equation, or a number that only it names.
        ways = [(option, option.rpartition("=")[2]) for option in self.options]
        said = [{_plain(way).replace(" ", "") for way in both} for both in ways]
        same = [n for n, known in enumerate(said) if plain.replace(" ", "") in known]
        same = same or [
            n
            for n, option in enumerate(self.options)
            if number_in(plain) is not None and number_in(option) == number_in(plain)
        ]
        return self.letters[same[0]] if len(same) == 1 else ""

    def agrees(self, value: str, reference: str) -> bool:
        """See `Numbers.agrees`."""
        return value == reference

    def differs(self, value: str, reference: str) -> str:
        """See `Numbers.differs`."""
        return f'"{value}" is not it.'


@dataclass(frozen=True)
class Sentence:
    """A sentence of the reader's own. Nobody judges it: the reader compares it with a model.

    Parameters
    ----------
    least : int
        The fewest words that are taken for an answer.
    """

    least: int = 6

    def read(self, answer: Any) -> str:
        """See `Numbers.read`."""
        if not isinstance(answer, str):
            raise AnswerError(
                f"Write a sentence between quotation marks; you gave {_kind(answer)}."
            )
        if len(answer.split()) < self.least:
            raise AnswerError(f"Write a whole sentence, of {self.least} words at least.")
        return answer

    def agrees(self, value: str, reference: Any) -> bool:
        """See `Numbers.agrees`."""
        return True


@dataclass(frozen=True)
class Function:
    """A function of the reader's, tried on some inputs.

    Parameters
    ----------
    inputs : callable
        Returns the list of argument tuples to try. Called when a check runs, so that an exercise
        may need torch without its module importing it.
    tolerance : float
        The largest difference that still agrees, relative to the reference where that is above 1.
    failures : tuple of (pattern, message)
        What to say where the function stops with an error, such as "TypeError: …", or returns what
        is no answer, "returned None" or "returned a tensor", and the pattern is found in that.
    """

    inputs: Callable[[], list[tuple]]
    tolerance: float = 1e-9
    failures: tuple[tuple[str, str], ...] = ()

    def read(self, answer: Any) -> list[tuple[tuple, str, np.ndarray]]:
        """See `Numbers.read`."""
        if not callable(answer) or isinstance(answer, type):
            raise AnswerError(
                "Hand over the function itself, by its name and without parentheses; "
                f"you gave {_kind(answer)}."
            )
        return [self._try(answer, arguments) for arguments in self.inputs()]

    def _try(self, function: Callable, arguments: tuple) -> tuple[tuple, str, np.ndarray]:
        names = _names(function, arguments)
        case = ", ".join(f"{n} = {_shown(x)}" for n, x in zip(names, arguments, strict=False))
        given = [x.copy() if isinstance(x, np.ndarray) else x for x in arguments]
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                returned = function(*given)
        except KeyboardInterrupt:
            raise AnswerError(
                f"You stopped your function. Does its loop end, for {case}?"
            ) from None
        except (Exception, SystemExit) as error:
            self._diagnose(f"{type(error).__name__}: {error}")
            raise AnswerError(_failure(function, error, case)) from None
        for name, before, after in zip(names, arguments, given, strict=False):
            if isinstance(before, np.ndarray) and not np.array_equal(before, after):
                raise AnswerError(
                    f"Your function changes the array `{name}` it was given, for {case}. "
                    "`w -= …` and `w[0] = …` write into it; `w = w - …` makes a new array."
                )
        if returned is None or returned is ...:
            self._diagnose("returned None")
            raise AnswerError(
                f"Your function returned None for {case}. Does every way through it end in "
                "`return …`?"
            )
        if hasattr(returned, "detach"):
            self._diagnose("returned a tensor")
            raise AnswerError(
                "Your function returns a torch tensor. `.detach().numpy()` makes it a numpy array."
            )
        return arguments, case, _as_numbers(returned, "numbers back from your function")

    def _diagnose(self, found: str) -> None:
        for pattern, message in self.failures:
            if re.search(pattern, found):
                raise AnswerError(message)

    def agrees(self, value: list, reference: Callable) -> bool:
        """See `Numbers.agrees`."""
        with np.errstate(all="ignore"):  # a known mistake may overflow where the right way does not
            return all(self._same(out, reference(*arguments)) for arguments, _, out in value)

    def _same(self, out: np.ndarray, reference: Any) -> bool:
        expected = np.asarray(reference, dtype=float)
        if _squeezed(out.shape) != _squeezed(expected.shape):
            return False
        out = out.reshape(expected.shape)  # a column where a row was meant holds the same numbers
        scale = max(1.0, float(np.abs(expected).max(initial=0)))
        return np.allclose(out, expected, rtol=0, atol=self.tolerance * scale, equal_nan=True)

    def differs(self, value: list, reference: Callable) -> str:
        """See `Numbers.differs`."""
        for arguments, case, out in value:
            expected = np.asarray(reference(*arguments), dtype=float)
            if not self._same(out, expected):
                if _squeezed(out.shape) != _squeezed(expected.shape):
                    found, right = _form(out.shape), _form(expected.shape)
                    return f"For {case} your function returns {found}, not {right}."
                if out.size > _MOST:
                    gap = _shown(np.max(np.abs(out.reshape(expected.shape) - expected)))
                    return f"For {case} your function's numbers are off by up to {gap}."
                # As many digits as it takes to see the difference.
                for digits in (6, 9, 12, 17):
                    found, right = _shown(out, digits), _shown(expected, digits)
                    if found != right:
                        break
                return f"For {case} your function returns {found}, not {right}."
        return ""


def _names(function: Callable, arguments: tuple) -> list[str]:
    """Return what the function calls its arguments, or say how many it must take."""
    try:
        signature = inspect.signature(function)
    except ValueError:  # some functions written in C do not tell
        return [f"argument {i + 1}" for i in range(len(arguments))]
    try:
        return list(signature.bind(*arguments).arguments)
    except TypeError:
        count = len(arguments)
        raise AnswerError(
            f"Your function must take {count} argument{'s'[: count - 1]}; "
            f"it takes {len(signature.parameters)}: `{signature}`."
        ) from None


def _squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return a shape without its axes of length one: a row and a column are then the same."""
    return tuple(length for length in shape if length != 1)


def _form(shape: tuple[int, ...]) -> str:
    """Return in words how many numbers an array of this shape holds."""
    if len(shape) > 1:
        return f"an array of shape {shape}"
    return "one number" if shape in ((), (1,)) else f"{shape[0] or 'no'} numbers"


def _plain(text: str) -> str:
    """Return a text in small letters and without marks around it, to compare what it says."""
    plain = text.replace("$", "").lower()
    for written, meant in _SAME.items():
        plain = plain.replace(written, meant)
    return re.sub(r"\s+", " ", re.sub(r"[\"'`()\[\]:;]|[.,!]+(?=\s|$)", " ", plain)).strip()


def _written_out(answer: Any, percent: bool) -> Any:
    """Return an answer with each text in it read as the number, or the numbers, it holds."""
    if isinstance(answer, str):
        found = numbers_in(answer, percent)
        return answer if not found else found[0] if len(found) == 1 else found
    if type(answer) in (list, tuple):
        return type(answer)(_written_out(entry, percent) for entry in answer)
    return answer


def _as_numbers(answer: Any, wanted: str) -> np.ndarray:
    try:
        if hasattr(answer, "detach"):
            answer = answer.detach()
        if isinstance(answer, (str, bytes, bool)) or callable(answer) or np.iscomplexobj(answer):
            raise TypeError
        return np.asarray(answer, dtype=float)
    except Exception:  # whatever a reader hands over, it is no number
        raise AnswerError(f"This needs {wanted}; you gave {_kind(answer)}.") from None


def _kind(answer: Any) -> str:
    if isinstance(answer, str):
        return f'the text "{answer[:60]}"'
    if isinstance(answer, bool):
        return f"`{answer}`"
    if answer is ...:
        return "`...`"
    if isinstance(answer, np.ndarray):
        return f"an array of shape {answer.shape}"
    if isinstance(answer, (list, tuple)):
        culprits = [each for each in answer if each is ... or isinstance(each, (str, bool))]
        which = f" that holds {_kind(culprits[0])}" if culprits else ""
        return f"a {type(answer).__name__}{which}"
    if isinstance(answer, (int, float)) and abs(answer) < 1e300:
        return f"the number {_shown(answer)}"
    if isinstance(answer, FunctionType):
        return f"the function `{answer.__name__}`"
    name = type(answer).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def _shown(value: Any, digits: int = 6) -> str:
    """Return numbers to six digits or as many as asked for, anything else by its name."""
    if callable(value):
        owner = getattr(value, "__self__", None)
        name = getattr(value, "__name__", None) or getattr(value, "name", type(value).__name__)
        return f"{owner.name}.{name}" if hasattr(owner, "name") else name
    numbers = np.asarray(value, dtype=float)
    if numbers.ndim == 0:
        whole = 1e6 <= abs(numbers) < 1e15 and numbers % 1 == 0
        return f"{int(numbers)}" if whole else f"{float(numbers):.{digits}g}"
    if numbers.size > _MOST:
        return f"an array of shape {numbers.shape}"
    return "[" + ", ".join(_shown(entry, digits) for entry in numbers) + "]"


def _failure(function: Callable, error: BaseException, case: str) -> str:
    """Say which of the reader's own lines failed, with what, and for which input."""
    home = getattr(getattr(function, "__code__", None), "co_filename", None)
    lines = [f.line for f in traceback.extract_tb(error.__traceback__) if f.filename == home]
    where = f" in the line `{lines[-1]}`" if lines and lines[-1] else ""
    reason = str(error).splitlines()[0] if str(error) else "no message"
    return f"Your function stops with {type(error).__name__} ({reason}){where}, for {case}."
