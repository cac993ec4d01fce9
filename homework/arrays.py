"""Arrays as bytes, to hand them to code that is not trusted and to take back what it returns.

Numbers and truth values only: no objects, so nothing is ever unpickled, and nothing is compressed,
so that what is read is never larger than what was sent.
"""

from __future__ import annotations

import json
import math
import re

import numpy as np

__all__ = ["pack", "unpack"]

_KINDS = "biuf"
_ALIGN = 64
_DEEPEST = 8
_LONGEST_HEAD = 100_000


def pack(arrays: dict[str, np.ndarray]) -> bytes:
    """Return arrays of numbers or truth values as bytes.

    Raises
    ------
    TypeError
        For an array of anything else.
    """
    entries, parts, position = [], [], 0
    for name, array in arrays.items():
        array = np.asarray(array)
        if array.dtype.kind not in _KINDS:
            raise TypeError(f"{name} must hold numbers, it holds {array.dtype}.")
        raw = np.ascontiguousarray(array).tobytes()
        entries.append([name, array.dtype.str, list(array.shape), position])
        padding = -len(raw) % _ALIGN
        parts += [raw, bytes(padding)]
        position += len(raw) + padding
    head = json.dumps(entries).encode()
    head += b" " * (-(len(head) + 8) % _ALIGN)
    return b"".join([len(head).to_bytes(8, "little"), head, *parts])


def unpack(data: bytes | memoryview) -> dict[str, np.ndarray]:
    """Return what `pack` made; the arrays are views of `data` and can't be written to.

    Raises
    ------
    ValueError
        If `data` is anything else, made by whomever to do harm.
    """
    data = memoryview(data).toreadonly()
    try:
        size = int.from_bytes(data[:8], "little")
        if size > min(len(data) - 8, _LONGEST_HEAD):
            raise ValueError("the head is too long")
        found = {}
        for name, kind, shape, position in json.loads(bytes(data[8 : 8 + size])):
            if not re.fullmatch(r"[<>|][biuf]\d{1,2}", str(kind)):
                raise ValueError("a kind of number that is not known")
            dtype = np.dtype(kind)
            # So large a number is in no answer, and numbers without bounds take without bounds.
            whole = all(type(n) is int and 0 <= n < 1 << 48 for n in [*shape, position])
            if not isinstance(name, str) or not whole or len(shape) > _DEEPEST:
                raise ValueError("an entry makes no sense")
            count = math.prod(shape)
            start = 8 + size + position
            if start + count * dtype.itemsize > len(data):
                raise ValueError("an array is longer than what was sent")
            flat = np.frombuffer(data if count else b"", dtype, count, start if count else 0)
            found[name] = flat.reshape(shape)
    except (TypeError, KeyError, RecursionError, OverflowError, UnicodeDecodeError) as error:
        raise ValueError(f"These are not packed arrays: {error}") from None
    return found
