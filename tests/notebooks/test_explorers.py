"""Every explorer of every notebook: what its controls do, what it says of them, and its legends.

Each notebook's code is run once. Then each explorer is taken through the corners of its controls,
and each picture that stays still is drawn for a page that is narrow.
"""

import itertools
import random
import re
from contextlib import contextmanager

import books
import nbformat
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.text import Text
from matplotlib.transforms import Affine2D, Bbox
from test_notebooks import calls, code_of

from course_lib import live, plots
from course_lib.live import narrow, ties

ONE = r"(?<![\d.])1 (updates|steps|times|examples|walks|epochs)\b"
NUMBER = r"(-?\d+(?:\.\d+)?(?:e[-+]?\d+)?)"


def has_explorers(path):
    return any(calls(cell.source, "explore") for cell in code_of(nbformat.read(path, as_version=4)))


# The tests of one notebook run in one process, one after the other.
BOOKS = [
    pytest.param(path, id=path.stem, marks=pytest.mark.xdist_group(path.stem))
    for path in books.STATIONS
    if has_explorers(path)
]


@pytest.fixture(scope="module", params=BOOKS)
def shown(request):
    """Run a notebook's code; return its explorers and stills, each with the name of its cell.

    Its code is run once for all of its tests.
    """
    explore, made, stills, cell = live.explore, [], [], [None]

    def recorded(*args, **kwargs):
        made.append((cell[0].id, explore(*args, **kwargs)))
        return made[-1][1]

    def show(figure, *words, **alt):
        stills.append((cell[0].id, figure))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live, "explore", recorded)
        patch.setattr(plots, "show", show)
        names = {"__name__": "__main__"}
        for cell[0] in code_of(nbformat.read(request.param, as_version=4)):
            exec(cell[0].source, names)
    return made, stills


@pytest.fixture
def made(shown):
    return shown[0]


@pytest.fixture
def stills(shown):
    return shown[1]


def corners(explorer, count=None):
    """Return the first state, and some with all controls at their ends."""
    count = count or (3 if len(explorer.kinds) < 9 else 1)  # the race has a toggle for each rule
    chance = random.Random(1)
    first = {name: kind.first for name, kind in explorer.kinds.items()}

    def end(kind):
        if not isinstance(kind.control, live.Point):
            return chance.choice(kind.ends())
        # A walk that begins right at a minimum would stay, whatever its rate.
        place = tuple(chance.uniform(*pair) for pair in kind.control.bounds)
        return place[0] if kind.control.flat else place

    return [first, *({n: end(k) for n, k in explorer.kinds.items()} for _ in range(count))]


def anywhere(kind, chance):
    """Return a place between the ends of a control, where it has some between."""
    control = kind.control
    if not hasattr(control, "bounds"):
        return chance.choice(kind.places() or kind.ends())
    place = tuple(chance.uniform(low, high) for low, high in control.bounds)
    return place[0] if control.flat else place


def test_they_work_wherever_their_controls_stand(made):
    """Move every control to its ends, and all to random places."""
    chance = random.Random(0)
    for cell, explorer in made:
        kinds = explorer.kinds
        states = [{name: end} for name, kind in kinds.items() for end in kind.ends()]
        states += [{n: anywhere(kind, chance) for n, kind in kinds.items()} for _ in range(50)]
        for state in states:
            standing = explorer.set(**state)
            assert explorer.error is None, f"{cell}: {standing} at {state}"
            assert "nan" not in standing, f"{cell}: {standing} at {state}"
            explorer.reset()


def seen(explorer, values):
    buffers = []
    frame = explorer.frame(buffers, **values)
    return frame["standing"], frame.get("on"), repr(frame.get("draw")), tuple(buffers[-1:])


def test_a_control_without_effect_says_so_and_one_that_says_so_has_none(made):
    wrong = set()
    for cell, explorer in made:
        for state in corners(explorer):
            idle = ties.reasons(explorer.controls, state)
            for name, kind in explorer.kinds.items():
                seen(explorer, state)  # what stays still is drawn
                places = [p for p in kind.places() if p != state[name]] or kind.ends()
                some = [places[0], places[len(places) // 3], places[-1]]
                looks = {seen(explorer, state | {name: place}) for place in [state[name], *some]}
                wrong |= {(cell, name, said) for said, *_ in looks if re.search(ONE, said)}
                if (len(looks) == 1) != (name in idle):
                    others = {n: v for n, v in state.items() if n != name}
                    wrong.add((cell, name, f"{len(looks)} pictures, idle: {idle} at {others}"))
        explorer.reset()
    assert not wrong, "\n".join(map(str, sorted(wrong)))


def symbols(explorer):
    """Return the symbol of each slider that has one: the last word of its label."""
    for name, control in explorer.controls.items():
        label = getattr(control, "description", "")
        symbol = label.split()[-1] if label else ""
        if explorer.kinds[name].page == "slider" and re.fullmatch(r"[A-Zα-ωk]\w?[₀-₉]?", symbol):
            yield name, symbol


def test_slider_and_sentence_name_the_same_value(made):
    wrong, chance = [], random.Random(2)
    for cell, explorer in made:
        for name, symbol in symbols(explorer):
            places = explorer.kinds[name].places()
            for place in [places[0], places[-1], *chance.sample(places, min(12, len(places)))]:
                said = explorer.set(**{name: place})
                if name in ties.reasons(explorer.controls, explorer.values):
                    break  # what it says there is not about this slider
                for text in re.findall(rf"(?<!\w){symbol}(?!\w)(?: =)? {NUMBER}", said):
                    digits = re.sub(r"e.*", "", text).lstrip("-0.").replace(".", "")
                    slack = 0.51 * 10.0 ** (np.floor(np.log10(abs(place) or 1)) - len(digits) + 1)
                    if not abs(float(text) - place) <= max(slack, 1e-9):
                        wrong.append(f"{cell}: {symbol} is {place:.6g}, and it says: {said}")
                        break
        explorer.reset()
    assert not wrong, "\n".join(wrong)


def covered(ax):
    """Return the artists of an axes that its legend lies on."""
    legend = ax.get_legend()
    if legend is None or not legend.get_visible():
        return []
    box, room, found = legend.get_window_extent(), ax.bbox, []
    for line in ax.lines:
        if not line.get_visible() or not len(line.get_xdata()):
            continue
        points = line.get_transform().transform(line.get_xydata())
        if line.get_linestyle() not in ("None", "none", " ", ""):
            far = np.abs(np.diff(points, axis=0)).max(axis=1, initial=0)
            parts = [
                np.linspace(one, other, int(np.clip(length / 2, 2, 400)))
                for one, other, length in zip(points, points[1:], far, strict=False)
                if np.isfinite(length) and length < 1e6
            ]
            points = np.concatenate(parts) if parts else points
        points = points[np.isfinite(points).all(axis=1)]
        x, y = points.T
        points = points[(x >= room.x0) & (x <= room.x1) & (y >= room.y0) & (y <= room.y1)]
        inside = [box.contains(x, y) for x, y in points]
        # A few percent of a long line do no harm.
        if np.sum(inside) > 0.05 * len(points):
            found.append(line.get_label())
    for bar in ax.patches:
        inside = Bbox.intersection(bar.get_window_extent(), room)
        if bar.get_visible() and inside is not None and inside.overlaps(box):
            found.append(bar.get_label())
    return found


def test_no_legend_lies_on_what_it_explains(made):
    wrong = []
    for cell, explorer in made:
        if not any(ax.get_legend() for ax in explorer.figure.axes):
            continue
        ends = {name: kind.ends() for name, kind in explorer.kinds.items()}
        states = [{name: end} for name, each in ends.items() for end in each]
        for state in [*states, *corners(explorer, 6)]:
            explorer.set(**state)
            explorer.figure.draw_without_rendering()
            for ax in explorer.figure.axes:
                wrong += [f"{cell}: {ax.get_title()}: {each} at {state}" for each in covered(ax)]
            explorer.reset()
    assert not wrong, "\n".join(wrong)


@contextmanager
def noted_words():
    """Note which texts matplotlib draws, in their order."""
    drawn, draw = [], Text.draw
    Text.draw = lambda text, renderer: (drawn.append(text), draw(text, renderer))[1]
    try:
        yield drawn
    finally:
        Text.draw = draw


def measured(figure, drawn):
    """Return the words among what was drawn: each with its box and its size in pixels.

    Slanted ones, as on axes in three dimensions, do not fill their box.
    """
    renderer, scale = figure.canvas.get_renderer(), figure.dpi / 72
    found = [
        (text.get_text(), text.get_window_extent(renderer), text.get_fontsize() * 100 / 72)
        for text in dict.fromkeys(drawn)
        if text.get_visible() and text.get_text().strip() and text.get_rotation() % 90 == 0
    ]
    for word in itertools.chain(*(ax.lines for ax in figure.axes)):
        if word.get_gid() == "word" and word.get_visible():
            (place,) = word.get_transform().transform(word.get_xydata())
            turn = Affine2D().scale(scale).translate(*place)
            found.append(("a word", word.get_marker().get_extents(turn), word.letters * 100 / 72))
    return found


def crowded(words, size):
    """Return which words lie on others, leave the figure or are too small to be read."""
    found = [f"{text!r} has {pixels:.1f} pixels" for text, _, pixels in words if pixels < 10.99]
    for text, box, _ in words:
        if min(box.x0, box.y0) < -1 or box.x1 > size[0] + 1 or box.y1 > size[1] + 1:
            found.append(f"{text!r} leaves the figure")
    for (text, box, _), (other, there, _) in itertools.combinations(words, 2):
        common = Bbox.intersection(box, there)
        if common is not None and common.width > 1 and common.height > 1.5:
            found.append(f"{text!r} lies on {other!r}")
    return found


@pytest.mark.parametrize("width", [None, narrow.COLUMN, narrow.PHONE])
def test_words_keep_apart_and_can_be_read_at_every_width(made, width):
    wrong = set()
    for cell, explorer in made:
        if width == narrow.PHONE and not narrow.suits_phone(explorer.figure):
            continue
        ends = {name: kind.ends() for name, kind in explorer.kinds.items()}
        states = [{}, *({name: end} for name, both in ends.items() for end in both)]
        words = []
        with explorer.at_scale(1, width=width):
            for state in states[:: -(-len(states) // 8)]:
                with noted_words() as drawn:
                    anew = "scene" in explorer.frame([], **state)
                words = drawn if anew else words + drawn
                seen = measured(explorer.figure, words)
                wrong |= {(cell, each) for each in crowded(seen, explorer.figure.bbox.size)}
        explorer.reset()
    assert not wrong, "\n".join(map(str, sorted(wrong)))


@pytest.mark.parametrize("width", [narrow.COLUMN, narrow.PHONE])
def test_words_of_stills_keep_apart_and_can_be_read_on_narrow_pages(stills, width):
    wrong = set()
    for cell, figure in stills:
        if width == narrow.PHONE and not narrow.suits_phone(figure):
            continue
        with narrow.at_width(figure, width), noted_words() as drawn:
            figure.draw_without_rendering()
            seen = crowded(measured(figure, drawn), figure.bbox.size)
        wrong |= {(cell, each) for each in seen}
    assert not wrong, "\n".join(map(str, sorted(wrong)))


def test_words_that_are_crowded_are_found():
    figure, ax = plots.figure()
    for x in (0.5, 0.52):
        ax.text(x, 0.5, "here", fontsize=7)
    ax.text(0.9, 0.9, "out of the figure", clip_on=False, in_layout=False)
    with noted_words() as drawn:
        figure.draw_without_rendering()
    found = crowded(measured(figure, drawn), figure.bbox.size)
    assert len(found) == 4
    assert "'here' lies on 'here'" in found


def test_the_star_has_one_look_everywhere(made):
    look = plots.STAR
    for cell, explorer in made:
        stars = [
            line
            for line in itertools.chain(*(ax.lines for ax in explorer.figure.axes))
            if line.get_marker() == "*"
        ]
        for star in stars:
            assert to_hex(star.get_markerfacecolor()) == look["markerfacecolor"], cell
            assert to_hex(star.get_markeredgecolor()) == look["markeredgecolor"], cell
            assert star.get_markersize() == look["markersize"], cell
