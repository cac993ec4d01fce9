"""A stand-in for MNIST and a local mirror that serves it well or badly.

The stand-in has the same four names and the same format with a few images of random pixels, so
the tests of finding, checking and downloading need neither the real files nor a network. The first
part of an address says how the mirror behaves: `/good/...`, `/truncated/...`, and so on.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import http.server
import os
import socketserver
import threading
import time
from pathlib import Path

import numpy as np

from course_lib import mnist


def _stand_in() -> tuple[dict[str, bytes], tuple[mnist.MnistFile, ...]]:
    rng = np.random.default_rng(1998)
    packed, files = {}, []
    for file in mnist.FILES:
        shape = ({60_000: 60, 10_000: 20}[file.shape[0]], *file.shape[1:])
        top = 256 if len(shape) == 3 else 10
        values = rng.integers(0, top, shape, dtype=np.uint8).tobytes()
        content = mnist.MnistFile(file.name, shape, 0, "", "").header + values
        packed[file.name] = gzip.compress(content, mtime=0)
        files.append(
            mnist.MnistFile(
                file.name,
                shape,
                len(packed[file.name]),
                hashlib.sha256(packed[file.name]).hexdigest(),
                hashlib.sha256(content).hexdigest(),
            )
        )
    return packed, tuple(files)


PACKED, FILES = _stand_in()


def fill(folder: Path, unpacked: bool = False) -> Path:
    """Put the stand-in's four files into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in PACKED.items():
        if unpacked:
            (folder / name).write_bytes(gzip.decompress(content))
        else:
            (folder / f"{name}.gz").write_bytes(content)
    return folder


def damaged(content: bytes) -> bytes:
    """Return as many bytes, one of them wrong."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


class _Answer(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_) -> None:
        pass

    def do_GET(self) -> None:
        _, behavior, name = self.path.split("/")
        self.server.requests.append((behavior, name))
        content = PACKED[name.removesuffix(".gz")]
        with contextlib.suppress(OSError):
            getattr(self, behavior)(content)

    def begin(self, length: int | None, kind: str = "application/gzip") -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def forever(self) -> bool:
        return not self.server.closing.is_set()

    def good(self, content: bytes) -> None:
        self.begin(len(content))
        self.wfile.write(content)

    def without_length(self, content: bytes) -> None:
        self.begin(None)
        self.wfile.write(content)

    def in_pieces(self, content: bytes) -> None:
        self.begin(len(content))
        for start in range(0, len(content), 4_000):
            self.wfile.write(content[start : start + 4_000])
            time.sleep(self.server.pause)

    def together(self, content: bytes) -> None:
        """Answer when two have asked."""
        self.server.two.wait(timeout=60)
        self.good(content)

    def truncated(self, content: bytes) -> None:
        self.begin(len(content))
        self.wfile.write(content[: len(content) // 2])

    def corrupted(self, content: bytes) -> None:
        self.begin(len(content))
        self.wfile.write(damaged(content))

    def too_long(self, content: bytes) -> None:
        self.begin(len(content) + 1)
        self.wfile.write(content + b"\0")

    def length_too_small(self, content: bytes) -> None:
        self.begin(len(content) - 10)
        self.wfile.write(content)

    def length_too_big(self, content: bytes) -> None:
        self.begin(len(content) + 10)
        self.wfile.write(content)

    def empty(self, content: bytes) -> None:
        self.begin(0)

    def refused(self, content: bytes) -> None:
        self.send_error(403)

    def missing(self, content: bytes) -> None:
        self.send_error(404)

    def busy(self, content: bytes) -> None:
        self.send_error(503)

    def sign_in_page(self, content: bytes) -> None:
        page = b"<html><body>Welcome to the campus network. Please sign in.</body></html>"
        self.begin(len(page), "text/html; charset=utf-8")
        self.wfile.write(page)

    def moved(self, content: bytes) -> None:
        self.send_response(302)
        self.send_header("Location", self.path.replace("/moved/", "/good/"))
        self.end_headers()

    def going_round(self, content: bytes) -> None:
        self.send_response(302)
        self.send_header("Location", self.path)
        self.end_headers()

    def silent(self, content: bytes) -> None:
        self.server.closing.wait()

    def stalling(self, content: bytes) -> None:
        self.begin(len(content))
        self.wfile.write(content[: len(content) // 2])
        self.server.closing.wait()

    def dripping(self, content: bytes) -> None:
        self.begin(len(content))
        while self.forever():
            self.wfile.write(b"\x1f")
            time.sleep(0.2)

    def dripping_headers(self, content: bytes) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Padding: ")
        while self.forever():
            self.wfile.write(b"x")
            time.sleep(0.02)

    def never_ending(self, content: bytes) -> None:
        self.begin(None)
        while self.forever():
            self.wfile.write(bytes(1 << 16))

    def not_http(self, content: bytes) -> None:
        self.wfile.write(b"\0\1\2 good day\r\n\r\n")

    def hanging_up(self, content: bytes) -> None:
        self.close_connection = True


class Mirror(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Serves the stand-in on this computer while a `with` block runs."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.requests: list[tuple[str, str]] = []
        self.closing = threading.Event()
        self.two = threading.Barrier(2)
        self.pause = 0.1  # seconds from one piece to the next

    def __enter__(self) -> Mirror:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()

    def __getitem__(self, behavior: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{behavior}/"

    def asked(self, behavior: str) -> list[str]:
        """Return the names of the files this behavior was asked for."""
        return [name for asked, name in self.requests if asked == behavior]


def stand_in_for_mnist(cache: Path, mirrors: tuple[str, ...]) -> None:
    """Make `course_lib.mnist` take the stand-in for MNIST, in a process of its own."""
    os.environ.pop("COURSE_DATA", None)
    os.environ.pop("COURSE_OFFLINE", None)
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
    mnist.FILES, mnist.MIRRORS, mnist.cache_folder = FILES, mirrors, lambda: cache
