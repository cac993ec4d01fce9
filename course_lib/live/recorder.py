"""A renderer of matplotlib that writes down what it is told to draw, for a canvas in a browser.

Artists draw themselves with it as they do with Agg, so that nothing of them is read here. Paths are
snapped, clipped and simplified by matplotlib's own rules. What a canvas cannot draw alike raises
`OnlyAggError`; `scene` then takes an image.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.backend_bases import RendererBase
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from .theme import Toned

MOST = 300  # shapes of different looks; more of them are smaller as an image
_LINETO = bytes([Path.LINETO])
_PLACES = ("at", "outline", "sizes", "faces")  # of a layer, among the vertices
FAR = 1e6  # pixels; a float32 canvas takes no 1e300


class OnlyAggError(Exception):
    """What is drawn can only be drawn as an image."""


@dataclass(frozen=True, eq=False)
class Part:
    """What was written down of one artist, to be taken again.

    Attributes
    ----------
    layers : list of dict
    vertices : list of ndarray
    first : int
        How many numbers came before them.
    images : list of bytes
        Files that the layers show, in their order.
    """

    layers: list[dict]
    vertices: list[np.ndarray]
    first: int
    images: list[bytes]

    @property
    def bytes(self) -> int:
        """How many bytes they are."""
        return sum(part.nbytes for part in self.vertices) + sum(map(len, self.images))

    def shows(self, other: Part) -> bool:
        """Return whether the same is seen, of an artist without images."""
        one, two = Recorder(0, 0, 1), Recorder(0, 0, 1)  # where both begin at the same place
        one.repeat(self, [])
        two.repeat(other, [])
        bits = ([numbers.tobytes() for numbers in each.vertices] for each in (one, two))
        return one.layers == two.layers and next(bits) == next(bits)


class Recorder(Toned, RendererBase):
    """Writes down lines, areas and marks, with vertices in pixels, y downwards.

    Parameters
    ----------
    width, height : int
        Size of the picture, in pixels.
    dpi : float
        Pixels of an inch.

    Attributes
    ----------
    layers : list of dict
        What was drawn, in order, as the front end draws it.
    vertices : list of ndarray
        What the layers' offsets and counts refer to, one after the other.
    calls : list
        How the artist that began last was written down, but for its points: each a function and
        what it was given.
    """

    def __init__(self, width: int, height: int, dpi: float) -> None:
        super().__init__()
        self.width, self.height, self.dpi = width, height, dpi
        self.layers: list[dict] = []
        self.vertices: list[np.ndarray] = []
        self._length = 0
        self._begun = 0, 0, 0, 0
        self.calls: list[tuple[Any, tuple]] = []
        self._clips: dict[int, tuple[Any, list[int]]] = {}
        self._down = Affine2D().scale(1, -1).translate(0, height)
        self._middle = Affine2D().scale(1, -1).translate(0.5, height + 0.5)

    # ------------------------------------------------------------------ what matplotlib calls

    def get_canvas_width_height(self) -> tuple[float, float]:
        """Return the size in pixels."""
        return self.width, self.height

    def points_to_pixels(self, points: Any) -> Any:
        """Return a length in pixels."""
        return points * self.dpi / 72

    def option_image_nocomposite(self) -> bool:
        """Return True, as Agg does."""
        return True

    def draw_path(self, gc: Any, path: Path, transform: Any, rgbFace: Any = None) -> None:
        """Write down a line, or an area with its edge."""
        look = self._look(gc, rgbFace)
        if look["face"] is None and look["edge"] is None:
            return
        about = look, gc.get_snap(), self._flipped(transform, self._down)
        self.calls.append((Recorder.write_path, about))
        self.write_path(*about, path)

    def write_path(self, look: dict, snap: bool | None, into: Any, path: Path) -> None:
        """Write down a path of a known look, by a transform to pixels whose y goes downwards."""
        # As Agg: a line is cut at the ends of the picture, and made simple.
        clip = (0, 0, self.width, self.height) if look["face"] is None else None
        outline = path.cleaned(
            into,
            remove_nans=True,
            clip=clip,
            simplify=bool(path.should_simplify and clip is not None),
            stroke_width=look["width"] if look["edge"] else 0,
            snap=snap,
        )
        at = self.append(_rounded(_within(_broken(outline))))
        self.layers.append(look | {"kind": "line" if clip else "area", "at": at})

    def draw_markers(
        self,
        gc: Any,
        marker_path: Any,
        marker_trans: Any,
        path: Path,
        trans: Any,
        rgbFace: Any = None,
    ) -> None:
        """Write down one shape at many places, each in the middle of a pixel as Agg has it."""
        look = self._look(gc, rgbFace)
        codes = None if marker_path.codes is None else marker_path.codes.tobytes()
        matrix = marker_trans.get_matrix().tobytes()
        points = marker_path.vertices.tobytes()
        shape = _marker(points, codes, matrix, look["width"], gc.get_snap())
        places = np.asarray(path.vertices)
        if path.codes is not None:
            places = places[(path.codes != Path.STOP) & (path.codes != Path.CLOSEPOLY)]
        about = look, shape, self._flipped(trans, self._middle)
        self.calls.append((Recorder.write_marks, about))
        self.write_marks(*about, places)

    def write_marks(self, look: dict, shape: np.ndarray, into: Any, places: Any) -> None:
        """Write down a known shape at some places, by a transform to the pixels' corners."""
        # Rounded once, where Agg does: a place may lie on the very edge between two pixels.
        points = into.transform(places)
        points = _within(np.floor(np.asarray(points, dtype=float).reshape(-1, 2)))
        outline, at = self.append(shape), self.append(points)
        self.layers.append(look | {"kind": "marks", "at": at, "outline": outline})

    def draw_path_collection(
        self,
        gc: Any,
        master_transform: Any,
        paths: Any,
        all_transforms: Any,
        offsets: Any,
        offset_trans: Any,
        facecolors: Any,
        edgecolors: Any,
        linewidths: Any,
        *more: Any,
        **words: Any,
    ) -> None:
        """Write down one shape at many places in many colors, or a few shapes one by one."""
        count = max(len(offsets), len(paths), len(all_transforms))
        few_looks = len(edgecolors) <= 1 and len(linewidths) <= 1 and len(paths) == 1
        sizes = np.asarray(all_transforms, dtype=float)
        plain = sizes.ndim == 3 and not np.any(sizes[:, [0, 1], [1, 0]])
        plain = plain and np.array_equal(sizes[:, 0, 0], sizes[:, 1, 1])
        if few_looks and plain and len(offsets) > 1 and paths[0].codes is not None:
            face = facecolors[0] if len(facecolors) else None
            gc0 = self.new_gc()
            gc0.copy_properties(gc)
            if len(linewidths):
                gc0.set_linewidth(linewidths[0])
            if len(edgecolors):
                gc0.set_foreground(edgecolors[0], isRGBA=True)
            else:
                gc0.set_linewidth(0)
            look = self._look(gc0, face)
            # Curves become as many short lines as the largest shape needs.
            largest = float(np.nanmax(sizes[:, 0, 0], initial=0)) or 1.0
            down = master_transform + Affine2D().scale(largest, -largest)
            shape = paths[0].cleaned(down, remove_nans=True)
            places = (offset_trans + self._down).transform(offsets)
            layer = look | {
                "kind": "marks",
                "outline": self.append(_broken(shape)),
                "at": self.append(_rounded(_within(places))),
                "sizes": self.append(sizes[:, 0, 0] / largest),
            }
            if len(facecolors) > 1:
                toned = [self.tone(color) for color in facecolors]
                faces = np.asarray(toned) * [255, 255, 255, 1]
                layer["faces"] = self.append(np.round(faces, 3))
            self.layers.append(layer)
            return
        if count > MOST:
            raise OnlyAggError
        super().draw_path_collection(
            gc,
            master_transform,
            paths,
            all_transforms,
            offsets,
            offset_trans,
            facecolors,
            edgecolors,
            linewidths,
            *more,
            **words,
        )

    def _refuse(self, *_: Any, **__: Any) -> Any:
        """Leave to Agg what a canvas cannot draw alike."""
        raise OnlyAggError

    draw_image = draw_text = draw_tex = draw_gouraud_triangles = draw_quad_mesh = _refuse
    start_filter = stop_filter = start_rasterizing = _refuse

    # ------------------------------------------------------------------ what is written down

    def append(self, numbers: Any) -> list[int]:
        """Keep numbers as float32 and return their [offset, count]."""
        flat = np.asarray(numbers, dtype=np.float32).reshape(-1)
        self.vertices.append(flat)
        self._length += len(flat)
        return [self._length - len(flat), len(flat)]

    def begin(self, buffers: list[bytes]) -> None:
        """Begin the drawing of one artist, whose images go to `buffers`."""
        self._begun = len(self.layers), len(self.vertices), self._length, len(buffers)
        self.calls = []

    def drop(self) -> None:
        """Forget what was written down since it began."""
        layers, vertices, self._length, _ = self._begun
        del self.layers[layers:], self.vertices[vertices:]

    def empty(self) -> Recorder:
        """Return another one for the same picture, by which nothing was drawn."""
        other = Recorder(self.width, self.height, self.dpi)
        other.ground = self.ground
        return other

    def part(self, buffers: list[bytes]) -> Part:
        """Return what was written down since it began."""
        layers, vertices, first, images = self._begun
        return Part(self.layers[layers:], self.vertices[vertices:], first, buffers[images:])

    def repeat(self, part: Part, buffers: list[bytes]) -> None:
        """Write down once more what was drawn in an earlier frame."""
        by = self._length - part.first
        for layer in part.layers:
            if layer["kind"] == "image":
                layer = layer | {"image": len(buffers)}
                buffers += part.images
            elif by:
                moved = {key: layer[key] for key in _PLACES if key in layer}
                layer = layer | {key: [first + by, n] for key, (first, n) in moved.items()}
            self.layers.append(layer)
        self.vertices += part.vertices
        self._length += sum(map(len, part.vertices))

    def _flipped(self, transform: Any, down: Affine2D) -> Any:
        """Return a transform to pixels as one whose y goes downwards."""
        if transform.is_affine:  # without what a composite transform costs
            return Affine2D(down.get_matrix() @ transform.get_matrix())
        return transform + down

    def _look(self, gc: Any, face: Any) -> dict:
        clip_path, _ = gc.get_clip_path()
        if (
            clip_path is not None
            or gc.get_hatch()
            or gc.get_sketch_params() is not None
            or not gc.get_antialiased()
        ):
            raise OnlyAggError
        clip = gc.get_clip_rectangle()
        width = float(self.points_to_pixels(gc.get_linewidth()))
        offset, dashes = gc.get_dashes()
        if face is not None and (gc.get_forced_alpha() or len(face) == 3):
            face = (*face[:3], gc.get_alpha())
        edge = _css(tuple(self.tone(gc.get_rgb()))) if width > 0 else None
        kept = {"kept": True} if self.keeps else {}
        return kept | {
            "face": _css(tuple(self.tone(face))) if face is not None else None,
            "edge": edge,
            "width": width,
            "cap": str(gc.get_capstyle()),
            "join": str(gc.get_joinstyle()),
            "dash": [float(self.points_to_pixels(length)) for length in dashes or ()],
            "offset": float(self.points_to_pixels(offset or 0)) if dashes is not None else 0.0,
            "clip": None if clip is None else self._clip(clip),
        }

    def _clip(self, box: Any) -> list[int]:
        """Return a box as it is cut, at whole pixels as Agg does; most artists share it."""
        if id(box) not in self._clips:
            left, low, right, high = box.extents.tolist()
            # Turned upside down first: an edge may lie in the very middle of a pixel.
            edges = left, self.height - high, right, self.height - low
            x0, y0, x1, y1 = (math.floor(edge + 0.5) for edge in edges)
            self._clips[id(box)] = box, [x0, y0, x1 - x0, y1 - y0]
        return self._clips[id(box)][1]


@lru_cache
def _marker(
    points: bytes, codes: bytes | None, matrix: bytes, width: float, snap: bool | None
) -> np.ndarray:
    """Return the outline of a marker, y downwards."""
    path = Path(
        np.frombuffer(points).reshape(-1, 2),
        None if codes is None else np.frombuffer(codes, Path.code_type),
    )
    down = Affine2D(np.frombuffer(matrix).reshape(3, 3)).scale(1, -1)
    outline: Any = path.cleaned(down, remove_nans=True, stroke_width=width, snap=snap)
    if not (_is_straight(down.transform(path.vertices)) if snap is None else snap):
        outline.vertices += 0.5  # what is not snapped Agg centers on the middle of a pixel
    return _broken(outline).astype(np.float32)


def _is_straight(points: np.ndarray) -> bool:
    """Return whether each step runs along an axis, so that Agg snaps it unasked."""
    steps = np.abs(np.diff(points, axis=0))
    return len(points) <= 1024 and not np.any(np.all(steps >= 1e-4, axis=1))


def _broken(path: Any) -> np.ndarray:
    """Return the vertices of a path, its parts broken by NaN, closed ones back where they began."""
    points, codes = path.vertices, path.codes
    if codes is None:
        return _ajar(points)
    if len(codes) and codes[-1] == Path.STOP:
        points, codes = points[:-1], codes[:-1]
    if not len(codes):
        return points
    if codes[1:].tobytes().count(_LINETO) == len(codes) - 1:
        return _ajar(points)
    if np.any((codes == Path.CURVE3) | (codes == Path.CURVE4)):
        raise OnlyAggError
    moves = np.flatnonzero(codes == Path.MOVETO)
    closes = np.flatnonzero(codes == Path.CLOSEPOLY)
    points = np.array(points)
    if len(closes):
        begins = moves[np.searchsorted(moves, closes, side="right") - 1]
        points[closes] = points[begins]
    for begin, end in zip(moves, [*moves[1:], len(codes)], strict=True):
        if codes[end - 1] != Path.CLOSEPOLY:
            _ajar(points[begin:end])
    return np.insert(points, moves[moves > 0], np.nan, axis=0) if len(moves) > 1 else points


def _ajar(points: np.ndarray) -> np.ndarray:
    """Keep the ends of an open line apart: where they meet, the page takes it for a closed one."""
    if len(points) > 3:
        (x, y), (to_x, to_y) = points[0], points[-1]
        if abs(to_x - x) < 1 / 16 and abs(to_y - y) < 1 / 16:
            points[-1] = x + 3 / 32, y
    return points


def _within(points: np.ndarray) -> np.ndarray:
    """Return points no farther away than a canvas takes."""
    if np.ma.isMaskedArray(points):
        points = np.ma.filled(points.astype(float), np.nan)
    if not np.vdot(points, points) <= FAR**2:  # one may be far, or NaN
        # Pulling a far point in along its own direction keeps the slope of the line to it.
        far = np.max(np.abs(points), axis=1, keepdims=True)
        points = np.where(np.isfinite(far) & (far > FAR), points / far * FAR, points)
        points[~np.isfinite(points).all(axis=1)] = np.nan
    return points


def _rounded(points: np.ndarray) -> np.ndarray:
    """Return points in sixteenths of a pixel: finer compresses badly."""
    return np.rint(16 * points) / 16


@lru_cache(4096)
def _css(color: tuple) -> str | None:
    """Return a color as the browser writes it, None where nothing is to be seen."""
    red, green, blue, opacity = color
    if not opacity:
        return None
    return f"rgba({round(255 * red)},{round(255 * green)},{round(255 * blue)},{opacity:.3g})"
