"""A figure of the course looks the same whatever the reader's matplotlib has been set to."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import style
from PIL import Image

from course_lib import plots
from course_lib.landscapes import banana, quartic
from course_lib.live import explore, slider

ROOT = Path(__file__).parents[2]

SETTINGS = {
    "text.usetex": True,
    "savefig.facecolor": "red",
    "savefig.bbox": "tight",
    "savefig.transparent": True,
    "figure.facecolor": "black",
    "font.size": 30,
    "mathtext.fontset": "stix",
    "axes.grid": True,
    "lines.linewidth": 9,
    "lines.color": "red",
    "xtick.major.size": 20,
    "xtick.labelsize": 3,
    "figure.dpi": 33,
    "figure.figsize": (1, 1),
    "legend.loc": "center",
    "image.origin": "lower",
    "image.cmap": "jet",
    "path.sketch": (5, 50, 2),
    "axes.prop_cycle": mpl.cycler(color=["red"]),
    "axes.formatter.use_locale": True,
    "font.family": ["serif"],
}


def picture() -> np.ndarray:
    """Draw what a lecture draws, by the course's functions and by plain matplotlib."""
    figure, (left, right) = plots.figure(2)
    plots.contour(left, banana)
    plots.curve(right, quartic)
    (line,) = right.plot([0, 1], [0, 1], label="a line $x^2$")
    right.annotate("there", (1, 1), (2, 5), arrowprops={"arrowstyle": "->"})
    right.scatter([0.5], [3])
    right.set_title("title")
    right.legend()
    left.twinx().imshow(np.eye(3), aspect="auto", alpha=0.3)
    figure.suptitle("above all")
    line.set_ydata([0, 2])
    return np.array(Image.open(io.BytesIO(figure.png())).convert("RGB")).astype(int)


@pytest.mark.parametrize("name", SETTINGS)
def test_no_setting_of_the_reader_changes_a_figure(name):
    plain = picture()
    with mpl.rc_context({name: SETTINGS[name]}):
        assert np.array_equal(picture(), plain)


def test_no_style_of_the_reader_changes_a_figure_and_its_own_stay_as_they_were():
    plain = picture()
    with style.context(["dark_background", "ggplot"]):
        before = dict(mpl.rcParams)
        assert np.array_equal(picture(), plain)
        assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("name", ["savefig.bbox", "figure.dpi", "text.usetex"])
def test_a_stored_picture_is_as_large_as_it_says(name):
    with mpl.rc_context({name: {"savefig.bbox": "tight"}.get(name, SETTINGS[name])}):
        figure, _ = plots.figure()
        data, about = figure._repr_mimebundle_()
    size = Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).size
    assert size == (about["image/png"]["width"] * 1.4, about["image/png"]["height"] * 1.4)


def test_an_explorer_of_a_course_figure_moves_under_a_reader_s_style():
    def frame() -> str:
        figure, ax = plots.figure()
        (line,) = ax.plot([0, 1], [0, 1])

        def update(height):
            line.set_ydata([0, height])
            ax.set_title(f"$h = {height:g}$")
            return f"height {height:g}"

        explorer = explore(figure, update, alt="A line.", height=slider(0, 1, 0.5))
        explorer.set(height=0.25)
        return explorer.png()

    plain = frame()
    with style.context("dark_background"), mpl.rc_context({"text.usetex": True}):
        assert frame() == plain


def test_the_reader_s_font_stands_in_for_signs_that_the_course_s_lacks():
    with mpl.rc_context({"font.family": ["DejaVu Serif", "Not Installed"]}):
        _, ax = plots.figure()
        assert ax.set_title("title").get_fontfamily() == [
            "Course Sans",
            "DejaVu Sans",
            "DejaVu Serif",
        ]


CHANGES = """
import json, os, sys, gc
import matplotlib
before = dict(matplotlib.rcParams), dict(os.environ), gc.get_freeze_count()
import importlib
importlib.import_module(sys.argv[1])
after = dict(matplotlib.rcParams), dict(os.environ), gc.get_freeze_count()
print(json.dumps([before[i] == after[i] for i in range(3)]))
"""


ROOMS = ("live", "live.explorer", "live.replay", "plots", "exercises", "lectures.race")
CORE = ("optimizers", "landscapes", "descent", "data", "schedules", "gradients")


@pytest.mark.parametrize("module", ROOMS + CORE)
def test_importing_changes_no_setting_of_the_process(module):
    clean = {name: value for name, value in os.environ.items() if name[:4] != "OMP_"}
    command = [sys.executable, "-c", CHANGES, f"course_lib.{module}"]
    environment = clean | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [True, True, True]


def test_two_threads_that_draw_at_once_keep_the_look_of_each_figure():
    """JupyterLab has sliders answered in a thread of their own while a cell draws."""
    figure, ax = plots.figure()
    plots.contour(ax, banana)
    ax.set_title(r"$\alpha = 2$")
    bare = mpl.figure.Figure()
    bare.add_subplot(title=r"$\alpha = 2$")
    before, size = dict(mpl.rcParams), sys.getswitchinterval()
    plain = explore(bare, lambda a: None, a=slider(0, 1, 0)).png()
    course = explore(figure, lambda a: None, a=slider(0, 1, 0)).png()
    seen: dict[str, list[bytes]] = {"plain": [], "course": []}

    def draw(name, drawn):
        explorer = explore(drawn, lambda a: None, a=slider(0, 1, 0))
        for _ in range(8):
            seen[name].append(explorer.png())

    sys.setswitchinterval(1e-6)
    try:
        other = threading.Thread(target=draw, args=("plain", bare))
        other.start()
        draw("course", figure)
        other.join()
    finally:
        sys.setswitchinterval(size)
    assert set(seen["plain"]) == {plain}
    assert set(seen["course"]) == {course}
    assert dict(mpl.rcParams) == before
