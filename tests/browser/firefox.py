"""Firefox without a window, driven by the protocol it speaks itself (WebDriver BiDi).

Playwright needs a Firefox of its own; this one is Debian's, or a reader's.
"""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import websocket
from servers import PATIENCE, free_port

BROWSERS = ("firefox", "firefox-esr")
PATIENT = 3 * PATIENCE  # Python in a page takes longer than beside it
QUIET = """
user_pref("app.update.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("services.settings.server", "data:,");
"""
# Every request to another host goes to a port of this machine.
THROUGH = """
user_pref("network.proxy.type", 1);
user_pref("network.proxy.http", "127.0.0.1");
user_pref("network.proxy.http_port", {port});
user_pref("network.proxy.ssl", "127.0.0.1");
user_pref("network.proxy.ssl_port", {port});
user_pref("network.proxy.no_proxies_on", "127.0.0.1");
"""
PRIVATE = 'user_pref("dom.serviceWorkers.enabled", false);'


class FirefoxPage:
    """One page. It has of playwright's page what the tests of both browsers use."""

    def __init__(self, socket: websocket.WebSocket) -> None:
        self._socket, self._numbers = socket, itertools.count(1)
        self._ask("session.new", capabilities={})
        self._context = self._ask("browsingContext.create", type="tab")["context"]

    def _ask(self, method: str, **parameters: Any) -> dict:
        number = next(self._numbers)
        asked = {"id": number, "method": method, "params": parameters}
        self._socket.send(json.dumps(asked))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == number:
                if answer["type"] == "error":
                    raise RuntimeError(f"{method}: {answer['message']}")
                return answer["result"]

    def goto(self, address: str) -> None:
        """Open an address and wait until it is loaded."""
        self._ask("browsingContext.navigate", context=self._context, url=address, wait="complete")

    def evaluate(self, function: str) -> Any:
        """Call a function of JavaScript in the page and return what it returns."""
        code = f"async () => JSON.stringify((await ({function})()) ?? null)"
        result = self._ask(
            "script.callFunction",
            functionDeclaration=code,
            target={"context": self._context},
            awaitPromise=True,
        )
        if result["type"] == "exception":
            raise RuntimeError(result["exceptionDetails"]["text"])
        return json.loads(result["result"]["value"])

    def wait_for_function(self, function: str) -> None:
        """Wait until a function of JavaScript returns something true."""
        end = time.monotonic() + PATIENT
        while not self.evaluate(f"async () => Boolean(await ({function})())"):
            if time.monotonic() > end:
                raise TimeoutError(f"not within {PATIENT} s: {function}")
            time.sleep(0.2)

    def drag(self, x: float, y: float, far: float) -> None:
        """Drag with the mouse from a point of the page `far` pixels to the right."""
        steps = [
            {"type": "pointerMove", "x": round(x), "y": round(y)},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerMove", "x": round(x + far / 2), "y": round(y), "duration": 100},
            {"type": "pointerMove", "x": round(x + far), "y": round(y), "duration": 100},
            {"type": "pointerUp", "button": 0},
        ]
        mouse = {"type": "pointer", "id": "mouse", "actions": steps}
        self._ask("input.performActions", context=self._context, actions=[mouse])

    def screenshot(self, path: Path) -> None:
        """Keep a picture of the page."""
        import base64

        data = self._ask("browsingContext.captureScreenshot", context=self._context)["data"]
        path.write_bytes(base64.b64decode(data))


@contextmanager
def firefox(proxy: int | None = None, *, private: bool = False) -> Iterator[FirefoxPage]:
    """Start Firefox and yield a page of it.

    Parameters
    ----------
    proxy : int, optional
        The port of this machine that what goes to other hosts is sent to.
    private : bool
        Whether it has no service worker, as a private window has none.

    Raises
    ------
    LookupError
        If there is none.
    """
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        raise LookupError("no Firefox: put firefox or firefox-esr on PATH")
    with tempfile.TemporaryDirectory(prefix="course-firefox-", ignore_cleanup_errors=True) as place:
        settings = QUIET + (THROUGH.format(port=proxy) if proxy else "") + PRIVATE * private
        Path(place, "user.js").write_text(settings)
        port = free_port()
        command = [program, "--headless", "--no-remote", "--profile", place]
        command += [f"--remote-debugging-port={port}", "about:blank"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        running = subprocess.Popen(command, **quiet)
        try:
            socket = _connected(f"ws://127.0.0.1:{port}/session", running)
            yield FirefoxPage(socket)
            socket.close()
        finally:
            running.terminate()
            running.wait(30)


def _connected(address: str, running: subprocess.Popen) -> websocket.WebSocket:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return websocket.create_connection(address, timeout=PATIENT, suppress_origin=True)
        except OSError:
            if running.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(0.3)
