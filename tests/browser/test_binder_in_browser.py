"""The course as Binder makes it: its environment, postBuild, and JupyterLab where a badge leads."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
import test_notebooks_in_browser as drive
import yaml
from servers import IN_KERNEL, ROOT, jupyterlab

PYTHON = Path("Scripts/python.exe" if os.name == "nt" else "bin/python")
LEFT_BEHIND = shutil.ignore_patterns(
    ".git", ".venv*", "build", "__pycache__", ".*_cache", ".ipynb_checkpoints", "*.egg-info"
)
# pip's own words for what it could not reach or does not find there.
UNREACHABLE = re.compile(r"No matching distribution|ConnectionError|NameResolution|Read timed out")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(os.name == "nt", reason="Binder runs on Linux, and postBuild is bash"),
    pytest.mark.skipif(
        not os.environ.get("COURSE_THOROUGH"),
        reason="It makes an environment of its own, for minutes: COURSE_THOROUGH=1 runs it",
    ),
]


def requirements() -> list[str]:
    """Return what environment.yml gives to pip, without an index that does not answer.

    pip would ask that index again for each of the packages.
    """
    asked = yaml.safe_load((ROOT / "binder" / "environment.yml").read_bytes())["dependencies"]
    lines = asked[-1]["pip"]
    for line in [line for line in lines if line.startswith("--extra-index-url")]:
        try:
            urllib.request.urlopen(line.split()[1], timeout=10).close()
        except urllib.error.HTTPError:
            pass  # it is there
        except OSError:
            lines.remove(line)
    return lines


@pytest.fixture(scope="module")
def built(tmp_path_factory, missing):
    """A fresh copy of the course, and the Python of a fresh environment made from it."""
    copy = tmp_path_factory.mktemp("binder") / "course"
    shutil.copytree(ROOT, copy, ignore=LEFT_BEHIND, symlinks=True)
    python = copy.with_name("environment") / PYTHON
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["PATH"] = os.pathsep.join([str(python.parent), environment["PATH"]])
    # What is installed here is not what a reader waits for: nothing is compiled ahead of time.
    environment |= {"PIP_NO_COMPILE": "1", "PIP_PROGRESS_BAR": "off", "PIP_NO_INPUT": "1"}
    environment["COURSE_PROGRESS"] = str(copy.with_name("progress.json"))
    wanted = copy.with_name("requirements.txt")
    wanted.write_text("\n".join(requirements()))

    def call(*command) -> subprocess.CompletedProcess:
        return subprocess.run(
            [str(word) for word in command],
            cwd=copy,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    made = call(sys.executable, "-m", "venv", python.parents[1])
    assert made.returncode == 0, made.stdout
    installed = call(python, "-m", "pip", "install", "--requirement", wanted)
    if installed.returncode and UNREACHABLE.search(installed.stdout):
        missing(f"pip cannot get what Binder installs: {installed.stdout.splitlines()[-1]}")
    assert installed.returncode == 0, installed.stdout[-3000:]
    after = call("bash", copy / "binder" / "postBuild")
    assert after.returncode == 0, after.stdout[-3000:]
    yield copy, python, environment, call
    shutil.rmtree(python.parents[1], ignore_errors=True)  # more than a gigabyte


def test_the_environment_is_whole_and_without_cuda(built):
    copy, python, _, call = built
    # postBuild adds the course without asking for its dependencies: environment.yml has them all.
    whole = call(python, "-m", "pip", "check")
    assert whole.returncode == 0, whole.stdout
    code = "import torch, course_lib; print(torch.version.cuda, course_lib.__file__)"
    said = call(python, "-P", "-c", code).stdout.split()
    assert said[0] == "None"
    assert Path(said[1]).is_relative_to(copy.resolve())


def test_the_badge_of_a_lecture_opens_it_and_its_sliders_move(built, page):
    copy, python, environment, _ = built
    readme = (copy / "README.md").read_text(encoding="utf-8")
    badge = re.search(r"mybinder\.org/v2/gh/[^)\s]*01_gradient_basics\.ipynb", readme)[0]
    (path,) = urllib.parse.parse_qs(urllib.parse.urlsplit(f"https://{badge}").query)["urlpath"]
    place = copy.with_name("lab")
    place.mkdir()
    with jupyterlab(place, copy, python, environment) as lab:
        drive.run(page, f"{lab.url}/{path}?token={lab.token}&reset")
        assert drive.errors(page) == []
        outputs = drive.explorers(page)
        assert outputs
        for output in outputs:
            drive.moves_by_keyboard(page, output)
        where = "import sys, course_lib; print(sys.executable, course_lib.__file__)"
        kernel, package = page.evaluate(IN_KERNEL, where).split()
        assert Path(kernel) == python
        assert Path(package).is_relative_to(copy.resolve())
        # The wheel's setting for the server was found: small messages go out at once.
        assert "course_lib.live.server | extension was successfully loaded" in lab.log.read_text()
