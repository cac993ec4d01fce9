"""A figure on a dark page: its ink stands out there, images and color maps stay as they are."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from course_lib import plots
from course_lib.landscapes import banana
from course_lib.live import explore, front, slider, theme
from course_lib.live.compose import composed
from course_lib.live.explorer import Explorer
from course_lib.live.figures import Picture
from course_lib.live.recorder import Recorder
from course_lib.live.scene import Scene

GROUND = (17, 17, 17)


def luminance(color):
    """Return the relative luminance that WCAG defines, independently of the module under test."""
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in color[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def drawn(figure, ground=GROUND):
    canvas = theme.Canvas(figure)
    canvas.ground = ground
    canvas.draw()
    return np.array(canvas.buffer_rgba())


def test_white_becomes_the_ground_itself_and_black_nearly_white():
    for ground in (GROUND, (30, 30, 46), (0, 0, 0)):
        np.testing.assert_allclose(
            theme.tone((1.0, 1.0, 1.0, 1.0), ground)[:3], np.array(ground) / 255, atol=0.02
        )
    assert min(theme.tone((0.0, 0.0, 0.0, 0.5))[:3]) > 0.85
    assert theme.tone((0.0, 0.0, 0.0, 0.5))[3] == 0.5


@pytest.mark.parametrize("color", [*plots.COLORS, "#262626", "#4d4d4d", "#7a5195", "#8b0000"])
def test_ink_that_can_be_read_on_white_can_be_read_on_a_dark_page(color):
    from matplotlib.colors import to_rgba

    ink = theme.tone(to_rgba(color), GROUND)
    assert contrast(ink, np.array(GROUND) / 255) >= 4.5


@pytest.mark.parametrize("gray", ["#f5f5f5", "#d0d0d0", "#9aa3ad", "#8a8a8a", "#767676", "#4d4d4d"])
@pytest.mark.parametrize("ground", [GROUND, (0, 0, 0), (30, 30, 46)])
def test_what_is_faint_on_white_is_as_faint_on_a_dark_page_and_no_fainter(gray, ground):
    from matplotlib.colors import to_rgb

    on_white = contrast(to_rgb(gray), (1, 1, 1))
    seen = contrast(theme.tone(to_rgb(gray), ground), np.array(ground) / 255)
    assert 0.93 * on_white < seen < 1.1 * on_white


@pytest.mark.parametrize("color", plots.COLORS)
def test_a_color_keeps_its_hue(color):
    import colorsys

    from matplotlib.colors import to_rgb

    before, after = (
        colorsys.rgb_to_hls(*c)[0] for c in (to_rgb(color), theme.tone(to_rgb(color))[:3])
    )
    assert abs((before - after + 0.5) % 1 - 0.5) < 0.06


def on_a_map():
    figure, ax = plots.figure()
    ax.imshow(np.arange(16).reshape(4, 4))
    ax.text(1, 1, "white words on the map", color="white")
    ax.plot([0, 3], [0, 3], color="black", label="a line on the map")
    ax.legend(loc="upper left")
    return figure, ax


def test_images_and_what_is_on_them_keep_their_colors():
    figure, ax = on_a_map()
    light, dark = drawn(figure, None), drawn(figure)
    x0, y0, x1, y1 = (int(edge) for edge in ax.bbox.extents)
    inside = slice(len(light) - y1 + 5, len(light) - y0 - 5), slice(x0 + 5, x1 - 5)
    np.testing.assert_array_equal(light[inside], dark[inside])
    assert not np.array_equal(light, dark)


def test_a_legend_beside_a_map_is_toned_as_the_page_is():
    figure, ax = plots.figure()
    ax.imshow(np.arange(16).reshape(4, 4))
    ax.plot([0, 3], [0, 3], color="black", label="a line on the map")
    legend = ax.legend(loc="lower left", bbox_to_anchor=(0, 1.05))
    drawn(figure)
    assert legend.get_gid() is None


def test_a_map_that_follows_the_page_is_dark_where_it_was_light():
    figure, ax = plots.figure()
    plots.contour(ax, banana)
    x0, y0, x1, y1 = (int(edge) for edge in ax.bbox.extents)
    light, dark = drawn(figure, None), drawn(figure)
    middle = slice(len(light) - y1 + 5, len(light) - y0 - 5), slice(x0 + 5, x1 - 5)
    assert np.median(light[middle][..., :3]) > 200
    assert np.median(dark[middle][..., :3]) < 70


def test_a_saved_picture_and_the_next_light_page_are_as_they_were():
    figure, ax = plots.figure()
    ax.plot([0, 1], [0, 1])
    before, saved = drawn(figure, None), figure.png()
    drawn(figure)
    assert figure.png() == saved
    np.testing.assert_array_equal(drawn(figure, None), before)


def test_what_moves_has_the_colors_of_what_stays():
    figure, ax = plots.figure()
    (line,) = ax.plot([0, 1], [0, 1], marker="o", markeredgecolor="white")
    ax.scatter([0.2, 0.4], [0.8, 0.6], c=["#0072B2", "#000000"], s=80)
    scene = Scene(figure)
    scene.resize(1, GROUND)
    scene.settle()
    line.set_ydata([1, 0])
    buffers: list[bytes] = []
    frame = scene.frame(buffers)
    assert frame["scene"]["dark"] is True
    kinds = {layer["kind"] for layer in frame["draw"]}
    assert {"line", "marks"} <= kinds
    colors = {layer["edge"] for layer in frame["draw"] if layer["kind"] == "line"}
    red, green, blue, _ = (round(255 * c) for c in theme.tone((0, 114 / 255, 178 / 255, 1), GROUND))
    assert colors == {f"rgba({red},{green},{blue},1)"}
    seen = composed(frame["scene"], buffers, frame, buffers)
    assert np.max(np.abs(seen.astype(int) - scene.fresh())[..., :3].mean()) < 1


def test_a_recorder_without_a_ground_changes_no_color():
    assert Recorder(10, 10, 72).tone((0.1, 0.2, 0.3, 1)) == (0.1, 0.2, 0.3, 1)


def test_a_figure_that_keeps_its_theme_is_drawn_as_on_white():
    figure, ax = plots.figure(theme="keep")
    (line,) = ax.plot([0, 1], [0, 1])
    explorer = explore(figure, lambda up: line.set_ydata([0, up]), up=slider(0, 1, 1))
    assert explorer._canvas.theme == "keep"
    explorer._scene.resize(1, GROUND)
    frame = explorer.frame([], up=0.5)
    assert frame["scene"]["dark"] is False
    with pytest.raises(ValueError, match="theme"):
        Picture(theme="night")


def test_a_notebook_gets_a_picture_for_each_theme(monkeypatch):
    figure, ax = plots.figure()
    ax.plot([0, 1], [0, 1])
    monkeypatch.setenv("JPY_SESSION_NAME", "a notebook")
    page = figure._repr_mimebundle_()[0]["text/html"]
    assert page.count("<img") == 2
    assert "course-night" in page


def test_no_style_turns_light_into_dark():
    root = Path(__file__).parents[2]
    files = [p for kind in ("css", "js", "mjs", "py") for p in root.glob(f"course_lib/**/*.{kind}")]
    files += [path for path in root.glob("docs/site/*") if path.is_file()]
    assert len(files) > 60
    turning = re.compile(r"\binvert\(|hue-rotate")
    assert [p.name for p in files if turning.search(p.read_text(encoding="utf-8"))] == []


def test_a_picture_for_the_night_is_drawn_and_leaves_the_figure_as_it_was():
    figure, ax = plots.figure(size=(3, 2))
    ax.imshow([[0, 1]], cmap="gray", aspect="auto")
    canvas, dpi = figure.canvas, figure.dpi
    day, night = (
        np.asarray(Image.open(io.BytesIO(each)).convert("RGBA"))
        for each in (figure.png(), figure.night())
    )
    assert day.shape == night.shape
    assert (figure.canvas, figure.dpi) == (canvas, dpi)
    inside = (slice(day.shape[0] // 2, None), slice(day.shape[1] // 3, None))
    same = np.all(day[inside][..., :3] == night[inside][..., :3], axis=-1)
    assert same.mean() > 0.4  # the image keeps its colors
    assert day[2, 2, 3] == 255
    assert night[2, 2, 3] == 0  # the page is the ground


def test_an_explorer_keeps_a_picture_for_the_night_once_a_page_was_dark(monkeypatch):
    monkeypatch.setattr(Explorer, "_dark", False)
    figure, ax = plots.figure()
    (line,) = ax.plot([0, 1], [0, 1])
    explorer = explore(figure, lambda up: line.set_ydata([0, up]), up=slider(0, 1, 1))
    assert explorer._canvas.night == b""
    explorer._request = {"screen": {"scale": 1, "ground": [17, 17, 17]}, "values": {}}
    explorer._answer_request()
    list(explorer._keeping())
    night = np.asarray(Image.open(io.BytesIO(explorer._canvas.night)).convert("RGBA"))
    words = night[..., 3] > 250
    assert night[words][:, :3].max() > 200
    # What is sent afterwards is still drawn for the page.
    assert explorer.frame([], up=0.5)["on"] == explorer._scene.id
    later = explore(*_moving(), up=slider(0, 1, 1))
    assert later._canvas.night


def _moving():
    figure, ax = plots.figure()
    (line,) = ax.plot([0, 1], [0, 1])
    return figure, lambda up: line.set_ydata([0, up])


def test_a_page_without_a_kernel_tones_colors_as_python_does():
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    colors = [(r, g, b) for r in (0, 77, 255) for g in (0, 114, 255) for b in (0, 178, 255)]
    module = (Path(front.__file__).parent / "front" / "night.mjs").as_uri()
    asked = f"{json.dumps(colors)}.map((color) => tone(color, {list(theme.DARK)}))"
    code = f'import {{ tone }} from "{module}"; console.log(JSON.stringify({asked}))'
    done = subprocess.run(
        ["node", "--input-type=module", "-e", code], capture_output=True, text=True, check=True
    )
    for color, there in zip(colors, json.loads(done.stdout), strict=True):
        here = 255 * np.array(theme.tone(tuple(part / 255 for part in color)))[:3]
        assert np.abs(here - there).max() < 1, color


def test_words_beside_a_map_are_toned_though_those_on_it_are_not():
    figure, ax = plots.figure()
    sheet = np.ma.masked_less(np.arange(16.0).reshape(4, 4), 8)
    ax.imshow(sheet)
    places = {(1, 3): True, (1, 0.2): False, (-1, 3): False, (1, 4): False}
    words = [ax.text(*place, "word") for place in places]
    theme.group(figure)
    assert [theme.keeps(word) for word in words] == list(places.values())


@pytest.mark.parametrize("origin", ["upper", "lower"])
def test_words_are_looked_for_on_the_rows_of_an_image_as_it_lies(origin):
    figure, ax = plots.figure()
    ax.imshow([[1.0, 1.0], [np.nan, np.nan]], origin=origin, extent=(0, 2, 0, 2))
    low, high = ax.text(1, 0.5, "word"), ax.text(1, 1.5, "word")
    theme.group(figure)
    shown = high if origin == "upper" else low
    assert [theme.keeps(word) for word in (low, high)] == [shown is low, shown is high]


def test_words_under_digits_stand_out_on_a_dark_page():
    figure, ax = plots.figure()
    plots.digits(ax, np.eye(8).reshape(1, 8, 8), [3])
    theme.group(figure)
    (word,) = ax.texts
    assert not theme.keeps(word)


def test_a_map_that_lets_its_ground_through_lies_on_white():
    figure, ax = plots.figure()
    ax.imshow(np.arange(16).reshape(4, 4), alpha=0.35, aspect="auto")
    light, dark = drawn(figure, None), drawn(figure)
    x0, y0, x1, y1 = (int(edge) for edge in ax.bbox.extents)
    inside = slice(len(light) - y1 + 5, len(light) - y0 - 5), slice(x0 + 5, x1 - 5)
    np.testing.assert_allclose(light[inside], dark[inside], atol=2)
