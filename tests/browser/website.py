"""Build pages from the notebooks and serve them to a browser that reaches nothing else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from servers import ROOT

sys.path.insert(0, str(ROOT))
import course

FRAMES = "20"  # of an explorer; where a text names values there are as many as they need
BUILT = [
    pytest.mark.browser,
    pytest.mark.timeout(1500),
    pytest.mark.skipif(
        not os.environ.get("COURSE_THOROUGH"),
        reason="It builds pages for minutes: COURSE_THOROUGH=1 runs it",
    ),
]
# What an explorer shows: its words and its picture.
SEEN = """figure => figure.querySelector(".course-standing").textContent +
  figure.querySelector("canvas").toDataURL()"""
# The same, and whether it comes to differ from what was seen before, for at most so many frames.
DIFFERS = f"""async (figure, before) => {{
  const seen = {SEEN};
  for (let frame = 0; frame < 12; frame++) {{
    await new Promise(requestAnimationFrame);
    if (seen(figure) !== before) return true;
  }}
  return false;
}}"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *what):
        pass


def build(program: str, *arguments: str) -> str:
    """Run a program of docs/site with few frames, and return what it said."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "site" / program), *arguments, "--frames", FRAMES],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """The website in the folder COURSE_SITE, or else one with few frames.

    It is built once for all tests: the first of their processes builds it, and the others wait.
    """
    if built := os.environ.get("COURSE_SITE"):
        return Path(built).resolve()
    common = tmp_path_factory.getbasetemp()
    common = common.parent if "PYTEST_XDIST_WORKER" in os.environ else common
    out = common / "website"
    with open(common / "website.lock", "a") as file:
        while not course.try_lock(file.fileno()):
            time.sleep(0.5)
        if not out.exists():
            part = common / "website.part"
            said = build("build.py", "--no-lab", "--out", str(part))
            assert "WARNING" not in said, said
            part.rename(out)
    return out


@pytest.fixture
def served(request):
    """Serve a folder on this machine; return a function that gives the address of a page."""
    servers = []

    def serve(folder: Path) -> str:
        handler = partial(Quiet, directory=str(folder))
        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield serve
    for server in servers:
        server.shutdown()


@pytest.fixture
def alone(page):
    """Shut the network but for this machine, and keep what went wrong on the page."""
    problems = []

    def elsewhere(route):
        problems.append(f"asked for {route.request.url}")
        route.abort()

    # What stays on this machine is let pass without asking here.
    page.route(re.compile(r"^(?!(https?://127\.0\.0\.1[:/]|data:|blob:))"), elsewhere)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
    return problems
