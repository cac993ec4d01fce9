"""The folders where the course keeps things for a reader: downloads and progress.

A back room of `data` and of the exercises. Some accounts have no home folder, such as a service or
an unknown user in a container. A temporary folder takes its place there, so that nothing stops.
"""

from __future__ import annotations

import getpass
import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path

import platformdirs


def cache() -> Path:
    """Return the folder for files that can be downloaded again."""
    return _own(platformdirs.user_cache_path, "course-lib")


def data() -> Path:
    """Return the folder for the reader's own data, such as the list of solved exercises."""
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
