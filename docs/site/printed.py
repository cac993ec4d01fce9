"""A deck of slides or a page on paper: an installed Chromium prints it to PDF."""

from __future__ import annotations

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Error, sync_playwright

import course

PATIENCE = 180_000  # milliseconds for each step, on a machine that has much else to do
# A deck says when its last sheet is laid out; a page is done once it has its pictures and letters.
READY = """() => (!document.querySelector(".reveal") || document.body.dataset.sheets === "laid out")
  && document.readyState === "complete" && document.fonts.status === "loaded"
  && [...document.images].every((picture) => picture.complete)"""
EAGER = "document.querySelectorAll('img').forEach((picture) => (picture.loading = 'eager'))"


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
    try:
        with sync_playwright() as driver:
            # Where root or a container has no sandbox, Chromium would not start with one.
            window = driver.chromium.launch(executable_path=browser, chromium_sandbox=False)
            sheet = window.new_page()
            sheet.set_default_timeout(PATIENCE)
            sheet.emulate_media(media="print")  # no explorer is brought to life for paper
            sheet.goto(f"http://127.0.0.1:{server.server_port}/{page}")
            sheet.evaluate(EAGER)
            sheet.wait_for_function(READY)
            sheet.pdf(path=target, print_background=True, prefer_css_page_size=True)
            window.close()
    except Error as trouble:
        why = trouble.message.strip().splitlines()[0]
        raise PrintError(
            f"{browser} printed nothing: {why} The pages for the screen are built."
        ) from None
    finally:
        server.shutdown()
        server.server_close()
