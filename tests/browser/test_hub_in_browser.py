"""A class on a real JupyterHub: three users sign in, get the course by a link, move a slider."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import pytest
import test_notebooks_in_browser as drive
from servers import ROOT, free_port, seeing_the_course, served, write_settings

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        not os.environ.get("COURSE_THOROUGH"),
        reason="It starts a hub for three users: COURSE_THOROUGH=1 runs it",
    ),
    pytest.mark.skipif(os.name == "nt", reason="JupyterHub does not run on Windows"),
]

NEEDED = ("jupyterhub", "configurable_http_proxy", "nbgitpuller", "psutil")
USERS = ("ada", "emmy", "sofia")
PAGE = (ROOT / "docs" / "classroom.md").read_text(encoding="utf-8")
# What the page tells a server to keep free for each student, in bytes; a hub's G is 2^30.
RESERVED = float(re.search(r"(?m)^ +guarantee: ([\d.]+)G$", PAGE)[1]) * 2**30
CONFIG = """
import os, sys
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_port = {hub_port}
c.JupyterHub.db_url = "sqlite://"
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = "{password}"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "{place}/{{username}}"
c.Spawner.args = ["--allow-root"]
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.default_url = "/lab"
c.Spawner.start_timeout = c.Spawner.http_timeout = 180
c.Spawner.environment = {environment!r}
c.ConfigurableHTTPProxy.command = ["{proxy}"]
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api_port}"
"""


@pytest.fixture(scope="module")
def complete(missing) -> None:
    """Skip, or in CI fail, where a part of a hub is not installed."""
    absent = [name for name in NEEDED if find_spec(name) is None]
    absent += [] if shutil.which("git") else ["git"]
    if absent:
        missing(f"not installed: {', '.join(absent)}")


@pytest.fixture(scope="module")
def course(tmp_path_factory, complete) -> Path:
    """The course as a repository of its own, as a class would fetch it."""
    place = tmp_path_factory.mktemp("repository") / "course"
    left = shutil.ignore_patterns(".git", ".venv*", "build", "__pycache__", ".*_cache")
    shutil.copytree(ROOT, place, ignore=left, symlinks=True)
    name = ["-c", "user.name=course", "-c", "user.email=course@example.org"]
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], [*name, "commit", "-qm", "course"]):
        subprocess.run(["git", *words], cwd=place, check=True)
    return place


@pytest.fixture(scope="module")
def hub(tmp_path_factory, complete):
    """A running hub: its address, the password, its process and its log."""
    place = tmp_path_factory.mktemp("hub")
    write_settings(place)
    # The tests look at the notebook through JupyterLab's own objects.
    (place / "jupyter_lab_config.py").write_text("c.LabApp.expose_app_in_browser = True\n")
    password = secrets.token_hex(8)
    port = free_port()
    config = place / "jupyterhub_config.py"
    config.write_text(
        CONFIG.format(
            port=port,
            hub_port=free_port(),
            api_port=free_port(),
            password=password,
            place=place,
            proxy=Path(sys.executable).with_name("configurable-http-proxy"),
            environment={
                "PYTHONPATH": seeing_the_course()["PYTHONPATH"],
                "COURSE_PROGRESS": str(place / "progress.json"),
                "JUPYTER_CONFIG_DIR": str(place),
                # As a real installation of the course has it.
                "JUPYTER_CONFIG_PATH": str(ROOT / "course_lib" / "live"),
                "JUPYTERLAB_SETTINGS_DIR": str(place / "settings"),
                "OMP_NUM_THREADS": "1",
            },
        )
    )
    log = place / "hub.log"
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "jupyterhub", "--config", config]
    ready = f"{address}/hub/health"
    with served(command, ready, log, cwd=place, environment=seeing_the_course()) as server:
        yield address, password, server, log


def memory_of(server) -> list[tuple[str, float]]:
    """Return the memory that each user's server and kernels take for themselves, in bytes."""
    import psutil

    found = []
    for process in psutil.Process(server.pid).children(recursive=True):
        if any("jupyterhub.singleuser" in word for word in process.cmdline()):
            family = [process, *process.children(recursive=True)]
            user = process.environ().get("JUPYTERHUB_USER", "?")
            found.append((user, sum(each.memory_full_info().uss for each in family)))
    return found


def test_three_users_get_the_course_and_move_a_slider(hub, course, browser):
    address, password, server, log = hub
    pull = urllib.parse.urlencode(
        {
            "repo": course.as_uri(),
            "branch": "main",
            "urlpath": "lab/tree/course/notebooks/01_gradient_basics.ipynb",
        }
    )
    contexts = []
    try:
        for user in USERS:
            contexts.append(browser.new_context(viewport={"width": 1280, "height": 900}))
            page = contexts[-1].new_page()
            page.set_default_timeout(240_000)
            page.goto(f"{address}/hub/user-redirect/git-pull?{pull}")
            page.fill("#username_input", user)
            page.fill("#password_input", password)
            page.click("#login_submit")
            page.wait_for_url(f"**/user/{user}/lab/tree/course/**")
            drive.run_all(page)
            assert drive.errors(page) == []
            drive.moves_by_keyboard(page, drive.explorers(page)[0])
        taken = memory_of(server)  # while all three have their lecture open
        print("memory of each user:", {user: f"{size / 1e6:.0f} MB" for user, size in taken})
        assert {user for user, _ in taken} == set(USERS)
        assert max(size for _, size in taken) < RESERVED
    except Exception:
        picture = log.with_name("page.png")
        page.screenshot(path=picture)
        print(f"What the page looked like: {picture}")
        print(log.read_text(errors="replace")[-4000:])
        raise
    finally:
        for context in contexts:
            context.close()
