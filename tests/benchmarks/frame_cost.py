"""Tell what a frame of an explorer costs the kernel, as a share of matplotlib's own drawing.

Run it with `python tests/benchmarks/frame_cost.py`. Add the folder of another checkout of the
course to have both measured in turns, in one run, and compared: before and after a change. Each
figure is moved to the same places several times. Of each place the quickest counts, in CPU time, so
that other work on the machine does not; shares and ratios are the numbers to trust.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOVES, ROUNDS, TURNS = 20, 5, 2


def line(count):
    from matplotlib.figure import Figure

    def made():
        import numpy as np

        figure = Figure(figsize=(6, 4))
        x = np.linspace(0, 6, count)
        (drawn,) = figure.add_subplot().plot(x, np.sin(x))
        return figure, lambda t: drawn.set_ydata(np.sin(x + t))

    return made


def walk():
    from course_lib import plots
    from course_lib.descent import descend
    from course_lib.landscapes import banana
    from course_lib.optimizers import Momentum

    figure, (hill, curve) = plots.figure(2)
    plots.contour(hill, banana)
    trail, loss = plots.path(hill), plots.loss_curve(curve)
    walks = [
        descend(banana, Momentum(lr=1e-3, momentum=0.9 * i / MOVES), (-1.5, 2), 100)
        for i in range(MOVES + 1)
    ]

    def move(t):
        trail.show(walks[round(t * MOVES)])
        loss.show(walks[round(t * MOVES)])

    return figure, move


def the_race():
    from course_lib import plots
    from course_lib.landscapes import banana
    from course_lib.lectures.race import race, standing, track
    from course_lib.optimizers import OPTIMIZERS

    rules = {name: kind() for name, kind in OPTIMIZERS.items()}
    figure, axes = plots.figure(4, size=(12.6, 4.9))
    plots.contour(axes[0], banana)
    lanes = track(axes, list(rules), 200)

    def move(t):
        runners = race(banana, rules, (-1.48, 2.16), 200)
        lanes.show(runners, round(200 * t))
        return standing(runners, round(200 * t))

    return figure, move


FIGURES = {
    "a line": line(100),
    "a million points": line(1_000_000),
    "a walk on the banana": walk,
    "the race": the_race,
}


def spent(call, *given):
    began = time.process_time()
    call(*given)
    return 1000 * (time.process_time() - began)


def measured() -> dict[str, dict[str, float]]:
    """Return for each figure the milliseconds of an update, a frame and a whole drawing."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from course_lib.live.scene import Scene

    found = {}
    for name, make in FIGURES.items():
        figure, move = make()
        scene = Scene(figure)
        scene.resize(1)
        scene.settle()
        canvas, least = FigureCanvasAgg(figure), {}
        for _ in range(ROUNDS):
            for i in range(MOVES + 1):
                costs = (
                    spent(move, i / MOVES),
                    spent(scene.frame, []),
                )
                least[i] = [*map(min, costs, least.get(i, costs))]
        whole = min(spent(canvas.draw) for _ in range(3))
        update, frame = (sum(column) / len(least) for column in zip(*least.values(), strict=True))
        found[name] = {"update": update, "frame": frame, "whole": whole}
    return found


def run(folder: Path) -> dict[str, dict[str, float]]:
    """Return what is measured with the course in `folder`, in a process of its own."""
    told = subprocess.run(
        [sys.executable, __file__, "--measure"],
        env=os.environ | {"PYTHONPATH": str(folder)},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return json.loads(told.stdout)


def least(runs: list[dict]) -> dict[str, dict[str, float]]:
    """Return the least of several runs, number by number."""
    return {
        name: {part: min(run[name][part] for run in runs) for part in runs[0][name]}
        for name in runs[0]
    }


if __name__ == "__main__":
    if sys.argv[1:] == ["--measure"]:
        print(json.dumps(measured()))
        raise SystemExit
    folders = [*map(Path, sys.argv[1:2]), ROOT]
    turns = [[run(folder) for folder in folders] for _ in range(TURNS)]
    *others, here = (least([turn[i] for turn in turns]) for i in range(len(folders)))
    for name, cost in here.items():
        told = (
            f"{name:22} update {cost['update']:7.2f} ms, frame {cost['frame']:7.2f} ms, "
            f"{100 * cost['frame'] / cost['whole']:4.0f} % of drawing it whole"
        )
        for other in others:
            before, after = (c["update"] + c["frame"] for c in (other[name], cost))
            told += f"; both together {after / before:.2f} of the other checkout's"
        print(told)
    few, many = here["a line"], here["a million points"]
    print(
        f"a frame of a million points takes {many['frame'] / few['frame']:.1f} times that of a "
        f"line, and matplotlib {many['whole'] / many['frame']:.0f} times as long to draw them"
    )
