"""What the lectures time comes out right by a clock that ticks rarely, as a browser's does."""

from __future__ import annotations

import re
import time

import books
import nbformat
import numpy as np
import pytest

TIMED = re.compile(r"(?m)^def seconds\(")
FOUND = [
    pytest.param(cell.source, id=path.stem)
    for path in books.LECTURES
    for cell in nbformat.read(path, as_version=4).cells
    if cell.cell_type == "code" and TIMED.search(cell.source)
]


class Ticking:
    """A clock that only work moves on, and that shows whole milliseconds."""

    def __init__(self) -> None:
        self.microseconds = self.pause = 0

    def work(self) -> None:
        self.microseconds += 7

    def perf_counter(self) -> float:
        self.microseconds += 1 + self.pause
        return self.microseconds // 1000 / 1000


def test_there_is_something_to_time():
    assert len(FOUND) > 1


def seconds(source: str, clock: Ticking, monkeypatch) -> float:
    """Return what the function of a lecture says that the clock's work takes."""
    monkeypatch.setattr(time, "perf_counter", clock.perf_counter)
    definition = re.search(r"def seconds\(.*?\n    return [^\n]*", source, re.DOTALL)[0]
    names = {"np": np, "time": time, "perf_counter": clock.perf_counter}
    exec(definition, names)
    return names["seconds"](clock.work)


@pytest.mark.parametrize("source", FOUND)
def test_work_much_shorter_than_a_tick_is_timed(source, monkeypatch):
    assert seconds(source, Ticking(), monkeypatch) == pytest.approx(8e-6, rel=0.25)


@pytest.mark.parametrize("source", FOUND)
def test_a_machine_that_pauses_before_the_work_is_no_error(source, monkeypatch):
    clock = Ticking()
    clock.work()
    clock.pause = 9000
    assert 0 < seconds(source, clock, monkeypatch) < 0.02
