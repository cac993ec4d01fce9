"""The optimizer reference: one section for each rule, from its docstring, with a live picture."""

from __future__ import annotations

import inspect
import re
import textwrap
from dataclasses import fields
from pathlib import Path

from capture import drawn_for_pages, packed
from figures import figure, put

from course_lib import plots
from course_lib.descent import descend
from course_lib.landscapes import bowl
from course_lib.live import explore, int_slider, log_slider
from course_lib.optimizers import OPTIMIZERS

HEAD = """# Optimizers

The update rules of the course, each with its formula, its code and a valley to try it in.
`w` are the parameters, `g` is the gradient, $\\alpha$ is the learning rate `lr`, and `k` counts the
steps. The formulas and the notes are the docstrings of `course_lib.optimizers`; the code is what
runs.

```python
from course_lib.descent import descend
from course_lib.landscapes import banana
from course_lib.optimizers import Adam

descend(banana, Adam(lr=0.1), start=(2, 2), steps=100).points[-1]
```
"""
# Where on its slider each rule starts: a rate with which it gets along in this valley.
FIRST = {"Adadelta": 10.0, "GradientDescent": 0.1, "Momentum": 0.03, "Nesterov": 0.03}


def write(page: Path, static: Path, frames: int, most: int) -> None:
    """Write the page and the frames of its explorers."""
    parts = [HEAD]
    for name, rule in OPTIMIZERS.items():
        shown = explorer(name, rule)
        found = drawn_for_pages(shown.figure) | {"frames": packed(shown, most, frames)}
        parts.append(section(name, rule, shown, put(static, f"optimizer-{name}", found)))
        shown.close()
    page.write_text("\n".join(parts), encoding="utf-8")


def explorer(name: str, rule: type):
    """Return an explorer of the rule in a long valley."""
    valley = bowl(12, angle=25)
    picture, (hill, curve) = plots.figure(2)
    plots.contour(hill, valley)
    trail, loss = plots.path(hill), plots.loss_curve(curve)

    def update(lr, steps):
        walk = descend(valley, rule(lr=lr), (-2.0, 1.6), steps=120)
        trail.show(walk, upto=steps)
        loss.show(walk, upto=steps)
        if walk.diverged_at is not None and walk.diverged_at <= steps:
            return f"The numbers overflow at step {walk.diverged_at}."
        return f"Learning rate {lr:.3g}: after {steps} steps the loss is {walk.losses[steps]:.2g}."

    first = FIRST.get(name, 0.3)
    return explore(
        picture,
        update,
        lr=log_slider(first / 30, first * 10, first),
        steps=int_slider(0, 120, 60, step=4),
        alt=f"Left: {name} in a long, turned valley. Right: its loss at each step.",
    )


def section(name: str, rule: type, shown, has: dict) -> str:
    """Return the section of one rule in Markdown."""
    doc = inspect.getdoc(rule)
    body, _, notes = doc.partition("Notes\n-----\n")
    lead, *formulas = body.strip().split("\n\n")
    source = textwrap.dedent(inspect.getsource(rule.step)).rstrip()
    settings = [f"`{f.name}` = {f.default:g}" for f in fields(rule)]
    lines = [
        f"## {name}",
        re.sub(r"\s+", " ", lead),
        *(f"```text\n{formula}\n```" for formula in formulas),
        f"```python\n{source}\n```",
        f"Hyper-parameters and their defaults: {', '.join(settings)}.",
        re.sub(r"\s+", " ", notes.strip()) if notes else "",
        figure(f"optimizer-{name}", "../", {"alt": shown.alt}, shown.standing, **has),
    ]
    return "\n\n".join(line for line in lines if line) + "\n"
