"""Print for each figure of the gallery how right its frames are, and how many a second there are.

Run it with `python tests/benchmarks/gallery.py`, or with the names of some figures. "Differs" is
the largest difference of any channel of any pixel, of 255, between a frame as the page composes it
and what matplotlib draws afresh, over four states, at 1, 1.5 and 2 pixels for each hundredth of an
inch. Frames are counted in CPU time of the kernel, the quickest of several for each state, beside
what matplotlib needs to draw the whole figure.
"""

from __future__ import annotations

import statistics
import sys
import time
import warnings
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "live")]
from test_gallery import GALLERY, SHADES, STATES, apart, frames  # noqa: E402

from course_lib.live.compose import composed  # noqa: E402
from course_lib.live.scene import Scene  # noqa: E402

SCALES, ROUNDS = (1, 1.5, 2), 3


def differences(make) -> list[int]:
    """Return the largest difference at each scale."""
    return [
        max(int(apart(composed(*parts), fresh)) for parts, fresh in frames(make, scale=scale))
        for scale in SCALES
    ]


def milliseconds(make) -> tuple[float, float]:
    """Return what a frame takes the kernel, `update` included, and a whole drawing."""
    figure = Figure(figsize=(4, 3))
    update, scene = make(figure), Scene(figure)
    scene.resize(1)
    scene.settle()
    least: dict[float, float] = {}
    for _ in range(ROUNDS):
        for state in STATES:
            began = time.process_time()
            update(state)
            scene.frame([])
            least[state] = min(time.process_time() - began, least.get(state, 9.0))
    canvas, began = FigureCanvasAgg(figure), time.process_time()
    canvas.draw()
    return 1000 * statistics.mean(least.values()), 1000 * (time.process_time() - began)


def main(names: list[str]) -> None:
    print(f"| figure | {' | '.join(f'at {scale}' for scale in SCALES)} | frames/s | redrawn/s |")
    print(f"|---|{'---|' * (len(SCALES) + 2)}")
    largest, rates = {}, []
    for name in names or GALLERY:
        apart_by, (frame, whole) = differences(GALLERY[name]), milliseconds(GALLERY[name])
        largest[name] = max(apart_by)
        rates.append(1000 / frame)
        told = " | ".join("right" if by == 0 else f"{by}" for by in apart_by)
        words = name.replace("_", " ")
        print(f"| {words} | {told} | {1000 / frame:.0f} | {1000 / whole:.0f} |", flush=True)
    worst = sorted(largest, key=lambda name: -largest[name])[:5]
    right = sum(by <= SHADES for by in largest.values())
    print(f"\n{right} of {len(largest)} figures differ by no more than {SHADES} of 255,")
    print(f"half of them by no more than {statistics.median(largest.values()):.0f}.")
    print("Worst:", ", ".join(f"{name.replace('_', ' ')} {largest[name]}" for name in worst))
    print(f"Frames a second: median {statistics.median(rates):.0f}, least {min(rates):.0f}")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(sys.argv[1:])
