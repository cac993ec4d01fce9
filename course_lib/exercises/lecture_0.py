"""The prediction of the start page; it has no exercise of its own."""

from __future__ import annotations

from course_lib.exercises.predictions import Prediction

EXERCISES = ()


def _nearest(gaps: dict[float, float]) -> str:
    return f"{min(gaps, key=lambda rate: gaps[rate]):.2f}"


def _why(gaps: dict[float, float]) -> str:
    best, largest = min(gaps, key=lambda rate: gaps[rate]), max(gaps)
    return (
        f"With {best:.2f} you end {gaps[best]:.2f} from the star. A larger rate gets you along the "
        "valley sooner, even if each of its steps crosses the valley. That only hurts once a leap "
        "lands as high on the far side as it started: "
        f"with {largest:.2f} you are still {gaps[largest]:.1f} away."
    )


PREDICTIONS = (
    Prediction(
        number="0.a",
        question="Which of these learning rates brings you nearest to the star in 20 steps?",
        options=("0.05", "0.10", "0.18", "0.20"),
        result=_nearest,
        why=_why,
    ),
)
