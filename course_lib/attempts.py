"""Attempts at an answer: whether there is one, and the error for one in the wrong form.

A back room of the exercises and of the lab, which both judge answers.
"""

from __future__ import annotations

import ast
from types import CodeType, FunctionType
from typing import Any


class AnswerError(Exception):
    """The answer does not have the form that was asked for; the message says which form that is."""


def is_untouched(answer: Any, template: str) -> bool:
    """Return whether `answer` is None, `...`, or the function of the unchanged `template`.

    Parameters
    ----------
    answer : object
        The reader's answer. If there are several, all must be untouched. A class is untouched if
        all its methods are that the template has.
    template : str
        The source of the function or class that the exercise hands out.
    """
    if isinstance(answer, (list, tuple)):
        return bool(answer) and all(is_untouched(entry, template) for entry in answer)
    if isinstance(answer, type):
        blanks = _functions(template)
        return bool(blanks) and all(
            _same(getattr(getattr(answer, name, None), "__code__", None), blank.__code__)
            for name, blank in blanks.items()
        )
    if not isinstance(answer, FunctionType):
        return answer is None or answer is ...
    blank = _functions(template).get(answer.__name__)
    return blank is not None and _same(answer.__code__, blank.__code__)


def _same(written: Any, blank: CodeType) -> bool:
    """Compare bytecode: comments and layout may have changed without an answer being there."""
    if not isinstance(written, CodeType) or written.co_code != blank.co_code:
        return False
    pairs = list(zip(written.co_consts, blank.co_consts, strict=False))
    return len(written.co_consts) == len(blank.co_consts) and all(
        _same(a, b) if isinstance(b, CodeType) else a == b for a, b in pairs
    )


def _functions(source: str) -> dict[str, FunctionType]:
    tree = ast.parse(source)
    classes = [part for part in tree.body if isinstance(part, ast.ClassDef)]
    parts = [*tree.body, *(part for each in classes for part in each.body)]
    tree.body = [part for part in parts if isinstance(part, ast.FunctionDef)]
    made: dict[str, Any] = {}
    exec(compile(tree, "<template>", "exec"), made)
    return {name: value for name, value in made.items() if isinstance(value, FunctionType)}
