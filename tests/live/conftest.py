"""What the tests of the engine share."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def quick_however_busy(monkeypatch):
    """Take no update for slow because the machine was busy: the tests of slow ones say so."""
    pytest.importorskip("ipywidgets")
    from course_lib.live import explorer

    monkeypatch.setattr(explorer, "SLOW", float("inf"))
