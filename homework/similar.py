"""List pairs of submissions that share much: for the instructor to look at, never a verdict.

The algorithm is winnowing, as in MOSS. Each run of a few tokens has a hash, and of every window of
neighboring hashes the smallest is kept, so that any longer run that two submissions share leaves
the same fingerprint in both. Names, numbers, comments and layout do not count. What was handed out,
and what most of the class wrote, is left out.

S. Schleimer, D. S. Wilkerson, A. Aiken (2003). Winnowing: local algorithms for document
fingerprinting. Proceedings of SIGMOD, 76-85.
"""

from __future__ import annotations

import hashlib
import io
import keyword
import re
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from homework import assignment

__all__ = ["Pair", "fingerprints", "pairs", "tokens"]

_RUN, _WINDOW = 10, 6
"""Tokens in a run, and hashes in a window: a shared run of 15 tokens is always noticed."""

_FEW = 5
"""Fewer fingerprints than these say nothing."""


@dataclass(frozen=True)
class Pair:
    """Two submissions that share much.

    Attributes
    ----------
    one, other : str
        The students.
    part : {"code", "text"}
        What they share.
    share : float
        Of the fingerprints of the smaller one, the share that the other one has, too.
    shared : int
        How many that are.
    """

    one: str
    other: str
    part: str
    share: float
    shared: int


def pairs(submissions: Mapping[str, bytes], least: float = 0.5) -> list[Pair]:
    """Return the pairs that share at least `least` of their fingerprints, most alike first.

    Parameters
    ----------
    submissions : mapping of bytes
        The notebook of each student; what is no lab is passed over.
    least : float
        From 0 to 1.
    """
    found: list[Pair] = []
    made = {student: _parts(content) for student, content in submissions.items()}
    for part in ("code", "text"):
        marks = {student: parts[part] for student, parts in made.items() if parts[part]}
        found += _pairs(part, marks, least)
    return sorted(found, key=lambda pair: (-pair.share, -pair.shared, pair.one, pair.other))


def _pairs(part: str, marks: dict[str, set[int]], least: float) -> Iterable[Pair]:
    owners: dict[int, list[str]] = defaultdict(list)
    for student, own in sorted(marks.items()):
        for mark in own:
            owners[mark].append(student)
    # There are few ways to write a short task: what many share comes from the task.
    common = {mark for mark, own in owners.items() if len(own) > max(4, len(marks) / 10)}
    sizes = {student: len(own - common) for student, own in marks.items()}
    shared: Counter[tuple[str, str]] = Counter()
    for mark, own in owners.items():
        if mark not in common:
            shared.update(combinations(own, 2))
    for (one, other), count in shared.items():
        share = count / min(sizes[one], sizes[other])
        if count >= _FEW and share >= least:
            yield Pair(one, other, part, share, count)


def _parts(content: bytes) -> dict[str, set[int]]:
    try:
        found = assignment.answers(assignment.parse(content))
    except assignment.AssignmentError:
        return {"code": set(), "text": set()}
    code = [token for piece in found.pieces for token in tokens(piece.source)]
    written = found.sources.get("comparison")
    words = [] if assignment.is_blank("comparison", written) else _words(written or "")
    handed_out = {mark for tokens_ in _handed_out() for mark in _runs(tokens_)}
    return {"code": fingerprints(code) - handed_out, "text": fingerprints(words)}


def _handed_out() -> list[list[str]]:
    return [tokens(c.source) for c in assignment.pristine().cells if c.cell_type == "code"]


def tokens(source: str) -> list[str]:
    """Return the tokens of code as they are compared: every name, number and string is alike."""
    kept = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.NAME:
                kept.append(token.string if keyword.iskeyword(token.string) else "name")
            elif token.type in (tokenize.NUMBER, tokenize.STRING):
                kept.append("value")
            elif token.type == tokenize.OP:
                kept.append(token.string)
    except (tokenize.TokenError, SyntaxError):  # what comes before the fault counts
        pass
    return kept


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _runs(items: list[str]) -> list[int]:
    joined = ("\0".join(items[n : n + _RUN]) for n in range(len(items) - _RUN + 1))
    return [
        int.from_bytes(hashlib.blake2b(run.encode("utf-8", "replace"), digest_size=8).digest())
        for run in joined
    ]


def fingerprints(items: list[str]) -> set[int]:
    """Return the winnowed hashes of the runs of some tokens or words."""
    hashes = _runs(items)
    windows = range(max(1, len(hashes) - _WINDOW + 1)) if hashes else ()
    return {min(hashes[n : n + _WINDOW]) for n in windows}
