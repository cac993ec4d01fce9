"""Settings that all tests share."""

import os
import re
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

# The machines that run these tests are shared: a slow moment is no fault of the code.
settings.register_profile("course", deadline=None)
settings.load_profile("course")

# What is solved here is no progress of whoever runs the tests.
os.environ["COURSE_PROGRESS"] = os.path.join(tempfile.mkdtemp(prefix="course-"), "progress.json")

# The course can be used without PyTorch, and then checked as far as that goes.
collect_ignore = []
if find_spec("torch") is None:
    for path in sorted(Path(__file__).parent.glob("*/test_*.py")):
        if re.search(r"^ *(import|from) torch", path.read_text(encoding="utf-8"), re.MULTILINE):
            collect_ignore.append(str(path.relative_to(Path(__file__).parent)))


def pytest_report_header() -> str | None:
    if not collect_ignore:
        return None
    return f"PyTorch is not installed; left out: {', '.join(collect_ignore)}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> object:
    """Skip, without PyTorch, a test that meets it only on its way, in a notebook for instance."""
    try:
        return (yield)
    except ModuleNotFoundError as error:
        if error.name == "torch":
            pytest.skip("PyTorch is not installed")
        raise
