"""The explorer engine: sliders and points that move a matplotlib figure while they are dragged.

It uses nothing of the course around it. Read it in this order: `figures` (a figure as a notebook
shows it), `controls`, `ties` (what a control has to do with the picture), `words` (what `update`
says), `scene` (a figure becomes a still picture and what moves), `explorer` and its `canvas`, with
`front` in the browser, `replay` (pages without Python), `server` (sends small messages at once) and
`checkup` (do sliders reach Python?). A module is loaded when something of it is first used, so that
a figure can be had where no widgets are installed.

The names of other packages that they keep to themselves and that are used here, all of them. A test
for each, in tests/live/test_private_names.py, says in words when a new version takes it away:

    matplotlib      _loc _get_lines _get_patches_for_fill _dash_pattern _invalidx _invalidy
    ipywidgets      _options_values _options_labels _model_name
    its page        _options_labels comm_live comm_live_update save_changes set_state serializers
                    handleSliderChanged valueToString
                    views jupyter-widgets jupyter-widgets-disconnected slider-container
                    widget-button widget-checkbox widget-dropdown widget-hbox widget-hslider
                    widget-label widget-label-basic widget-readout widget-vbox
    noUiSlider      noUiSlider noUi-base noUi-connect noUi-connects noUi-handle noUi-horizontal
                    noUi-origin noUi-target noUi-vertical
    Lumino          data-lm-suppress-shortcuts
    jupyter_server  KernelWebsocketHandler.open KernelWebsocketHandler.set_nodelay

There is none of anywidget and IPython: they ask others to define `_esm` and `_repr_mimebundle_`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .canvas import Canvas
    from .controls import (
        Point,
        button,
        choice,
        int_slider,
        log_slider,
        point,
        range_slider,
        slider,
        toggle,
    )
    from .explorer import Explorer, explore
    from .figures import Picture
    from .ties import grip, idle, marks
    from .words import in_color

_HOMES = {
    "canvas": ("Canvas",),
    "controls": (
        *("Point", "button", "choice", "int_slider", "log_slider", "point", "range_slider"),
        *("slider", "toggle"),
    ),
    "explorer": ("Explorer", "explore"),
    "figures": ("Picture",),
    "ties": ("grip", "idle", "marks"),
    "words": ("in_color",),
}
__all__ = [
    "Canvas",
    "Explorer",
    "Picture",
    "Point",
    "button",
    "choice",
    "explore",
    "grip",
    "idle",
    "in_color",
    "int_slider",
    "log_slider",
    "marks",
    "point",
    "range_slider",
    "slider",
    "toggle",
]


def __getattr__(name: str) -> Any:
    """Return a public name from the module that defines it."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
