"""Files a reader saves from an explorer: its picture as SVG, a slider's run as GIF or MP4."""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
from pathlib import Path
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
    pictures = _run(explorer, name)
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


def films() -> list[str]:
    """Return as what a run can be saved here: as MP4 where ffmpeg is installed."""
    return ["gif", "mp4"] if shutil.which("ffmpeg") else ["gif"]


def mp4(explorer: Any, name: str) -> bytes:
    """Return the run of one slider as `gif` does, as an MP4 file.

    Parameters
    ----------
    explorer, name
        As for `gif`.

    Raises
    ------
    CalledProcessError
        If ffmpeg cannot write it.
    """
    pictures = _run(explorer, name)
    # Its colors are stored for two pixels by two.
    width, height = (side - side % 2 for side in pictures[0].size)
    pixels = b"".join(picture.crop((0, 0, width, height)).tobytes() for picture in pictures)
    given = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
    rate = ["-r", f"{1000 / PAUSE:.3f}", "-i", "-"]
    made = ["-pix_fmt", "yuv420p", "-movflags", "+faststart"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "run.mp4")
        command = ["ffmpeg", "-loglevel", "error", *given, *rate, *made, str(file)]
        subprocess.run(command, input=pixels, capture_output=True, check=True)
        return file.read_bytes()


def _run(explorer: Any, name: str) -> list[Image.Image]:
    """Return the pictures of a run."""
    values = places(explorer.controls[name])
    return [Image.fromarray(pixels).convert("RGB") for pixels in explorer.drawn(name, values)]


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
