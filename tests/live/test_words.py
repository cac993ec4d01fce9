"""Numbers in the color of their line: plain in every text, and readable on light and dark pages."""

from __future__ import annotations

import pytest
from matplotlib.colors import to_rgb

from course_lib import plots
from course_lib.live import explore, slider
from course_lib.live.words import in_color, plain

COLORS = ("#0072B2", "#009E73", "#D55E00", "#CC79A7", "#F0E442", "#000000", "#ffffff", "#4d4d4d")


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colors as WCAG 2.2 defines it."""

    def luminance(color: str) -> float:
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("color", COLORS)
def test_a_number_stands_out_on_light_and_dark_pages(color):
    ((_, _, light, dark),) = plain(f"The loss is [0.1]{{{color}}}.").keys
    assert all(contrast(light, page) >= 4.5 for page in ("#ffffff", "#f5f5f5"))
    assert all(contrast(dark, page) >= 4.5 for page in ("#111111", "#1e1e1e"))


def test_the_words_stay_plain_and_the_keys_name_the_numbers():
    said = plain("From [1.5]{#0072B2} down to [0.02]{#D55E00}, a list [1, 2] and {x}.")
    assert said == "From 1.5 down to 0.02, a list [1, 2] and {x}."
    assert [said[start : start + length] for start, length, *_ in said.keys] == ["1.5", "0.02"]


def test_a_line_and_a_drawing_of_plots_have_their_color():
    _, ax = plots.figure()
    (line,) = ax.plot([0, 1], [0, 1], color="#D55E00")
    assert in_color(3, line) == "[3]{#d55e00}"
    assert in_color(3, plots.Drawn(lambda: None, (line,))) == "[3]{#d55e00}"
    assert in_color(3, ax.scatter([0], [0], color="#009E73")) == "[3]{#009e73}"
    assert in_color(3, "black") == "[3]{#000000}"


@pytest.mark.parametrize(("text", "of", "error"), [("[3]", "red", "text"), ("3", 7j, "of")])
def test_what_has_no_color_is_refused_in_words(text, of, error):
    with pytest.raises((TypeError, ValueError), match=f"in_color: {error} must"):
        in_color(text, of)


def explorer(generator: bool):
    figure, ax = plots.figure()
    (line,) = ax.plot([0, 1], [0, 1], color="#D55E00")

    def update(slope):
        line.set_ydata([0, slope])
        return f"The slope is {in_color(f'{slope:g}', line)}."

    def batch(slope):
        for each in [slope] if isinstance(slope, float) else slope[:, 0]:
            yield update(each)

    return explore(figure, batch if generator else update, alt="A line.", slope=slider(0, 2, 0.5))


@pytest.mark.parametrize("generator", [False, True])
def test_what_is_stored_is_plain_and_frames_bring_the_colors(generator):
    shown = explorer(generator)
    data, _ = shown._repr_mimebundle_()
    assert data["text/plain"] == shown.standing == "The slope is 0.5."
    frame = shown.frame([], slope=1.5)
    assert frame["standing"] == "The slope is 1.5."
    assert [key[:2] for key in frame["keys"]] == [[13, 3]]
    frames = [said for _, said, _ in shown._calls.many("slope", [{"slope": 1.0}] * 2, True)]
    assert frames == ["The slope is 1."] * 2
    assert frames[0].keys
    assert "{#" not in shown.html()


@pytest.mark.parametrize("first", [0, 1])
def test_words_stand_where_the_axes_lie_after_they_were_laid_out(first):
    figure, ax = plots.figure()
    ax.set(xlim=(0, 1), ylim=(0, 1))
    word = plots.word(ax)

    def update(high):
        """Write at the upper edge of axes that a title of many lines pushes down."""
        ax.set_title("\n".join(["line"] * (1 + 5 * high)))
        up = ax.get_window_extent().height * 72 / figure.dpi
        plots.write(word, "here", (0, 0), (0, up))

    def above():
        """Return how far the word stands above the upper edge, in pixels."""
        place = word.get_transform().transform([0, 0])[1]
        up = word.get_marker().get_extents().y0 * figure.dpi / 72
        return abs(place + up + 0.36 * 8 * figure.dpi / 72 - ax.bbox.y1)

    explorer = explore(figure, update, alt="A word", high=bool(first))
    explorer.png()
    assert above() < 2
    with explorer.at_scale(1):
        for high in (True, False, True):
            assert "scene" in explorer.frame([], high=high)
            assert above() < 2
