"""The widgets behind an explorer: the canvas that its picture is drawn on, and the typeface.

They hold what every view and every saved notebook has to know; `front` is what they do in the
browser.
"""

from __future__ import annotations

import anywidget
import ipywidgets
import traitlets

from . import front, typeface


class Face(anywidget.AnyWidget):
    """The typeface of the cards. A page takes it once, for all its explorers."""

    _esm = "export default {};"
    file = traitlets.Bytes().tag(sync=True)
    _one: Face | None = None

    @classmethod
    def one(cls) -> Face:
        """Return the one of this kernel."""
        if cls._one is None or cls._one.comm is None:
            cls._one = cls(file=typeface.file())
        return cls._one

    def __repr__(self) -> str:
        return "Face()"


class Canvas(anywidget.AnyWidget):
    """The picture in the browser. `front` draws it and asks for frames by its own messages."""

    _esm = front.source()
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    controls = traitlets.List(traitlets.Instance(ipywidgets.Widget)).tag(
        sync=True, **ipywidgets.widget_serialization
    )
    face = traitlets.Instance(Face).tag(sync=True, **ipywidgets.widget_serialization)
    plays = traitlets.List(traitlets.Unicode()).tag(sync=True)
    units = traitlets.Dict().tag(sync=True)  # what stands after a slider's number, by name
    films = traitlets.List(traitlets.Unicode()).tag(sync=True)  # as what a run can be saved
    points = traitlets.List(traitlets.Dict()).tag(sync=True)
    at = traitlets.Dict().tag(sync=True)  # where the points are now, by name
    size = traitlets.List(traitlets.Float()).tag(sync=True)
    swatches = traitlets.Dict().tag(sync=True)  # swatches of controls, by name
    grips = traitlets.List(traitlets.Dict()).tag(sync=True)  # handles of sliders
    theme = traitlets.Unicode("page").tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)
    standing = traitlets.Unicode().tag(sync=True)
    colors = traitlets.List(traitlets.Any()).tag(sync=True)  # of the numbers it says
    printed = traitlets.Unicode().tag(sync=True)
    still = traitlets.Bytes().tag(sync=True)
    night = traitlets.Bytes().tag(sync=True)  # the same for dark, once a page was
    cost = traitlets.Float().tag(sync=True)  # milliseconds that `update` took when it was made

    def __repr__(self) -> str:
        return "Canvas()"
