"""The browser's part of an explorer: modules of their own, served as one.

The modules in the folder `front` import one another by name, and `node --test` runs them as is.
Jupyter and exported pages take a single module: here the modules are joined, with no bundler.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("front")
# What each module needs stands before it.
ORDER = ["face", "numbers", "shelf", "notches", "link", "painter", "points"]
ORDER += [
    "widgets",
    "segments",
    "ties",
    "card",
    "ground",
    "zoom",
    "bar",
    "page",
    "prefetch",
    "night",
    "explorer",
    "replay",
]
IMPORT = re.compile(r'import \{ [\w, ]+ \} from "\./(\w+)\.mjs";\n')
EXPORT = re.compile(r"^export (?=(?:async )?function\b|const )", re.MULTILINE)


@cache
def source() -> str:
    """Return the modules as one, which exports `render`, as anywidget takes it, and `replay`."""
    parts = [joined(FOLDER.joinpath(f"{name}.mjs").read_text(encoding="utf-8")) for name in ORDER]
    return "\n".join([*parts, "export { replay };\nexport default { render };\n"])


def joined(module: str) -> str:
    """Return a module without its imports and exports.

    Parameters
    ----------
    module : str
        The text of one of the files in `front`.

    Raises
    ------
    ValueError
        If a line imports or exports in another form than `import { a, b } from "./name.mjs";` and
        `export function`, `export async function` or `export const`.
    """
    plain = EXPORT.sub("", IMPORT.sub("", module))
    if left := re.search(r"^(import|export)\b.*", plain, re.MULTILINE):
        raise ValueError(f"The line {left[0]!r} is not in a form that can be joined.")
    return plain
