"""A deck of slides or a page on paper: an installed Chromium prints it to PDF."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import course

PATIENCE = 180  # seconds


class PrintError(Exception):
    """Why a page could not be printed, in words for who asked for it."""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *what):
        pass


def printed(folder: Path, target: Path, page: str = "index.html?print-pdf") -> None:
    """Print a page of the site in `folder` to the file `target`: by default a deck of slides.

    Raises
    ------
    PrintError
        If no Chromium, Chrome or Edge is installed, or if it prints nothing.
    """
    browser = course.find_browser()
    if browser is None:
        raise PrintError(
            "To print, install Chromium, Chrome or Edge, or name one in COURSE_BROWSER. "
            "The pages for the screen are built."
        )
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as profile:
        command = [
            browser,
            "--headless",
            "--disable-gpu",
            f"--user-data-dir={profile}",
            "--virtual-time-budget=20000",  # of the page's own clock, for pictures and fonts
            "--no-pdf-header-footer",
            f"--print-to-pdf={target}",
            f"http://127.0.0.1:{server.server_port}/{page}",
        ]
        if sys.platform == "linux":
            command.insert(1, "--no-sandbox")  # where root or a container has none
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
            said = done.stderr.strip().splitlines()
        except subprocess.TimeoutExpired:
            said = [f"it did not finish within {PATIENCE} seconds"]
        finally:
            server.shutdown()
    if not target.exists():
        why = said[-1] if said else "it said nothing"
        raise PrintError(f"{browser} printed nothing: {why}. The pages for the screen are built.")
