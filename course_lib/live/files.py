"""Files a reader saves from an explorer: its picture as SVG, and the run of a slider as GIF."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

FRAMES = 48  # of a run at most
PAUSE = 60  # milliseconds from one frame to the next


def svg(explorer: Any) -> bytes:
    """Return the picture as it stands, as an SVG file.

    Parameters
    ----------
    explorer : Explorer
    """
    file = io.BytesIO()
    explorer.figure.savefig(file, format="svg")
    return file.getvalue()


def gif(explorer: Any, name: str) -> bytes:
    """Return the run of one slider from end to end as a GIF file; the others stay as they are.

    Parameters
    ----------
    explorer : Explorer
    name : str
        Of a slider among its controls.
    """
    values = places(explorer.controls[name])
    pictures = [Image.fromarray(pixels).convert("RGB") for pixels in explorer.drawn(name, values)]
    file = io.BytesIO()
    pictures[0].save(
        file,
        format="gif",
        save_all=True,
        append_images=pictures[1:],
        duration=[PAUSE] * (len(pictures) - 1) + [20 * PAUSE],
        loop=0,
    )
    return file.getvalue()


def places(control: Any) -> list[Any]:
    """Return where a slider stands in each frame of its run, from its lower to its upper end.

    Parameters
    ----------
    control : ipywidgets slider
    """
    low, high, base = control.min, control.max, getattr(control, "base", None)
    notches = round((high - low) / control.step) + 1
    at = np.linspace(low, high, min(max(notches, 2), FRAMES))
    if isinstance(control.value, int):
        return [int(value) for value in np.unique(np.round(at))]
    return [float(base**value if base else value) for value in at]
