"""Attempts at an answer: whether there is one, and the error for one in the wrong form.

A back room of the exercises and of the lab, which both judge answers.
"""

from __future__ import annotations

import ast
from types import FunctionType
from typing import Any


class AnswerError(Exception):
    """The answer does not have the form that was asked for; the message says which form that is."""


def is_untouched(answer: Any, template: str) -> bool:
    """Return whether `answer` is None, `...`, or the function of the unchanged `template`.

    Parameters
    ----------
    answer : object
        The reader's answer. If there are several, all must be untouched.
    template : str
        The source of the function that the exercise hands out.
    """
    if isinstance(answer, (list, tuple)):
        return bool(answer) and all(is_untouched(entry, template) for entry in answer)
    if not isinstance(answer, FunctionType):
        return answer is None or answer is ...
    # Compare bytecode: comments and layout may have changed without an answer being there.
    written = answer.__code__
    for name, blank in _functions(template).items():
        if name == answer.__name__:
            code = blank.__code__
            return (written.co_code, written.co_consts) == (code.co_code, code.co_consts)
    return False


def _functions(source: str) -> dict[str, FunctionType]:
    tree = ast.parse(source)
    tree.body = [part for part in tree.body if isinstance(part, ast.FunctionDef)]
    made: dict[str, Any] = {}
    exec(compile(tree, "<template>", "exec"), made)
    return {name: value for name, value in made.items() if isinstance(value, FunctionType)}
