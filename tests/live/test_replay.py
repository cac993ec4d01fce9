"""The explorer without a kernel: what the exported page holds."""

from __future__ import annotations

import base64
import datetime
import gzip
import json
import re

import ipywidgets
import numpy as np
import pytest

from course_lib import plots
from course_lib.descent import descend
from course_lib.landscapes import LANDSCAPES, banana
from course_lib.live import choice, explore, int_slider, log_slider, point, replay, slider, toggle
from course_lib.optimizers import Momentum


def walk_explorer():
    figure, (hill, curve) = plots.figure(2)
    plots.contour(hill, banana)
    trail, loss = plots.path(hill), plots.loss_curve(curve)

    def update(lr, momentum, start):
        walk = descend(banana, Momentum(lr=lr, momentum=momentum), start, steps=200)
        trail.show(walk)
        loss.show(walk)
        return f"lr {lr:.4g}, momentum {momentum:.3g}: {walk.losses[-1]:.1e}"

    return explore(
        figure,
        update,
        lr=log_slider(1e-3, 0.3, 0.1),
        momentum=slider(0, 0.99, 0.9),
        start=point(hill, (-1.5, 2)),
    )


def unpacked(snippet):
    """Return what the front reads from the page, and the arrays and images it holds."""
    return opened(files(snippet)[0])


def files(snippet):
    """Return the frames that a page holds: those for its full width, and those for a phone."""
    (data,) = re.findall(r'^begin\("[^"]+", (\[.+\])\);', snippet, re.MULTILINE)
    return json.loads(data)


def opened(data):
    """Return what the front reads from frames in a file of their own."""
    plain = gzip.decompress(base64.b64decode(data))
    length = int.from_bytes(plain[:4], "little")
    about, rest, buffers = json.loads(plain[4 : 4 + length]), plain[4 + length :], []
    for size in about["lengths"]:
        buffers.append(rest[:size])
        rest = rest[size:]
    return about, buffers


def numbers(buffer):
    """Return the vertices of a frame as `floats` of the front reads them."""
    steps = np.frombuffer(buffer, np.uint8).reshape(4, -1).T.copy().view("<i4").ravel()
    whole = np.empty_like(steps)
    for coordinate in (0, 1):
        whole[coordinate::2] = np.cumsum(steps[coordinate::2], dtype=np.int32)
    return np.where(whole == -(2**31), np.nan, whole / 64)


def test_all_combinations_are_there_in_at_most_a_megabyte_and_a_half():
    snippet = walk_explorer().html()
    assert 1_000_000 < len(snippet.encode()) <= replay.MOST
    about, buffers = unpacked(snippet)
    lr, momentum = about["controls"]
    assert len(about["frames"]) == len(lr["words"]) * len(momentum["words"])
    assert lr["words"][0] == "0.001"
    assert lr["words"][lr["first"]] == "0.1"
    assert momentum["words"][momentum["first"]] == "0.9"
    for i, j in ((0, 0), (3, 5), (-1, -1)):
        frame = about["frames"][
            (i % len(lr["words"])) * len(momentum["words"]) + j % len(momentum["words"])
        ]
        assert f"momentum {float(momentum['words'][j]):.3g}:" in frame["standing"]
    (scene,) = about["scenes"].values()
    assert buffers[scene["below"]].startswith(b"\x89PNG")


def test_a_phone_gets_fewer_frames_drawn_for_it_with_words_of_full_size():
    explorer = walk_explorer()
    wide, phone = (opened(data)[0] for data in files(explorer.html()))
    assert wide["size"] == pytest.approx(explorer.size) == [920, 380]
    assert phone["size"][0] == 344 * replay.GROWS
    assert phone["size"][1] > 1.5 * phone["size"][0]  # its axes are below each other
    for about, least in ((wide, 11), (phone, 11 * replay.GROWS)):
        (scene,) = about["scenes"].values()
        drawn = replay.SCALE * 920 if about is wide else 2 * 344
        assert scene["size"][0] == pytest.approx(drawn, abs=1)
        assert about["words"] > least
        assert len(scene["axes"]) == 2
    for one, other in zip(wide["controls"], phone["controls"], strict=True):
        assert one["words"][one["first"]] == other["words"][other["first"]]
        assert 3 <= len(other["words"]) < len(one["words"])
        assert set(other["words"]) <= set(one["words"])
    assert explorer.figure.get_size_inches().tolist() == [9.2, 3.8]


def test_a_small_picture_is_the_same_on_a_phone():
    figure, ax = plots.figure(size=(3.4, 3))
    (dot,) = ax.plot([0], [0], "o")
    explorer = explore(figure, lambda x: dot.set_data([x], [x]), x=slider(0, 1, 0.5), alt="A dot.")
    assert len(files(explorer.html())) == 1


def test_a_diagram_is_not_squeezed_into_a_phone():
    figure, ax = plots.figure(size=(9, 3))
    ax.set_axis_off()
    word = ax.text(0.1, 0.5, "")
    explorer = explore(
        figure, lambda x: word.set_text(f"{x:g}"), x=slider(0, 1, 0.5), alt="A graph."
    )
    assert len(files(explorer.html())) == 1


def test_vertices_in_the_page_are_right_to_a_tenth_of_a_pixel():
    explorer = walk_explorer()
    about, buffers = unpacked(explorer.html(sweeps=["lr"]))
    assert len(about["frames"]) > 50
    control = about["controls"][0]
    frame = about["frames"][control["first"]]
    height = next(iter(about["scenes"].values()))["size"][1]
    walk = descend(banana, Momentum(lr=0.1, momentum=0.9), (-1.5, 2), steps=200)
    explorer._scene.resize(replay.SCALE)
    explorer._scene.settle()
    explorer._scene.settle()  # a layout takes two drawings
    expected = explorer.figure.axes[0].transData.transform(walk.points)
    vertices = numbers(buffers[frame["vertices"]])
    line = next(layer for layer in frame["draw"] if layer["kind"] == "line")
    start, count = line["at"]
    found = vertices[start : start + count].reshape(-1, 2)
    expected = np.c_[expected[:, 0], height - expected[:, 1]]
    # matplotlib leaves out what lies on the way: each point of the walk is on the line still.
    begins, ways = found[:-1], np.diff(found, axis=0)
    beside = expected[:, None] - begins
    along = np.sum(beside * ways, axis=-1) / np.maximum(np.sum(ways**2, axis=-1), 1e-9)
    gaps = np.linalg.norm(beside - np.clip(along, 0, 1)[..., None] * ways, axis=-1)
    np.testing.assert_array_less(gaps.min(axis=1), 0.2)


def test_vertices_keep_far_places_and_gaps_to_a_hundredth_of_a_pixel():
    drawn = np.array([1e6, -1e6, -1e6, 1e6, np.nan, np.nan, 0.5, 1023.9375, 3, -7], np.float32)
    np.testing.assert_allclose(numbers(replay._steps(drawn.tobytes())), drawn, atol=0.01)


def test_lists_toggles_and_failures_are_kept_and_the_explorer_stays_as_it_was():
    figure, ax = plots.figure()
    (line,) = ax.plot([0, 1], [0, 1])

    def update(kind, double, x):
        if x == 0:
            raise ValueError("nothing to see at 0")
        line.set_ydata([0, 2 * x if double else x])
        return f"{kind.name} {double} {x}"

    flat = [LANDSCAPES["banana"], LANDSCAPES["beale"]]
    explorer = explore(
        figure, update, kind=choice(flat), double=toggle(), x=int_slider(0, 4, 2, play=True)
    )
    about, _ = unpacked(explorer.html())
    assert [control["kind"] for control in about["controls"]] == ["select", "toggle", "slider"]
    assert [control["play"] for control in about["controls"]] == [False, False, True]
    said = [frame["standing"] for frame in about["frames"]]
    assert said[:2] == [
        "This cannot be drawn for kind = banana, double = False, x = 0. "
        "ValueError: nothing to see at 0",
        "banana False 1",
    ]
    assert said[-1] == "Beale True 4"
    assert [frame["failed"] for frame in about["frames"]] == [True, False, False, False, False] * 4
    assert list(line.get_ydata()) == [0, 2]
    assert explorer.standing == "banana False 2"
    assert figure.dpi == 100


def test_what_cannot_be_swept_is_told():
    explorer = walk_explorer()
    with pytest.raises(ValueError, match=r"The control to sweep must be one of .* got 'start'"):
        explorer.html(sweeps=["start"])


def test_where_there_is_nothing_else_points_move_on_a_grid():
    figure, ax = plots.figure()
    (dot,) = ax.plot([1], [0.5], "o")
    ax.set(xlim=(1e-2, 10), ylim=(-1, 3), xscale="log")

    def update(at, height):
        dot.set_data([at[0]], [at[1] + height])
        return f"{at[0]:.3g} {at[1]:.3g} {height:.3g}"

    explorer = explore(figure, update, at=point(ax, (1, 0.53)), height=point(ax, 0.07, (0.01, 1)))
    about, _ = unpacked(explorer.html())
    assert about["controls"] == []
    places = [each for one in about["points"] for each in one["places"]]
    assert [len(one["places"]) for one in about["points"]] == [2, 1]
    for grid, first in zip(places, (1, 0.53, 0.07), strict=True):
        assert first in grid
    assert (places[0][0], places[0][-1]) == pytest.approx((0.01, 10))
    np.testing.assert_allclose(np.diff(np.log(places[0])), np.log(places[0][1] / 0.01), rtol=0.8)
    said = [frame["standing"] for frame in about["frames"]]
    assert said == [
        f"{x:.3g} {y:.3g} {h:.3g}" for x in places[0] for y in places[1] for h in places[2]
    ]
    assert 500 < len(said) <= replay.FRAMES


def test_a_slider_that_plays_is_never_left_out_and_keeps_most_notches():
    figure, ax = plots.figure()
    (dot,) = ax.plot([0], [0], "o")

    def update(a, b, c, d, step):
        dot.set_data([step / 200], [(a + b + c + d) / 4])

    unit = {name: slider(0, 1, 0.5) for name in "abcd"}
    explorer = explore(figure, update, **unit, step=int_slider(0, 200, 100, play=True))
    about, _ = opened(replay.packed(explorer, None, replay.MOST, 500)[0])
    count = {control["label"]: len(control["words"]) for control in about["controls"]}
    assert list(count) == ["a", "b", "step"]
    assert count["step"] > 2 * max(count["a"], count["b"])
    assert about["controls"][-1]["play"]


def test_a_point_that_a_page_does_not_move_is_shown_where_it_stands():
    figure, ax = plots.figure()
    (dot,) = ax.plot([0], [0], "o")
    ax.set(xlim=(-1, 1), ylim=(-1, 1))

    def update(size, more, at):
        dot.set_data([at[0] * size], [at[1] * more])
        return f"{size:g} and {more:g} from {at[0]:g}, {at[1]:g}"

    sizes = {"size": slider(0, 1, 0.5), "more": slider(0, 1, 0.5)}
    explorer = explore(figure, update, **sizes, at=point(ax, (0.25, -0.5)))
    explorer.set(at=(0.5, 0.75))
    about, _ = unpacked(explorer.html())
    assert [one["places"] for one in about["points"]] == [[[0.5], [0.75]]]
    assert {frame["standing"].split("from")[1] for frame in about["frames"]} == {" 0.5, 0.75"}


def test_a_point_moves_beside_a_slider_where_there_is_room():
    figure, ax = plots.figure()
    (dot,) = ax.plot([0], [0], "o")
    ax.set(xlim=(-1, 1), ylim=(-1, 1))

    def update(size, at):
        dot.set_data([at[0] * size], [at[1]])
        return f"{size:g} from {at[0]:g}, {at[1]:g}"

    explorer = explore(figure, update, size=slider(0, 1, 0.5), at=point(ax, (0.25, -0.5)))
    about, _ = opened(replay.packed(explorer, None, replay.MOST, 2500)[0])
    across, up = about["points"][0]["places"]
    assert min(len(across), len(up), len(about["controls"][0]["words"])) >= 7
    assert 0.25 in across
    assert len(about["frames"]) == len(across) * len(up) * len(about["controls"][0]["words"])


def test_what_a_text_names_moves_and_is_a_notch():
    figure, ax = plots.figure()
    (dot,) = ax.plot([0], [0], "o")
    ax.set(xlim=(-1, 1), ylim=(-1, 1))

    def update(a, b, kind, at):
        dot.set_data([at[0] * a], [at[1] * b])
        return f"{a:g} {b:g} {kind} {at[0]:g} {at[1]:g}"

    sliders = {"a": slider(0, 1, 0.5), "b": log_slider(0.01, 1, 0.1)}
    kinds = choice({f"kind {n}": n for n in range(9)})
    explorer = explore(figure, update, **sliders, kind=kinds, at=point(ax, (0.25, -0.5)))
    named = {"b": [0.123, 0.456], "kind": ["kind 4"], "at": [(-0.9, 0.77)]}
    about, _ = opened(replay.packed(explorer, None, replay.MOST, 600, named)[0])
    shown = {control["label"]: control["words"] for control in about["controls"]}
    assert {"0.123", "0.456", "0.1", "0.01", "1"} <= set(shown["b"])
    assert shown["kind"] == ["kind 0", "kind 4"]  # all nine would not fit
    across, up = about["points"][0]["places"]
    assert {-0.9, 0.25} <= set(across)
    assert {0.77, -0.5} <= set(up)
    said = [frame["standing"].split() for frame in about["frames"]]
    assert len(said) <= 600
    assert {"-0.9"} <= {words[3] for words in said if words[1] == "0.456" and words[2] == "4"}
    with pytest.raises(ValueError, match="c"):
        replay.packed(explorer, None, replay.MOST, 600, {"c": []})


def test_where_not_all_fit_a_slider_that_changes_nothing_goes_before_a_list():
    figure, ax = plots.figure()
    (dot,) = ax.plot([0], [0], "o")

    def update(lr, own, kind, step):
        dot.set_data([step / 200 + (lr if own else 0)], [kind])
        return "a dot"

    controls = {"lr": slider(0, 1, 0.5), "own": toggle(), "kind": choice(list(range(7)))}
    explorer = explore(figure, update, **controls, step=int_slider(0, 200, 100, play=True))
    places = {name: kind.places() for name, kind in explorer.kinds.items()}

    def kept(most):
        keep = replay._kept(explorer, {})
        return list(replay._first_that_fit(explorer, places, keep, {}, most))

    assert kept(20 * 5 * 2 * 7) == ["lr", "own", "kind", "step"]
    assert kept(300) == ["own", "kind", "step"]  # the rate does nothing unless it is the own one
    assert kept(100) == ["own", "step"]
    assert kept(5) == ["step"]
    explorer.set(own=True)
    assert kept(300) == ["lr", "own", "step"]


def test_where_the_still_parts_of_a_list_are_too_heavy_the_list_goes_and_the_slider_stays():
    figure, ax = plots.figure()
    ground, (dot,) = plots.contour(ax, banana), ax.plot([0], [0], "o")

    def update(landscape, step):
        ground.show(landscape)
        dot.set_data([step / 100 - 1], [0])

    hills = choice([hill for hill in LANDSCAPES.values() if len(hill.bounds) == 2][:6])
    explorer = explore(figure, update, landscape=hills, step=int_slider(0, 100, 50, play=True))
    still = len(replay.packed(explorer, ["step"], replay.MOST, 5)[0])

    def kept(most):
        about, _ = opened(replay.packed(explorer, None, most, 500)[0])
        return {control["kind"]: len(control["words"]) for control in about["controls"]}

    assert kept(20 * still)["select"] == 6
    without = kept(3 * still)  # room for three landscapes of the six
    assert list(without) == ["slider"]
    assert without["slider"] > 50


def test_each_still_part_is_kept_once():
    figure, ax = plots.figure()
    ground, (dot,) = plots.contour(ax, banana), ax.plot([0], [0], "o")

    def update(x, landscape):
        ground.show(landscape)
        dot.set_data([x], [0])

    flat = [LANDSCAPES["banana"], LANDSCAPES["beale"]]
    explorer = explore(figure, update, x=int_slider(0, 3, 1), landscape=choice(flat))
    about, buffers = unpacked(explorer.html())
    # Two, and at most one more while the layout settles.
    assert len(about["frames"]) == 8
    assert 2 <= len(about["scenes"]) <= 3
    stills = [part for s in about["scenes"].values() for part in (s, s["night"])]
    pictures = [still["below"] for still in stills]
    layers = [layer for frame in about["frames"] for layer in frame["draw"]]
    pictures += [layer["image"] for layer in layers if layer["kind"] == "image"]
    pictures += [part["image"] for still in stills for part in still["between"]]
    filled = {at for at, buffer in enumerate(buffers) if buffer.startswith(b"\x89PNG")}
    assert filled == set(pictures)


def test_what_lies_over_a_line_that_moves_has_few_colors_too():
    figure, ax = plots.figure()
    (line,) = ax.plot([0, 1], [0, 1], zorder=1)
    cloud = np.random.default_rng(0).random((40, 40, 4))
    ax.imshow(cloud, extent=(0, 1, 0, 1), zorder=3, interpolation="bilinear")
    explorer = explore(figure, lambda x: line.set_ydata([x, 1]), x=slider(0, 1, 0.5))
    about, buffers = unpacked(explorer.html())
    stills = [part for scene in about["scenes"].values() for part in (scene, scene["night"])]
    over = [buffers[part["image"]] for still in stills for part in still["between"]]
    assert len(over) >= 2
    palette = 3  # the kind of colors of a PNG file, its byte 25
    assert {picture[25] for picture in over} == {palette}


def test_a_saved_page_tells_its_author_what_the_reader_can_move_and_what_not(tmp_path):
    figure, ax = plots.figure()
    (dot,) = ax.plot([0], [0], "o")

    def update(lr, kind, day, start):
        dot.set_data([lr], [len(kind)])
        return f"{lr:.3f} {kind} {day} {start}"

    explorer = explore(
        figure,
        update,
        alt="A dot.",
        lr=slider(0, 1, 0.5, step=0.0005),
        kind=choice(["sin", "cosine"]),
        day=ipywidgets.DatePicker(value=datetime.date(2020, 1, 31)),
        start=point(ax, (0.02, 0.01)),
    )
    moves = explorer.save_html(tmp_path / "page.html", sweeps=["lr", "kind"])
    assert moves.of == {"lr": 2001, "kind": 2}
    assert moves.places["kind"] == 2
    assert 100 < moves.places["lr"] < 2001  # there is room for so many
    assert moves.fixed == {"day": datetime.date(2020, 1, 31), "start": (0.02, 0.01)}
    assert repr(moves) == (
        f"The reader moves lr in {moves.places['lr']} of its 2001 places; kind in all 2 places. "
        "Fixed there: day = 2020-01-31, start = (0.02, 0.01)."
    )


def test_a_page_whose_picture_has_no_description_warns_its_author():
    figure, ax = plots.figure()
    ax.set_title("a line")
    explorer = explore(figure, lambda a: None, a=slider(0, 1, 0.5))
    with pytest.warns(UserWarning, match=r"no description .* 'Figure\. a line'.*alt="):
        explorer.html()
