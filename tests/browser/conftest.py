"""A real JupyterLab and a real browser for the tests of this folder."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PATIENCE = 240  # seconds for a start or a whole notebook on a slow, busy machine

SETTINGS = {
    # Every cell is in the page, also those far from the visible part.
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "docmanager-extension/plugin": {"autosave": False},
}


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab, the folder it serves and what it writes."""

    url: str
    token: str
    folder: Path
    log: Path

    def address(self, notebook: str) -> str:
        """Return where to open a notebook of the folder."""
        return f"{self.url}/lab/tree/{notebook}?token={self.token}&reset"


def _missing(what: str) -> None:
    """Skip, or with CI=true fail: there every check must run."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


def _program() -> str:
    """Return the browser to drive."""
    named = os.environ.get("COURSE_BROWSER")
    if named:
        return shutil.which(named) or _missing(f"COURSE_BROWSER names {named}, which is no program")
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    return found or _missing("no browser: put chromium on PATH, or its place in COURSE_BROWSER")


@pytest.fixture(scope="module")
def browser() -> Iterator:
    """Chromium, without a window.

    It is closed after each file of tests: while it runs, so does an event loop, which tests of
    other folders would meet.
    """
    program = _program()
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _missing("playwright is not installed")
    options = ["--disable-gpu", "--no-first-run", "--disable-background-networking"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--no-sandbox")  # Chromium refuses to run as root with its sandbox
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=program, args=options)
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
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = os.environ | {
            # Where an installation of the package puts its setting for the server.
            "JUPYTER_CONFIG_PATH": str(ROOT / "course_lib"),
            "PYTHONPATH": os.pathsep.join(paths),
        }
        with _start_lab(Path(place), folder, sys.executable, environment) as running:
            yield running


@pytest.fixture(scope="module")
def start_lab() -> Callable:
    """What starts JupyterLab with any Python on any folder; see `_start_lab`."""
    return _start_lab


@pytest.fixture(scope="module")
def lab_settings() -> Callable:
    """What writes JupyterLab's settings for tests; see `_write_settings`."""
    return _write_settings


@pytest.fixture(scope="module")
def missing() -> Callable:
    """What to call when this computer lacks something: it skips, or in CI fails."""
    return _missing


@contextmanager
def _start_lab(
    place: Path, folder: Path, python: str | Path, environment: dict[str, str]
) -> Iterator[Lab]:
    """Run JupyterLab of `python` on `folder`; what it keeps of its own goes into `place`."""
    _write_settings(place)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = Path(place, "lab.log")
    running = Lab(f"http://127.0.0.1:{port}", secrets.token_hex(16), folder, log)
    with log.open("w") as output:
        server = subprocess.Popen(
            [
                *(str(python), "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1"),
                *(f"--port={port}", "--ServerApp.port_retries=0", "--allow-root"),
                *(
                    f"--IdentityProvider.token={running.token}",
                    f"--ServerApp.root_dir={folder}",
                ),
                "--LabApp.expose_app_in_browser=True",
                "--JupyterNotebookApp.expose_app_in_browser=True",
            ],
            cwd=place,
            env=environment | _places(Path(place)),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for(server, running, log)
        yield running
    finally:
        server.terminate()
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _write_settings(place: Path) -> None:
    """Put JupyterLab's settings for tests into the folder `settings` of `place`."""
    for name, values in SETTINGS.items():
        file = Path(place, "settings", "@jupyterlab", f"{name}.jupyterlab-settings")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))


def _places(place: Path) -> dict[str, str]:
    names = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    return {name: str(place / folder) for name, folder in names.items()}


def _wait_for(server: subprocess.Popen, lab: Lab, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"{lab.url}/api?token={lab.token}", timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")


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
