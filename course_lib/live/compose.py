"""A frame put together as the front end does it, with no browser: what a reader sees, as pixels.

`Explorer.tour` and the tests compare it with what matplotlib draws afresh.
"""

from __future__ import annotations

import io
import re

import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Bbox
from PIL import Image


def composed(scene: dict, pictures: list[bytes], frame: dict, buffers: list[bytes]) -> np.ndarray:
    """Return the pixels of a frame, as an array of shape (height, width, 4).

    Parameters
    ----------
    scene : dict
        The still part, as `Scene.frame` describes it.
    pictures : list of bytes
        The buffers of the frame that brought it.
    frame : dict
        What moves, as `Scene.frame` describes it.
    buffers : list of bytes
        What the frame refers to.
    """
    width, height = scene["size"]
    renderer = RendererAgg(width, height, 72)
    ground = Image.open(io.BytesIO(pictures[scene["below"]])).convert("RGBA")
    vertices = np.frombuffer(buffers[frame["vertices"]], np.float32)
    for layer in frame["draw"]:
        if layer["kind"] in ("still", "image"):
            still = layer["kind"] == "still"
            part = scene["between"][layer["part"]] if still else layer
            file = (pictures if still else buffers)[part["image"]]
            over = Image.open(io.BytesIO(file)).convert("RGBA")
            ground.alpha_composite(over, tuple(part["at"]))
        else:
            renderer.clear()
            _draw(renderer, layer, vertices)
            ground.alpha_composite(Image.fromarray(_plain(renderer)))
    return np.asarray(ground)


def differs(one: np.ndarray, other: np.ndarray, by: int = 24) -> int:
    """Return how many pixels differ by more than antialiasing.

    A pixel is alike where the other picture has its color, up to `by` of 255, in it or right beside
    it.

    Parameters
    ----------
    one, other : ndarray
        Pixels of shape (height, width, 4), from 0 to 255.
    by : int, optional
        The shades that antialiasing may take.
    """
    if one.shape != other.shape:
        return max(one.size, other.size)
    return max(_apart(one, other, by), _apart(other, one, by))


def _apart(one: np.ndarray, other: np.ndarray, by: int) -> int:
    rows, columns = np.nonzero(np.any(one != other, axis=-1))  # the others need no look around
    near = np.pad(other, ((1, 1), (1, 1), (0, 0)), mode="edge")
    around = np.stack([_on_white(near[rows + y, columns + x]) for y in range(3) for x in range(3)])
    shown = _on_white(one[rows, columns])
    low, high = around.min(axis=0) - by, around.max(axis=0) + by
    return int(np.sum(np.any((shown < low) | (shown > high), axis=-1)))


def _on_white(pixels: np.ndarray) -> np.ndarray:
    colors, opacity = pixels[..., :3].astype(float), pixels[..., 3:].astype(float) / 255
    return colors * opacity + 255 * (1 - opacity)


def _plain(renderer: RendererAgg) -> np.ndarray:
    return np.array(renderer.buffer_rgba())


def _draw(renderer: RendererAgg, layer: dict, vertices: np.ndarray) -> None:
    gc = renderer.new_gc()
    gc.set_linewidth(layer["width"] if layer["edge"] else 0)
    gc.set_capstyle(layer["cap"])
    gc.set_joinstyle(layer["join"])
    gc.set_dashes(layer["offset"], layer["dash"] or None)
    gc.set_snap(False)
    if layer["edge"]:
        gc.set_foreground(_color(layer["edge"]), isRGBA=True)
    if layer["clip"]:
        x, y, width, height = layer["clip"]
        top = renderer.height - y
        gc.set_clip_rectangle(Bbox([[x, top - height], [x + width, top]]))
    flip = Affine2D().scale(1, -1).translate(0, renderer.height)
    face = _color(layer["face"]) if layer["face"] else None
    if layer["kind"] != "marks":
        renderer.draw_path(gc, _path(_part(vertices, layer["at"])), flip, face)
        return
    outline = _part(vertices, layer["outline"])
    sizes = vertices[slice(*_range(layer["sizes"]))] if "sizes" in layer else [1.0]
    faces = None
    if "faces" in layer:
        faces = vertices[slice(*_range(layer["faces"]))].reshape(-1, 4) / [255, 255, 255, 1]
    shapes: dict[float, Path] = {}
    for i, (x, y) in enumerate(_part(vertices, layer["at"])):
        if not (abs(x) < 1e5 and abs(y) < 1e5):
            continue
        size = float(sizes[i % len(sizes)])
        if size not in shapes:
            shapes[size] = _path(outline * size)
        color = face if faces is None else tuple(faces[i % len(faces)])
        renderer.draw_path(gc, shapes[size], Affine2D().translate(x, y) + flip, color)


def _range(at: list[int]) -> tuple[int, int]:
    return at[0], at[0] + at[1]


def _part(vertices: np.ndarray, at: list[int]) -> np.ndarray:
    return vertices[slice(*_range(at))].reshape(-1, 2).astype(float)


def _path(points: np.ndarray) -> Path:
    """Return the path that `outline` of the front end makes of the vertices."""
    codes = np.full(len(points), Path.LINETO, dtype=Path.code_type)
    gaps = np.isnan(points).any(axis=1)
    begins: np.ndarray | list = (
        np.flatnonzero(~gaps & np.r_[True, gaps[:-1]]) if len(points) else []
    )
    codes[begins] = Path.MOVETO
    for begin in begins:
        end = begin + int(np.argmax(np.r_[gaps[begin:], True])) - 1
        if end > begin + 2 and np.array_equal(points[end], points[begin]):
            codes[end] = Path.CLOSEPOLY
    path = Path(points[~gaps], codes[~gaps])
    path.should_simplify = False
    return path


def _color(css: str) -> tuple[float, float, float, float]:
    red, green, blue, opacity = map(float, re.findall(r"[\d.e-]+", css))
    return red / 255, green / 255, blue / 255, opacity
