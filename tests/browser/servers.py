"""A browser's program and a JupyterLab of its own, for the tests here and the benchmarks."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PATIENCE = 240  # seconds for a start or a whole notebook on a slow, busy machine

SETTINGS = {
    # Every cell is in the page, also those far from the visible part.
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "docmanager-extension/plugin": {"autosave": False},
}

# Runs code in the kernel of the notebook shown and gives back what it printed.
IN_KERNEL = """code => new Promise(resolve => {
  const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const asked = kernel.requestExecute({code, store_history: false});
  let said = "";
  asked.onIOPub = ({content}) => { said += content.text || content.evalue || ""; };
  asked.done.then(() => resolve(said.trim()));
})"""


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


def browser_start() -> dict[str, object]:
    """Return what playwright is told to start Chromium without a window.

    Raises
    ------
    LookupError
        If there is no browser, or none where COURSE_BROWSER says; the message says so.
    """
    named = os.environ.get("COURSE_BROWSER")
    program = next(filter(None, map(shutil.which, [named] if named else BROWSERS)), None)
    if program is None and named:
        raise LookupError(f"COURSE_BROWSER names {named}, which is no program")
    if program is None:
        raise LookupError("no browser: put chromium on PATH, or its place in COURSE_BROWSER")
    options = ["--disable-gpu", "--no-first-run", "--disable-background-networking"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--no-sandbox")  # Chromium refuses to run as root with its sandbox
    return {"executable_path": program, "args": options}


def free_port() -> int:
    """Return a port of this machine that nothing listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def served(
    command: list[object],
    answers_at: str,
    log: Path,
    *,
    cwd: Path,
    environment: dict[str, str],
) -> Iterator[subprocess.Popen]:
    """Run a server from the time it answers at an address until the block ends.

    Raises
    ------
    RuntimeError
        If it ends or stays silent; the message holds the end of what it wrote.
    """
    with log.open("w") as output:
        server = subprocess.Popen(
            list(map(str, command)),
            cwd=cwd,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        end = time.monotonic() + PATIENCE
        while not _answers(answers_at):
            if server.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{log.stem} did not start:\n{log.read_text()[-3000:]}")
            time.sleep(0.2)
        yield server
    finally:
        server.terminate()
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(address, timeout=5).close()
    except (urllib.error.URLError, OSError):
        return False
    return True


def seeing_the_course(**more: str) -> dict[str, str]:
    """Return this process's environment, in which the course's package is found."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths), **more}


@contextmanager
def jupyterlab(
    place: Path, folder: Path, python: str | Path, environment: dict[str, str]
) -> Iterator[Lab]:
    """Run JupyterLab of `python` on `folder`; what it keeps of its own goes into `place`."""
    write_settings(place)
    port, log = free_port(), Path(place, "lab.log")
    lab = Lab(f"http://127.0.0.1:{port}", secrets.token_hex(16), folder, log)
    command = [
        *(python, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1"),
        *(f"--port={port}", "--ServerApp.port_retries=0", "--allow-root"),
        *(f"--IdentityProvider.token={lab.token}", f"--ServerApp.root_dir={folder}"),
        "--LabApp.expose_app_in_browser=True",
        "--JupyterNotebookApp.expose_app_in_browser=True",
    ]
    ready = f"{lab.url}/api?token={lab.token}"
    own = environment | _own_folders(Path(place))
    with served(command, ready, log, cwd=place, environment=own):
        yield lab


def write_settings(place: Path) -> None:
    """Put JupyterLab's settings for tests into the folder `settings` of `place`."""
    for name, values in SETTINGS.items():
        file = Path(place, "settings", "@jupyterlab", f"{name}.jupyterlab-settings")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))


def _own_folders(place: Path) -> dict[str, str]:
    names = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    return {name: str(place / folder) for name, folder in names.items()}
