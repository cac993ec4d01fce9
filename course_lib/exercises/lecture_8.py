"""The predictions of the MNIST lab; its tasks are in `course_lib.lab`."""

from __future__ import annotations

import math
from typing import Any

from course_lib.exercises.predictions import Prediction

TITLE = "The MNIST lab"
EXERCISES = ()

_SHARES = {"almost none": 0.01, "about a tenth": 0.1, "about half": 0.5}
_RATES = (0.001, 0.03, 0.3, 3.0)


def _nearest_share(score: Any) -> str:
    return min(_SHARES, key=lambda words: abs(math.log(_SHARES[words] / max(score.accuracy, 1e-9))))


def _end(ends: dict[float, float], rate: float) -> float:
    return ends[min(ends, key=lambda tried: abs(math.log(tried / rate)))]


PREDICTIONS = (
    Prediction(
        number="8.a",
        question="What share of the validation digits does the untrained network get right?",
        options=tuple(_SHARES),
        result=_nearest_share,
        why=lambda score: (
            f"It got {score.accuracy:.0%}. Its answers have nothing to do with the labels, and "
            "whatever it says, it is right as often as that digit occurs: about one time in ten, "
            "give or take the luck of this one network."
        ),
    ),
    Prediction(
        number="8.b",
        question="Which of these learning rates has the lowest loss after 200 updates?",
        options=tuple(f"{rate:g}" for rate in _RATES),
        result=lambda ends: f"{min(_RATES, key=lambda rate: _end(ends, rate)):g}",
        why=lambda ends: (
            "The runs nearest to these rates end at "
            + ", ".join(f"{_end(ends, rate):.1f}" for rate in _RATES)
            + ", in this order. A rate that is too small has not gone far in 200 updates. One that "
            "is too large leaps across the valley, and its first steps can shut every neuron."
        ),
    ),
)
