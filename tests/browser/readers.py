"""Readers of the built pages: a browser of each make, on a web space like those that publish them.

The web space lies on this machine, under a sub-path, packs what can be packed and sends it through
a line of 20 Mbit/s. What a browser asks of any other host goes to a proxy that answers nothing and
remembers the host.
"""

from __future__ import annotations

import gzip
import re
import socketserver
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from http.server import ThreadingHTTPServer
from pathlib import Path

from firefox import PATIENT, firefox
from servers import ROOT, browser_start
from website import Quiet

sys.path.insert(0, str(ROOT / "tests" / "benchmarks"))
from slow_link import SlowLink

RATE, DELAY = 20e6, 0.01  # bits a second, seconds each way
PACKED = (".css", ".html", ".ipynb", ".js", ".json", ".svg", ".wasm")
# What the browsers themselves ask of those who make them, whatever page is open.
MAKERS = re.compile(
    r"(^|\.)(mozilla\.(org|com|net)|mozgcp\.net|firefox\.com|google\.com|gvt1\.com"
    r"|(update|safebrowsing|content-autofill|optimizationguide-pa)\.googleapis\.com)$"
)


class WebSpace(Quiet):
    """Files as GitHub Pages serves them: packed, and fresh for ten minutes."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):  # noqa: N802  (the name that the server calls)
        file = Path(self.translate_path(self.path))
        file = file / "index.html" if file.is_dir() else file
        if not file.is_file() or file.suffix not in PACKED:
            super().do_GET()
            return
        data = packed(file)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(file))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def end_headers(self):
        self.send_header("Cache-Control", "max-age=600")
        super().end_headers()


@cache
def packed(file: Path) -> bytes:
    return gzip.compress(file.read_bytes(), 6, mtime=0)


class Elsewhere(socketserver.StreamRequestHandler):
    """A proxy that reaches nothing: it notes which host was asked for."""

    def handle(self):
        words = self.rfile.readline().decode("latin-1").split()
        host = words[1].split("://")[-1].split("/")[0].split(":")[0] if len(words) > 1 else ""
        if host and not MAKERS.search(host):
            self.server.asked.append(host)
        self.wfile.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")


@contextmanager
def running(server: socketserver.BaseServer) -> Iterator[int]:
    """Let a server serve until the block ends; yield its port."""
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


class Reader:
    """A browser and what it may reach.

    Attributes
    ----------
    page
        Its page, as playwright has them or as `firefox` does.
    address : str
        Where the folder that is served begins.
    link : SlowLink
        The line between the two, which counts bytes.
    asked : list of str
        Other hosts that the browser asked for.
    problems : list of str
        What a page could not cope with, where the browser tells.
    """

    def __init__(self, page, link: SlowLink, asked: list[str], problems: list[str]) -> None:
        self.page, self.link, self.asked, self.problems = page, link, asked, problems
        self.address = f"http://127.0.0.1:{link.port}"


@contextmanager
def reader(make: str, folder: Path, browser=None, *, private: bool = False) -> Iterator[Reader]:
    """Let a browser read a folder of pages.

    Parameters
    ----------
    make : str
        "chromium" or "firefox".
    folder : Path
        What the web space serves.
    browser
        The running Chromium of the tests, to start another of; Firefox needs none.
    private : bool
        Whether the window keeps nothing and has no service worker.
    """
    with ExitStack() as open_now:
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(WebSpace, directory=str(folder)))
        port = open_now.enter_context(running(server))
        link = open_now.enter_context(SlowLink(port, DELAY, RATE))
        proxy = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Elsewhere)
        proxy.asked = []
        elsewhere = open_now.enter_context(running(proxy))
        problems: list[str] = []
        if make == "firefox":
            page = open_now.enter_context(firefox(elsewhere, private=private))
        else:
            page = open_now.enter_context(chromium(browser, elsewhere, problems, private=private))
        yield Reader(page, link, proxy.asked, problems)


@contextmanager
def chromium(browser, proxy: int, problems: list[str], *, private: bool) -> Iterator:
    """Yield a page of a Chromium with a folder of its own: a window without one caches little."""
    with tempfile.TemporaryDirectory(
        prefix="course-chromium-", ignore_cleanup_errors=True
    ) as place:
        context = browser.browser_type.launch_persistent_context(
            place,
            viewport={"width": 1366, "height": 768},
            proxy={"server": f"http://127.0.0.1:{proxy}", "bypass": "127.0.0.1"},
            **browser_start(),
        )
        context.set_default_timeout(1000 * PATIENT)
        if private:
            gone = "Object.defineProperty(Navigator.prototype, 'serviceWorker', {value: undefined})"
            context.add_init_script(gone)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.drag = partial(drag, page)
        try:
            yield page
        finally:
            context.close()


def drag(page, x: float, y: float, far: float) -> None:
    """Drag with the mouse from a point of the page `far` pixels to the right."""
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + far, y, steps=4)
    page.mouse.up()
