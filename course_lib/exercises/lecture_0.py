"""The prediction of the first page. Its exercise is the first of lecture 1."""

from __future__ import annotations

from course_lib.exercises.predictions import Prediction

TITLE = "Start here"

EXERCISES = ()


def _nearest(gaps: dict[str, float]) -> str:
    return min(gaps, key=gaps.get)


PREDICTIONS = (
    Prediction(
        number="0.a",
        question="Which learning rate brings you nearest to the star in 20 steps?",
        options=("0.05", "0.10", "0.15", "0.20"),
        result=_nearest,
        why=lambda gaps: (
            f"You are then {gaps[_nearest(gaps)]:.3f} from the star. Larger steps get there "
            "sooner, but only up to a point: with 0.20 each step leaps across the valley and lands "
            f"as high on the far side as it started, so you stay {gaps['0.20']:.2f} away."
        ),
    ),
)
