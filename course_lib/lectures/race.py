"""The race: every rule at its own best learning rate, found by a sweep, and who arrives first.

It draws with `plots`; `live` sets it in motion. A rule of the reader's own is checked before it
may start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_lib import plots
from course_lib.lectures.own_rule import refusal
from course_lib.lectures.sweep import RATES, TARGET, sweep, tuned


@dataclass(frozen=True, eq=False, repr=False)
class Runner:
    """One rule in a race.

    Attributes
    ----------
    name : str
    lr : float
        The learning rate it runs with.
    points : ndarray, shape (steps + 1, d)
    gaps : ndarray, shape (steps + 1,)
        The loss above the lowest minimum, infinite from where it diverged.
    arrived : int
        The step from which on it stays within the target; -1 for never.
    memory : float
        The momentum μ or β₁ it was given; NaN where it kept its own or has none.
    """

    name: str
    lr: float
    points: np.ndarray
    gaps: np.ndarray
    arrived: int
    memory: float = np.nan

    @property
    def diverged_at(self) -> int | None:
        """The first step with a loss too large for a float, None for a run that stayed finite."""
        lost = ~np.isfinite(self.gaps)
        return int(lost.argmax()) if lost.any() else None


def race(
    landscape: Any,
    rules: dict[str, Any],
    start: Any,
    steps: int,
    lr: float | None = None,
    target: float = TARGET,
    memory: bool = False,
) -> list[Runner]:
    """Let the rules race, each at its own best learning rate.

    A rule of your own that `own_rule.check` refuses cannot race: ValueError says which one, and
    what to mend.

    Parameters
    ----------
    landscape : Landscape
    rules : dict of update rules, by name
    start : array_like, shape (d,)
    steps : int
    lr : float, optional
        One learning rate for all in place of each one's best; of `RATES`, the nearest is taken.
    target : float
        How far above the lowest minimum the finish lies.
    memory : bool
        Whether momentum or β₁ is tuned, too, where the rule has one.

    Returns
    -------
    list of Runner
        In the order of `rules`. `finish` sorts them.
    """
    runners = []
    for name, rule in rules.items():
        if type(rule).__module__ != "course_lib.optimizers":
            wrong = refusal(rule)
            if wrong:
                raise ValueError(f"{name} cannot race. {wrong}")
        given = np.nan
        if memory:
            given, tried = tuned(landscape, rule, start, steps, target)
        else:
            tried = sweep(landscape, rule, start, steps, target=target)
        i = tried.best if lr is None else tried.nearest(lr)
        runners.append(
            Runner(
                name,
                float(tried.rates[i]),
                tried.points[:, i],
                tried.gaps[:, i],
                int(tried.arrivals[i]),
                given,
            )
        )
    return runners


def finish(runners: Sequence[Runner], step: int | None = None) -> list[Runner]:
    """Return the runners in the order of the race: who arrived first, then by the gap now.

    Parameters
    ----------
    runners : list of Runner
    step : int, optional
        The order at this step, by default at the end.
    """

    def place(runner):
        here = runner.gaps[-1 if step is None else step]
        came = runner.arrived >= 0 and (step is None or runner.arrived <= step)
        return (0, runner.arrived, here) if came else (1, here, 0)

    return sorted(runners, key=place)


def standing(runners: Sequence[Runner], step: int, target: float = TARGET) -> str:
    """Return in words who has arrived by `step`, in order, and how the others stand.

    Parameters
    ----------
    runners : sequence of Runner
        As `race` returns them.
    step : int
        From 0 to the last step of the race.
    target : float
        How far above the lowest loss a runner has arrived.
    """
    order = finish(runners, step)
    came = [r for r in order if 0 <= r.arrived <= step]
    lost = [r for r in order if not np.isfinite(r.gaps[step])]
    rest = [r for r in order if r not in came and r not in lost]
    parts = []
    if came:
        places = (f"{i}. {_who(r)} at {r.arrived}" for i, r in enumerate(came, start=1))
        parts.append(f"Within {target:g} to stay: {', '.join(places)}.")
    if rest:
        places = (f"{_who(r)} {r.gaps[step]:.0e}" for r in rest)
        parts.append(f"On the way, loss above the minimum: {', '.join(places)}.")
    if lost:
        parts.append(f"Diverged: {', '.join(f'{_who(r)} at {r.diverged_at}' for r in lost)}.")
    return f"Step {step}. {' '.join(parts) or 'Nobody runs.'}"


def _who(runner: Runner) -> str:
    told = [] if np.isnan(runner.lr) else [f"α {runner.lr:.2g}"]
    told += [] if np.isnan(runner.memory) else [f"memory {runner.memory:g}"]
    return f"{runner.name} ({', '.join(told)})" if told else runner.name


# Unclipped and without a single point, a line takes up all the room of the layout.
_NOWHERE = [np.nan], [np.nan]


def track(axes: Sequence[Any], names: Sequence[str], steps: int) -> plots.Drawn:
    """Prepare a race: the map, the learning rates, the lanes and the clock.

    Parameters
    ----------
    axes : four Axes
        The first holds a `plots.contour`; the others get one lane for each name.
    names : list of str
        Whose lanes, from top to bottom.
    steps : int
        How long the race is.

    Returns
    -------
    Drawn
        `.show(runners, step)` draws a race at `step`. Lanes without a runner are empty.
    """
    hill, rates, lanes, clock = axes
    names = list(names)
    row = {name: len(names) - 1 - i for i, name in enumerate(names)}
    trails, marks, runs, dots, bars = {}, {}, {}, {}, {}
    for i, name in enumerate(names):
        line, ring, end = plots.path(hill, series=i).artists
        line.set(marker="none", linewidth=1.5)
        ring.remove()  # all begin at one place: one ring does
        trails[name], marks[name] = line, end
        look = {"color": line.get_color(), "marker": end.get_marker(), "linestyle": "none"}
        look |= {"markeredgecolor": "white", "markersize": 9, "clip_on": False}
        (runs[name],) = lanes.plot(*_NOWHERE, zorder=3, **look)
        (dots[name],) = rates.plot(*_NOWHERE, zorder=3, **look)
        (bars[name],) = clock.barh(row[name], 0, height=0.55, color=line.get_color())
    # One artist for what looks alike: a frame is drawn sooner the fewer there are.
    (home,) = hill.plot(
        [], [], "o", color="#262626", markerfacecolor="white", markeredgewidth=2, zorder=2.35
    )
    (tails,) = lanes.plot([], [], color="#8a949c", linestyle="-", linewidth=1.6)
    for ax in (rates, lanes, clock):
        ax.set(ylim=(-0.7, len(names) - 0.3), yticks=list(row.values()), yticklabels=[])
        ax.tick_params(axis="y", length=0)
        ax.grid(visible=True, axis="y")
    rates.set(xscale="log", xlim=(RATES[0] / 2, RATES[-1] * 2), xticks=[1e-4, 1e-1, 1e2])
    rates.set(yticklabels=names, xlabel=r"$\alpha$", title="learning rate")
    lanes.set(xscale="log", xlim=(1e3, TARGET / 30), xlabel="loss above the minimum")
    lanes.set(title="the lanes", xticks=[1e2, 1, 1e-2, 1e-4, 1e-6])
    lanes.axvline(TARGET, color="#262626", linestyle="-", linewidth=3)
    clock.set(xlim=(0, steps), xlabel="step $k$", title=f"steps to $10^{{{np.log10(TARGET):.0f}}}$")

    def draw(runners, step):
        running = {runner.name: runner for runner in runners}
        ways = []
        for name in names:
            runner = running.get(name)
            for artist in (trails[name], marks[name], runs[name], dots[name], bars[name]):
                artist.set_visible(runner is not None)
            if runner is None:
                continue
            walked = runner.points[: step + 1]
            trails[name].set_data(*walked.T)
            marks[name].set_data(*walked[-1:].T)
            gap = float(np.clip(runner.gaps[step], TARGET / 15, 1e3))
            runs[name].set_data([gap], [row[name]])
            dots[name].set_data([runner.lr], [row[name]])
            first = min(max(runner.gaps[0], TARGET), 1e3)
            ways += [(first, row[name]), (gap, row[name]), (np.nan, np.nan)]
            there = 0 <= runner.arrived <= step
            bars[name].set_width(runner.arrived if there else step)
            bars[name].set_alpha(1 if there else 0.4)
        tails.set_data(*np.reshape(ways, (-1, 2)).T)
        home.set_data(*np.reshape([r.points[0] for r in runners[:1]], (-1, 2)).T)

    return plots.Drawn(draw, (*runs.values(), *bars.values()))
