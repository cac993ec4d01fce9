"""Notes: a few words shown under a cell, with a colored edge where HTML is shown."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

_COLORS = {"right": "#009E73", "wrong": "#D55E00", "malformed": "#D55E00"}


@dataclass(frozen=True, repr=False)
class Note:
    """A few words shown under a cell: as text, and with a colored edge where HTML is shown.

    Attributes
    ----------
    message : str
        The words; `code` stands between backticks.
    head : str
        What is printed in bold before them.
    verdict : {"right", "wrong", "malformed", "not attempted", ""}
        What a check found; empty for a note that judges nothing.
    """

    message: str
    head: str = ""
    verdict: str = ""

    @property
    def right(self) -> bool:
        """Whether a check found the answer right."""
        return self.verdict == "right"

    def __repr__(self) -> str:
        return f"{self.head} {self.message}".strip()

    def _repr_html_(self) -> str:
        edge = _COLORS.get(self.verdict, "#8a8a8a")
        words = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(self.message, quote=False))
        head = f"<strong>{html.escape(self.head)}</strong> " if self.head else ""
        lines = words.replace("\n", "<br>")
        return f'<div style="border-left: 4px solid {edge}; padding: 4px 12px">{head}{lines}</div>'
