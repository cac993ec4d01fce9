"""How neural networks learn: landscapes, optimizers, schedules, plots and explorers.

The package is thin and its modules are meant to be read: each one is a room of the course.
Data flows one way: landscapes and rules, then `descent` and `training`, then `plots` and `live`.
"""

import logging
import os
import sys

__version__ = "0.1.0"

# Idle OpenMP threads that spin instead of sleeping slow torch down manyfold on a busy or small
# machine. torch reads the setting when it is first imported, so it stands before anything else.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OMP_NUM_THREADS", "1")


def threads() -> int:
    """Return the threads that torch may use: OMP_NUM_THREADS, or 1 where that says no number."""
    first = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return max(1, int(first)) if first.isascii() and first.isdigit() and len(first) < 5 else 1


if sys.platform == "emscripten":
    # In a page matplotlib lists its fonts at each start, and would say so below the first cell.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
