"""A real JupyterLab and a real browser for the tests of this folder."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from servers import PATIENCE, ROOT, Lab, browser_start, jupyterlab, seeing_the_course
from website import alone, served, site  # noqa: F401  (fixtures of the site and the slides)

pytest.register_assert_rewrite("lite_tests")


def _missing(what: str) -> None:
    """Skip, or with CI=true fail: there every check must run."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="module")
def browser() -> Iterator:
    """Chromium, without a window.

    It is closed after each file of tests: while it runs, so does an event loop, which tests of
    other folders would meet.
    """
    try:
        start = browser_start()
        from playwright.sync_api import sync_playwright
    except LookupError as error:
        _missing(str(error))
    except ImportError:
        _missing("playwright is not installed")
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(**start)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def lab(browser) -> Iterator[Lab]:
    """JupyterLab on a copy of the notebooks, with settings, runtime and history of its own."""
    with tempfile.TemporaryDirectory(prefix="course-lab-", ignore_cleanup_errors=True) as place:
        folder = Path(place, "notebooks")
        shutil.copytree(
            ROOT / "notebooks", folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints")
        )
        # Where an installation of the package puts its setting for the server.
        environment = seeing_the_course(JUPYTER_CONFIG_PATH=str(ROOT / "course_lib" / "live"))
        with jupyterlab(Path(place), folder, sys.executable, environment) as running:
            yield running


@pytest.fixture(scope="module")
def missing() -> Callable:
    """What to call when this computer lacks something: it skips, or in CI fails."""
    return _missing


@pytest.fixture
def page(browser, request) -> Iterator:
    """A browser page. If the test fails, a picture of it is kept and its place is told."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(1000 * PATIENCE)
    opened = context.new_page()
    yield opened
    report = getattr(request.node, "report", None)
    if report is not None and report.failed:
        picture = Path(tempfile.mkdtemp(prefix="course-browser-"), "page.png")
        opened.screenshot(path=picture)
        print(f"What the page looked like: {picture}")
    context.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Leave the outcome of a test where its fixtures find it."""
    report = yield
    if report.when == "call":
        item.report = report
    return report
