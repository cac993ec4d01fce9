"""Make the README's moving picture: an explorer whose slider moves, then the race.

    python docs/images/film.py

It takes no browser and no kernel: the explorer draws each picture itself.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs" / "site")]

import capture  # noqa: E402  (of the website)

from course_lib import plots  # noqa: E402
from course_lib.descent import descend  # noqa: E402
from course_lib.landscapes import banana  # noqa: E402
from course_lib.lectures.race import race, standing, track  # noqa: E402
from course_lib.live import explore, int_slider, point, slider  # noqa: E402
from course_lib.optimizers import OPTIMIZERS, GradientDescent  # noqa: E402

WIDE, STRIP, PAUSE = 860, 64, 110  # pixels, pixels above the picture for its slider, milliseconds
FONT = ImageFont.truetype(ROOT / "course_lib" / "live" / "fonts" / "CourseSans-Regular.ttf", 18)
RATES = [0.01 + 0.19 * i / 19 for i in range(20)]
STEPS = range(0, 164, 9)


def walk():
    """Return the explorer of lecture 1: gradient descent on the banana."""
    picture, (hill, curve) = plots.figure(2)
    plots.contour(hill, banana)
    trail, loss = plots.path(hill), plots.loss_curve(curve)

    def update(lr, start):
        path = descend(banana, GradientDescent(lr=lr), start, steps=100)
        trail.show(path)
        loss.show(path)
        return f"After 100 steps the loss is {path.losses[-1]:.2g}."

    return explore(picture, update, lr=slider(0.01, 0.2, 0.1), start=point(hill, (-1.5, 2)))


def lanes():
    """Return the race of lecture 6, each rule at its own best rate."""
    racers = {name: kind() for name, kind in OPTIMIZERS.items()}
    picture, axes = plots.figure(4, size=(12.6, 4.9))
    axes[0].get_gridspec().set_width_ratios([4.2, 1.3, 3, 1.7])
    hill, running = plots.contour(axes[0], banana), track(axes, racers, 200)
    hill.show(banana)
    low, high = banana.bounds.T
    runners = race(banana, racers, low + (high - low) * (0.15, 0.7), 200, None)

    def update(step):
        running.show(runners, step)
        return standing(runners, step)

    return explore(picture, update, step=int_slider(0, 200, 0))


def with_slider(picture: Image.Image, label: str, share: float, value: str, tall: int):
    """Return a picture with a slider drawn above it, at a share of its way."""
    page = Image.new("RGB", (WIDE, tall), "white")
    draw = ImageDraw.Draw(page)
    left, right, middle = 260, WIDE - 130, STRIP // 2
    draw.text((20, middle), label, "#1a1a1a", FONT, anchor="lm")
    draw.line((left, middle, right, middle), "#aab4bd", 5)
    at = left + share * (right - left)
    draw.line((left, middle, at, middle), "#005a8c", 5)
    draw.ellipse((at - 11, middle - 11, at + 11, middle + 11), "#005a8c")
    draw.text((right + 30, middle), value, "#1a1a1a", FONT, anchor="lm")
    small = picture.resize((WIDE, round(WIDE * picture.height / picture.width)))
    page.paste(small, (0, STRIP))
    return page


def main() -> None:
    """Write the picture."""
    shown, runs = walk(), lanes()
    tall = STRIP + round(WIDE * 4.9 / 12.6) + 30
    moving = []
    for number, rate in enumerate(RATES):
        picture = capture.drawn(shown, {"lr": rate})
        moving.append(with_slider(picture, "learning rate α", number / 19, f"{rate:.2f}", tall))
    there = [*moving, *[moving[-1]] * 6, *moving[-2:9:-1], *[moving[10]] * 6]
    steps = list(STEPS)
    for step in steps:
        picture = capture.drawn(runs, {"step": step})
        there.append(with_slider(picture, "the race, step k", step / 200, str(step), tall))
    film = capture.animated([*there, *[there[-1]] * 10], PAUSE, quality=55)
    (HERE / "course.webp").write_bytes(film)
    print(f"course.webp: {len(film) / 1e6:.2f} MB, {len(there)} pictures")


if __name__ == "__main__":
    main()
