"""What counts as an attempt: shared by the exercises and the lab, which judge answers.

A back room of both: whether a reader has written anything yet, and what is raised for an answer
that does not have the form asked for.
"""

from __future__ import annotations

import ast
from types import FunctionType
from typing import Any


class AnswerError(Exception):
    """The answer does not have the form that was asked for; the message says which it is."""


def is_untouched(answer: Any, template: str) -> bool:
    """Return whether `answer` is nothing, `...`, or the function of the unchanged `template`.

    Parameters
    ----------
    answer : object
        What the reader gave; of several, all must be untouched.
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
