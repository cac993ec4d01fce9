"""The argument checks, seen through the messages a reader gets."""

import subprocess
import sys

import numpy as np
import pytest

from course_lib import arguments


@pytest.mark.parametrize(
    ("limits", "value", "says"),
    [
        ({}, float("nan"), "lr must be a finite number, got nan"),
        ({"low": 0}, float("inf"), "lr must be a number at least 0, got inf"),
        ({"high": 1}, 2, "lr must be a number at most 1, got 2"),
        ({"low": 0, "high": 1, "open_high": True}, 1, "at least 0 and below 1, got 1"),
        ({"low": 0}, True, "lr must be a number at least 0, got True"),
        ({"low": 0}, None, "lr must be a number at least 0, got None"),
        ({"low": 0}, "0.1", "lr must be a number at least 0, got '0.1'"),
        ({"low": 0}, [0.1, 0.2], r"got an array of shape \(2,\)"),
        ({"low": 0, "array": True}, [0.1, -0.2], "got -0.2 among its values"),
    ],
)
def test_a_number_outside_says_what_is_allowed(limits, value, says):
    with pytest.raises((ValueError, TypeError), match=says):
        arguments.number("lr", value, **limits)


def test_numbers_come_back_as_plain_floats_and_arrays_as_arrays():
    assert type(arguments.number("lr", np.float32(0.5))) is float
    assert arguments.number("lr", [[1], [2]], array=True).shape == (2, 1)


@pytest.mark.parametrize("value", [2.5, "3", None, True, float("nan"), float("inf")])
def test_only_whole_numbers_are_whole(value):
    with pytest.raises(TypeError, match="steps must be a whole number of at least 0, got"):
        arguments.whole("steps", value)
    assert arguments.whole("steps", np.float64(3)) == 3


def test_an_unknown_word_suggests_the_nearest_and_lists_the_others():
    with pytest.raises(ValueError, match=r"form must be one of torch, keras; got 'kears'.*'keras'"):
        arguments.one_of("form", "kears", ["torch", "keras"])
    with pytest.raises(KeyError, match=r"no 'zzz'\. Known names: Adam"):
        arguments.Names(Adam=1)["zzz"]


def test_importing_the_package_loads_no_torch_and_no_matplotlib():
    code = (
        "import sys, course_lib, course_lib.descent, course_lib.optimizers, course_lib.landscapes, "
        "course_lib.schedules, course_lib.gradients; "
        "print([m for m in ('torch', 'matplotlib', 'ipywidgets') if m in sys.modules])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "[]"


def test_a_whole_number_too_large_for_a_float_is_refused_in_words():
    with pytest.raises((TypeError, ValueError), match="rate must be a finite number"):
        arguments.number("rate", 10**400)
