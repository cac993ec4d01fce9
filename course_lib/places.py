"""Where the course keeps things for a reader: downloads and progress, in folders of their own.

A back room of `data` and of the exercises. Some computers have no home folder: a container under a
user that no list knows, a service. There a temporary folder stands in, and nothing stops for it.
"""

from __future__ import annotations

import getpass
import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path

import platformdirs


def cache() -> Path:
    """Return the folder for what can be fetched again."""
    return _own(platformdirs.user_cache_path, "course-lib")


def data() -> Path:
    """Return the folder for what belongs to the reader, such as which exercises are solved."""
    return _own(platformdirs.user_data_path, "how-neural-networks-learn")


def _own(find: Callable, name: str) -> Path:
    try:
        found = Path(find(name, appauthor=False))
        if found.is_absolute():
            return found
    except (RuntimeError, KeyError, OSError):
        pass
    try:
        who = getpass.getuser()
    except (KeyError, OSError, ImportError):
        who = "somebody"
    mark = hashlib.sha256(who.encode()).hexdigest()[:8]  # a name may hold what a path must not
    return Path(tempfile.gettempdir(), f"{name}-{mark}")
