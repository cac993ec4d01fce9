"""What seaborn draws on the axes of an explorer is shown as matplotlib draws it afresh."""

from __future__ import annotations

import numpy as np
import pytest
from test_gallery import SHADES, apart, frames

from course_lib.live.compose import composed

seaborn = pytest.importorskip("seaborn")
X, Y = np.random.default_rng(0).normal(size=(2, 40))
GROUPS = np.where(X > 0, "right", "left")


def a_heat_map(ax, t):
    seaborn.heatmap(np.outer(X[:6], Y[:6]) + t, ax=ax, cbar=False, annot=True, fmt=".1f")


def a_density(ax, t):
    seaborn.kdeplot(x=X + t, y=Y, ax=ax, fill=True)


def violins(ax, t):
    seaborn.violinplot(x=GROUPS, y=Y * (1 + t), ax=ax)


def a_regression(ax, t):
    seaborn.regplot(x=X, y=Y + t * X, ax=ax, ci=None)


def colored_dots(ax, t):
    seaborn.scatterplot(x=X, y=Y + t, hue=GROUPS, style=GROUPS, ax=ax)


@pytest.mark.parametrize("draw", [a_heat_map, a_density, violins, a_regression, colored_dots])
def test_what_seaborn_draws_anew_is_what_matplotlib_draws_afresh(draw):
    def make(figure):
        ax = figure.add_subplot()

        def update(t):
            ax.clear()
            draw(ax, t)

        return update

    for parts, fresh in frames(make, states=(0.125, 0.75)):
        assert apart(composed(*parts), fresh) <= SHADES


def test_the_dots_and_the_line_of_a_regression_move_alone():
    def make(figure):
        ax = figure.add_subplot()
        a_regression(ax, 0)
        (dots,), (line,) = ax.collections, ax.lines
        ax.set_ylim(-4, 4)

        def update(t):
            dots.set_offsets(np.column_stack([X, Y + t]))
            line.set_ydata(line.get_ydata() + t / 9)

        return update

    for parts, fresh in frames(make):
        assert apart(composed(*parts), fresh) <= SHADES
