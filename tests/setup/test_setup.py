"""The set-up: what course.py installs, what it refuses to, what it says, and where versions stand.

Nothing here reaches a network. An index on the loopback serves tiny wheels that stand in for the
real packages; the virtual environments and pip are real.
"""

from __future__ import annotations

import ast
import ctypes
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
import threading
import time
import tomllib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
TORCH = EXTRAS["torch"][0].removeprefix("torch==")

# What comes with what is asked for: matplotlib's pictures, Jupyter's own parts.
COME_ALONG = {
    "IPython",
    "PIL",
    "jupyter_core",
    "jupyter_server",
    "markdown_it",
    "nbclient",
    "packaging",
    "traitlets",
}

# A project as small as can be, with a build backend of its own: pip needs no index for it.
TINY_PROJECT = f"""
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "course-lib"
version = "0"

[project.optional-dependencies]
notebooks = ["jupyterlab", "matplotlib"]
tests = []
browser = []
site = []
hub = []
homework = []
torch = ["torch=={TORCH}"]
"""
BACKEND = f'''
import os, zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "course_lib-0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("course.pth", os.getcwd())
        info = "course_lib-0.dist-info/"
        wheel.writestr(info + "METADATA", """Metadata-Version: 2.1
Name: course-lib
Version: 0
Provides-Extra: notebooks
Provides-Extra: tests
Provides-Extra: torch
Requires-Dist: jupyterlab; extra == "notebooks"
Requires-Dist: matplotlib; extra == "notebooks"
Requires-Dist: torch=={TORCH}; extra == "torch"
""")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\n")
        wheel.writestr(info + "RECORD", "")
    return name
'''


def write_wheel(index: Path, name: str, version: str, files: dict[str, str]) -> None:
    """Put a wheel of a few lines into a folder that is served as a package index."""
    page = index / name
    page.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(page / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
        about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        wheel.writestr(f"{info}/METADATA", about)
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")
        wheel.writestr(f"{info}/RECORD", "")
    links = "".join(f'<a href="{file.name}">{file.name}</a>\n' for file in sorted(page.iterdir()))
    (page / "index.html").write_text(links)


class Index(SimpleHTTPRequestHandler):
    """Serves a folder of wheels and keeps a list of what was asked for."""

    def log_request(self, code="-", size="-"):
        self.server.requests.append(self.path)

    def log_message(self, *_):
        pass


@contextmanager
def serve(folder: Path) -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Index, directory=str(folder)))
    server.requests = []
    server.url = f"http://127.0.0.1:{server.server_port}/"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index that pip is set up for: it knows PyTorch only as a build with CUDA."""
    folder = tmp_path_factory.mktemp("index")
    write_wheel(folder, "jupyterlab", "4.2", {"jupyterlab.py": ""})
    write_wheel(folder, "matplotlib", "3.9", {"matplotlib/pyplot.py": ""})
    write_wheel(folder, "torch", TORCH, {"torch.py": "build = 'with CUDA'"})
    return folder


@pytest.fixture(scope="module")
def cpu_wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PyTorch's own index of CPU builds."""
    folder = tmp_path_factory.mktemp("cpu")
    write_wheel(folder, "torch", f"{TORCH}+cpu", {"torch.py": "build = 'for the CPU'"})
    return folder


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No pip settings but the test's own."""
    for name in list(os.environ):
        if name.startswith("PIP_") or name in ("COURSE_TORCH", "PYTHONPATH"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    return monkeypatch


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh virtual environment; copying it is quicker than making another."""
    folder = tmp_path_factory.mktemp("template") / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder


def load(folder: Path, template: Path | None = None) -> ModuleType:
    """Import the course.py of a folder; what it installs goes into that folder.

    With a template, making the environment is copying it; whatever is there is still cleared first.
    """
    spec = importlib.util.spec_from_file_location("course", folder / "course.py")
    course = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(course)
    course.SPARE_MB, course.NEED_MB = 1, dict.fromkeys(course.NEED_MB, 1)
    course.CPU_MARK = "+cpu"
    course.CPU_INDEX = "http://127.0.0.1:9/whl/cpu"  # nothing listens on the discard port

    class Step(course.Step):
        def run(self, command):
            if template and command[1:3] == ["-m", "venv"]:
                assert os.listdir(command[3]) == []
                shutil.copytree(template, command[3], symlinks=True, dirs_exist_ok=True)
                return 0, ""
            return super().run(command)

    course.Step = Step
    return course


def make_tree(folder: Path) -> Path:
    """Copy course.py into a folder that otherwise holds the tiny project."""
    (folder / "course_lib").mkdir(parents=True)
    (folder / "course_lib" / "__init__.py").write_text("")
    (folder / "notebooks").mkdir()
    for name, code in {"01_plain": "print('as torch does')", "08_lab": "import torch"}.items():
        cells = [{"cell_type": "code", "source": [code], "outputs": [], "metadata": {}}]
        text = json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}})
        (folder / "notebooks" / f"{name}.ipynb").write_text(text)
    (folder / "pyproject.toml").write_text(TINY_PROJECT)
    (folder / "backend.py").write_text(BACKEND)
    shutil.copy(ROOT / "course.py", folder)
    return folder


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return make_tree(tmp_path / "Kurs für alle")


def pip_calls(course: ModuleType) -> int:
    return Path(course.LOG).read_text().count("-m pip install")


# Installing


def test_first_call_installs_second_is_idle_and_a_moved_folder_is_repaired(
    tree, template, wheels, cpu_wheels, environment, capsys
):
    course = load(tree, template)
    with serve(wheels) as index, serve(cpu_wheels) as cpu_index:
        environment.setenv("PIP_INDEX_URL", index.url)

        # PyTorch's own index is out of reach: the CUDA build on the other one is left alone.
        assert course.main(["setup"]) == 0
        said = capsys.readouterr().out
        assert re.findall(r"^\[(\d)/4\] .+ \d+ s$", said, re.MULTILINE) == ["1", "2", "3", "4"]
        assert "only a build with CUDA" in said
        assert "08_lab.ipynb" in said
        assert "01_plain" not in said
        assert not [path for path in index.requests if path.endswith(".whl") and "torch" in path]
        assert not list(Path(course.VENV).rglob("torch.py"))
        assert course.read_stamp()["torch"] == "only with CUDA"

        # Installed is installed: no pip, no request.
        calls, asked = pip_calls(course), len(index.requests)
        assert course.set_up(["notebooks"]) == course.read_stamp()
        assert (pip_calls(course), len(index.requests)) == (calls, asked)
        assert capsys.readouterr().out == ""

        # More extras, or another pyproject.toml, are installed into what is there.
        course.set_up(["tests"])
        assert course.read_stamp()["extras"] == ["notebooks", "tests"]
        assert "Keeping the environment" in capsys.readouterr().out
        with open(tree / "pyproject.toml", "a") as file:
            file.write("# newer\n")
        assert not course.fits(course.read_stamp(), ["notebooks"])

        # JupyterLab's own questions at its first start are answered.
        settings = Path(course.VENV, "share/jupyter/lab/settings/overrides.json")
        assert '"fetchNews": "false"' in settings.read_text()

        # With PyTorch's index in reach, `setup` takes the CPU build.
        course.CPU_INDEX = cpu_index.url
        assert course.main(["setup"]) == 0
        assert "PyTorch is not" not in capsys.readouterr().out
        show = [course.PYTHON, "-c", "import torch; print(torch.build)"]
        assert subprocess.check_output(show, text=True) == "for the CPU\n"

        # An environment holds absolute paths: in another place it is made anew.
        moved = load(tree.rename(tree.with_name("moved")), template)
        assert moved.main(["setup"]) == 0
        assert "Creating the environment" in capsys.readouterr().out
        where = [moved.PYTHON, "-P", "-c", "import course_lib; print(course_lib.__file__)"]
        assert "moved" in subprocess.check_output(where, text=True)


def test_unasked_the_cuda_build_is_not_taken_and_asked_for_it_is(tree, wheels, environment):
    course = load(tree)
    asked = []

    class Recorder:
        def run(self, command):
            asked.append(command)
            return 1, f"ERROR: no such version (from versions: 2.1.0, {TORCH})"

        def must(self, complaint, command):
            asked.append(command)

    assert course.install_torch(Recorder()) == "only with CUDA"
    assert all(f"torch=={TORCH}+cpu" in command for command in asked)
    assert ["--index-url" in command for command in asked] == [True, False]
    environment.setenv("COURSE_TORCH", "any")
    assert course.install_torch(Recorder()) == "installed"
    assert [f"torch=={TORCH}+cpu" in command for command in asked[2:]] == [True, True, False]
    assert f"torch=={TORCH}" in asked[-1]


def test_a_download_that_breaks_off_is_tried_once_more(tree):
    course, answers = load(tree), [(1, "Downloading torch\nIncompleteRead"), (0, "")]

    class Recorder:
        def run(self, command):
            return answers.pop(0)

    assert course.install_torch(Recorder()) == "installed"
    assert answers == []


def test_a_call_that_was_killed_is_made_good_by_the_next(
    tree, template, wheels, environment, capsys
):
    """The first call dies while its pip waits for an index that does not answer."""
    asked, released = threading.Event(), threading.Event()

    class Silent(Index):
        def do_GET(self):
            asked.set()
            released.wait(300)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Silent)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/")
    script = tree / "course.py"
    script.write_text(
        script.read_text().replace("https://download.pytorch.org", "http://127.0.0.1:9")
    )
    first = subprocess.Popen([sys.executable, script, "setup"], stdout=subprocess.DEVNULL)
    course = load(tree, template)
    try:
        assert asked.wait(300)
        first.kill()
        first.wait()
        assert os.path.exists(course.PYTHON)
        assert course.read_stamp() == {}
        if not course.WINDOWS:
            # The pip it left behind still holds the lock: two never write at once.
            with open(course.LOCK, "a") as file:
                assert not course.try_lock(file.fileno())
    finally:
        first.kill()
        released.set()
        server.shutdown()
        server.server_close()
    with serve(wheels) as index:
        environment.setenv("PIP_INDEX_URL", index.url)
        environment.setenv("PIP_RETRIES", "0")
        assert course.main(["setup"]) == 0
    assert "Creating the environment" in capsys.readouterr().out
    assert course.fits(course.read_stamp(), ["notebooks"])


def test_a_second_call_waits_for_the_first_and_then_finds_the_work_done(tree, capsys):
    course = load(tree)
    Path(course.PYTHON).parent.mkdir(parents=True)
    Path(course.PYTHON).write_text("")

    with course.only_one():
        second = subprocess.Popen(
            [sys.executable, "-c", "import course; print(course.set_up(['notebooks'])['torch'])"],
            cwd=tree,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert "Waiting for it" in second.stdout.readline()
        stamp = dict(course.wanted(), extras=["notebooks"], torch="installed")
        Path(course.STAMP).write_text(json.dumps(stamp))
        assert second.poll() is None
    assert second.communicate(timeout=60)[0] == "installed\n"


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"folder": "elsewhere"}'])
def test_a_spoilt_stamp_counts_as_none(tree, text):
    course = load(tree)
    os.makedirs(os.path.dirname(course.PYTHON))
    Path(course.PYTHON).write_text("")
    Path(course.STAMP).write_text(text)
    assert not course.fits(course.read_stamp(), ["notebooks"])


# What goes wrong


def test_no_network_is_said_plainly(tree, template, environment, capsys):
    environment.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple/")
    environment.setenv("PIP_RETRIES", "1")
    course = load(tree, template)
    (tree / "pyproject.toml").write_text(TINY_PROJECT.replace("requires = []", 'requires = ["x"]'))
    assert course.main(["setup"]) == 1
    said = capsys.readouterr().err
    assert "no connection to the package index" in said
    assert course.LOG in said
    assert "Traceback" not in said
    assert course.read_stamp() == {}


WORDS = {
    "OSError: [Errno 28] No space left on device": "The disk is full",
    "ERROR: [WinError 112] Es steht nicht genug Speicherplatz zur Verfuegung": "The disk is full",
    "[Errno 13] Permission denied: 'x'": "cannot be written to",
    "OSError: [Errno 30] Read-only file system": "cannot be written to",
    "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] no": "global.cert",
    "ProxyError('Cannot connect to proxy.', NewConnectionError(...))": "proxy refused",
    "OSError('Tunnel connection failed: 407 Proxy Authentication Required')": "proxy refused",
    "NameResolutionError: Failed to resolve 'a' ([Errno -2] Name not known)": "no connection",
    "NewConnectionError(...): Failed to establish a new connection: [Errno 111]": "no connection",
    "ERROR: Could not find a version that satisfies x (from versions: none)": "PIP_NO_INDEX",
    "ERROR: HTTP error 403 Client Error: Forbidden for url": "PIP_INDEX_URL",
    "OSError: [WinError 126] module c10.dll not found": "Visual C++",
    "one\ntwo\na surprise": "    a surprise",
}


@pytest.mark.parametrize("written", WORDS)
def test_what_pip_writes_becomes_advice(tree, written):
    said = load(tree).failure("It failed.", f"Collecting numpy\n{written}\n")
    assert said.startswith("It failed.\n")
    assert WORDS[written] in said


def test_pip_told_to_use_no_index_is_named_as_the_cause(tree, environment, capsys):
    """What this very pip writes is recognized, not only the sentences collected above."""
    environment.setenv("PIP_NO_INDEX", "1")
    course = load(tree)
    output = subprocess.run(
        [sys.executable, "-m", "pip", "download", "torch==0", "-d", str(tree)],
        capture_output=True,
        text=True,
    ).stderr
    assert course.cause(output) == "index"


@pytest.mark.parametrize(
    ("written", "advice"),
    [
        ("created successfully because ensurepip is not\navailable.  On Debian", "python3-venv"),
        ("/usr/bin/python3: No module named venv", "python3-venv"),
        ("Error: '-m', 'ensurepip' failed\nOSError: [Errno 28] No space left", "disk is full"),
    ],
)
def test_a_python_that_makes_no_environments_is_told_from_a_full_disk(tree, written, advice):
    course = load(tree)

    class Failing:
        def run(self, command):
            return 1, written

    with pytest.raises(course.SetupError, match=advice):
        course.make_environment(Failing())


def test_a_small_disk_is_refused_before_anything_is_made(tree, monkeypatch, capsys):
    course = load(tree)
    course.SPARE_MB = 1000
    usage = shutil.disk_usage(tree)._replace(free=int(0.25e9))
    monkeypatch.setattr(course.shutil, "disk_usage", lambda path: usage)
    assert course.main(["setup"]) == 1
    said = capsys.readouterr().err
    assert "needs 1.0 GB" in said
    assert "0.2 GB are free" in said
    assert not os.path.exists(course.VENV)


def test_a_folder_that_lacks_files_is_said_plainly(tree, capsys):
    (tree / "pyproject.toml").unlink()
    assert load(tree).main(["setup"]) == 1
    assert "pyproject.toml" in capsys.readouterr().err


def test_a_disk_that_fills_up_while_pytorch_is_installed_stops_the_set_up(tree):
    course = load(tree)

    class Full:
        def run(self, command):
            return (
                1,
                "ERROR: Could not install packages due to an OSError: [Errno 28] No space left",
            )

    with pytest.raises(course.SetupError, match="The disk is full"):
        course.install_torch(Full())


@pytest.mark.skipif(os.name == "nt", reason="folders are not made read-only this way on Windows")
def test_a_read_only_folder_is_said_plainly(tree):
    def be_nobody_special():
        """Take away root's right to write everywhere (PR_CAPBSET_DROP, CAP_DAC_OVERRIDE)."""
        ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)

    tree.chmod(0o555)
    answer = subprocess.run(
        [sys.executable, str(tree / "course.py"), "setup"],
        capture_output=True,
        text=True,
        preexec_fn=be_nobody_special if os.geteuid() == 0 else None,
    )
    tree.chmod(0o755)
    assert answer.returncode == 1
    assert "cannot be written to" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not (tree / ".venv").exists()


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 6, 9), (3, 10, 14)])
def test_an_old_python_is_told_what_is_needed(version, monkeypatch, capsys):
    course = load(ROOT)
    monkeypatch.setattr(course.sys, "version_info", version)
    assert course.main(["lab"]) == 1
    said = capsys.readouterr().err
    assert "Python 3.11 or newer" in said
    assert f"Python {version[0]}.{version[1]}" in said


def test_course_py_is_readable_to_old_pythons():
    """Python 2.7 would stop at any of these, before it could say that it is too old."""
    text = (ROOT / "course.py").read_bytes().decode("ascii")
    tree = ast.parse(text, feature_version=(3, 4))
    newer = (
        ast.JoinedStr,  # f-strings
        ast.AnnAssign,
        ast.AsyncFunctionDef,
        ast.Await,
        ast.Match,
        ast.NamedExpr,
        ast.Nonlocal,
        ast.YieldFrom,
    )
    for node in ast.walk(tree):
        assert not isinstance(node, newer), f"line {node.lineno}"
        if isinstance(node, ast.FunctionDef):
            arguments = node.args.args
            assert not node.args.kwonlyargs
            assert not node.args.posonlyargs
            assert not node.returns
            assert not any(argument.annotation for argument in arguments)
        if isinstance(node, ast.ClassDef):
            assert not node.keywords
        if isinstance(node, ast.Raise):
            assert node.cause is None
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            assert not any(isinstance(item, ast.Starred) for item in node.elts)
        if isinstance(node, ast.Dict):
            assert None not in node.keys
        if isinstance(node, ast.Call):  # at most one *sequence, and nothing positional after it
            starred = [isinstance(item, ast.Starred) for item in node.args]
            assert not any(starred[:-1])
            assert sum(keyword.arg is None for keyword in node.keywords) <= 1
    assert not re.search(r"\*\*?\w+,\s*\)", text)  # no comma after *sequence or **options
    old = [n.module for n in tree.body if isinstance(n, ast.ImportFrom)]
    assert old == ["__future__"]


def test_words(capsys):
    course = load(ROOT)
    assert course.main([]) == 0
    said = capsys.readouterr().out
    words = ("lab", "test", "site", "slides", "setup", "doctor", "owner")
    for word in words:  # each with what it does
        assert re.search(rf"(?m)^    python course.py {word}\b.* +\w+ .+$", said), word
    assert not re.search(r"^    python course.py (?!" + "|".join(words) + r")", said, re.MULTILINE)
    assert course.main(["help"]) == 0
    assert capsys.readouterr().out == said
    assert course.main(["labb"]) == 1
    said = capsys.readouterr().err
    assert "There is no 'labb'. Did you mean lab?" in said
    assert "python course.py test" in said
    assert course.main(["setup", "now"]) == 1
    assert "takes no arguments" in capsys.readouterr().err
    for wrong in ([], ["09"], ["five"], ["--frames"]):  # before anything is installed
        assert course.main(["slides", *wrong]) == 1
        assert "one of 00, 01, 02" in capsys.readouterr().err


def test_ctrl_c_is_quiet(tree, monkeypatch, capsys):
    course = load(tree)

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(course, "make_environment", interrupted)
    assert course.main(["setup"]) == 130
    assert "Stopped" in capsys.readouterr().err
    with course.only_one():
        pass  # the lock is free again


# Starting what was installed


def test_everything_started_finds_the_course_first(environment):
    course = load(ROOT)
    environment.setenv("PYTHONPATH", "/elsewhere")
    environment.setenv("JUPYTER_PATH", "/theirs")
    environment.setenv("OMP_NUM_THREADS", "2")
    env = course.environment()
    assert "PYTHONPATH" not in env
    first, second = env["JUPYTER_PATH"].split(os.pathsep)
    assert first.startswith(course.VENV)
    assert second == "/theirs"
    assert (env["OMP_WAIT_POLICY"], env["OMP_NUM_THREADS"]) == ("PASSIVE", "2")


def test_lab_opens_the_first_lecture_and_passes_arguments_on(tree, monkeypatch, capsys):
    course, started = load(tree), []
    monkeypatch.setattr(course, "set_up", lambda extras: {"torch": "installed"})
    monkeypatch.setattr(course, "start", started.append)
    course.main(["lab", "--no-browser", "--port", "9999"])
    assert started[0][:3] == [course.PYTHON, "-m", "jupyterlab"]
    assert f"--ServerApp.root_dir={tree}" in started[0]
    assert "--LabApp.default_url=/lab/tree/notebooks/01_plain.ipynb" in started[0]
    assert started[0][-3:] == ["--no-browser", "--port", "9999"]
    assert "browser" in capsys.readouterr().out


def test_start_hands_over_terminal_and_exit_code():
    script = "import course, sys; course.start([sys.executable, '-c', 'import sys; sys.exit(7)'])"
    assert subprocess.call([sys.executable, "-c", script], cwd=ROOT) == 7


# Checking


def rows(course: ModuleType, torch: bool = True) -> dict[str, list]:
    return {title: row for title, *row in course.parts(torch, ["pytest"])}


def test_with_everything_there_every_notebook_is_compared(tree, monkeypatch):
    course = load(tree)
    monkeypatch.setattr(course, "find_mnist", lambda: True)
    monkeypatch.setattr(course, "find_browser", lambda: "/usr/bin/chromium")
    monkeypatch.delenv("COURSE_THOROUGH", raising=False)
    found = rows(course)
    assert list(found) == [
        "Lint", "Format", "Types", "Unit tests", "Notebooks", "Explorers", "Browser"
    ]  # fmt: skip
    assert not any(missing for _, missing in found.values())
    assert found["Notebooks"][0][-2:] == course.notebooks()
    assert "--nbval-current-env" in found["Notebooks"][0]
    assert os.environ["COURSE_BROWSER"] == "/usr/bin/chromium"


def test_each_file_of_browser_tests_is_in_one_part(monkeypatch):
    course = load(ROOT)
    monkeypatch.setattr(course, "find_mnist", lambda: True)
    monkeypatch.setattr(course, "find_browser", lambda: "/usr/bin/chromium")
    monkeypatch.setenv("COURSE_THOROUGH", "1")
    found = [command for command, _ in rows(course).values()]
    (rest,) = [command for command in found if "tests/browser" in command]
    for path in sorted(ROOT.glob("tests/browser/test_*.py")):
        name = str(path.relative_to(ROOT))
        apart = sum(name in command for command in found)
        assert apart + ("--ignore=" + name not in rest) == 1, name


def test_the_scripts_tests_are_found_where_there_are_any(tree, monkeypatch):
    course = load(tree)
    place = tree / "tests" / "live" / "parts.test.mjs"
    place.parent.mkdir(parents=True)
    place.write_text("")
    monkeypatch.setattr(course, "find_mnist", lambda: True)
    monkeypatch.setattr(course.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert rows(course)["JavaScript"] == [["/usr/bin/node", "--test", str(place)], ""]
    monkeypatch.setattr(course.shutil, "which", lambda name: None)
    assert rows(course)["JavaScript"][1] == "Node.js is not installed"


TESTS = sorted(ROOT.glob("tests/*/test_*.py"))


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_what_a_file_of_tests_imports_is_installed_for_it(path):
    course = load(ROOT)
    asked = [path, *path.parent.glob("conftest.py")]
    words = "\n".join(each.read_text(encoding="utf-8") for each in asked)
    names = re.findall(r"^ *(?:import|from) (\w+)|importorskip\(\"(\w+)", words, re.MULTILINE)
    extras = [*course.extras_for([str(path.relative_to(ROOT))]), "torch"]
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in EXTRAS[extra])]
    there = {re.split("[><=; ]", line)[0].lower() for line in lines}
    packages = metadata.packages_distributions()
    for name in {first or second for first, second in names}:
        homes = {home.lower() for home in packages.get(name, [])} - {"course-lib"}
        if homes and name not in sys.stdlib_module_names and name not in COME_ALONG:
            assert homes & there, f"{name} of {homes}"


def test_only_what_the_named_files_need_is_installed():
    course = load(ROOT)
    few = ["notebooks", "tests"]
    assert course.extras_for(["tests/core/test_schedules.py", "-k", "cosine"]) == few
    assert course.extras_for(["tests/homework/test_grade.py::test_it", "-x"]) == [*few, "homework"]
    assert course.extras_for(["tests/browser/test_hub_in_browser.py"]) == [*few, "browser", "hub"]
    everything = {*few, "browser", "hub", "site", "homework"}
    for arguments in ([], ["-k", "cosine"], ["tests"], [str(ROOT / "tests")]):
        assert set(course.extras_for(arguments)) == everything
    assert set(course.extras_for(["tests/browser"])) == everything - {"homework"}


def test_without_mnist_the_lab_runs_but_is_not_compared(tree, monkeypatch):
    course = load(tree)
    lab = tree / "notebooks" / "08_lab.ipynb"
    lab.write_text(lab.read_text().replace("import torch", "import torch; load_digits()"))
    monkeypatch.setattr(course, "find_mnist", lambda: False)
    monkeypatch.setattr(course, "find_browser", lambda: None)
    found = rows(course)
    assert "--nbval" in found["Notebooks"][0]
    assert str(lab) not in found["Notebooks"][0]
    assert found["Without MNIST"][0][-2:] == ["--nbval-lax", str(lab)]
    assert "COURSE_DATA" in found["MNIST"][1]
    assert "COURSE_BROWSER" in found["Browser"][1]
    without_torch = rows(course, torch=False)
    assert "not installed" in without_torch["PyTorch"][1]
    assert "Without MNIST" not in without_torch


@pytest.mark.parametrize(("ci", "result"), [("", "skipped: "), ("true", "FAILED: ")])
def test_what_is_missing_is_skipped_here_and_fails_in_ci(ci, result, monkeypatch, capsys):
    course = load(ROOT)
    monkeypatch.setenv("CI", ci)
    expected = result + "no Chromium"
    assert course.run_part("Browser", [], "no Chromium") == ("Browser", expected, None)
    assert expected in capsys.readouterr().out


def test_a_part_that_may_end_early_does_so_and_says_so(monkeypatch):
    course = load(ROOT)
    forever = [sys.executable, "-c", "import time; time.sleep(3600)"]
    _, result, took = course.run_part("Long", forever, "", until=time.time() + 59)
    assert result.startswith("left out")
    assert took is None
    monkeypatch.setattr(course, "LEAST", 0)
    _, result, took = course.run_part("Long", forever, "", until=time.time() + 0.2)
    assert result.startswith("ended when the time was up")
    assert took
    failing = [sys.executable, "-c", "1/0"]
    _, result, _ = course.run_part("Long", failing, "", until=time.time() + 3600)
    assert result.startswith("FAILED")


@pytest.mark.skipif(os.name != "posix", reason="only there is a part ended with all it began")
def test_a_part_that_is_ended_leaves_nothing_running(monkeypatch, tmp_path):
    course, told = load(ROOT), tmp_path / "pid"
    monkeypatch.setattr(course, "LEAST", 0)
    # It begins a server, as a browser test does, and does not look after it.
    server = "import signal, time; signal.signal(signal.SIGTERM, lambda *_: None); time.sleep(3600)"
    part = (
        "import pathlib, subprocess, sys, time\n"
        f"server = subprocess.Popen([sys.executable, '-c', {server!r}])\n"
        f"pathlib.Path({str(told)!r}).write_text(str(server.pid))\n"
        "time.sleep(3600)"
    )
    for seconds in (3, 30, 120):  # on a busy machine Python alone takes a while to start
        until = time.time() + seconds
        _, result, _ = course.run_part("Long", [sys.executable, "-c", part], "", until=until)
        assert result.startswith("ended when the time was up")
        if told.exists():
            break
    server_id, end = int(told.read_text()), time.monotonic() + 60
    while is_running(server_id):
        assert time.monotonic() < end, "what a part began runs on after it was ended"
        time.sleep(0.1)


def is_running(process_id: int) -> bool:
    """Return whether a process is there, and is no more than the record of one that ended."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process_id}/stat")
    return not state.exists() or state.read_text().rpartition(") ")[2][0] != "Z"


def test_only_thorough_parts_end_early(tree, monkeypatch, capsys):
    course = load(tree)
    well = [sys.executable, "-c", ""]
    monkeypatch.setattr(course, "set_up", lambda _: {"torch": "installed"})
    monkeypatch.setattr(course, "parts", lambda *_: [("One", well, ""), ("Website", well, "")])
    monkeypatch.setenv("COURSE_MINUTES", "0.5")
    assert course.test([]) == 0
    said = capsys.readouterr().out.split("== Summary")[1]
    assert re.search(r"One +passed", said)
    assert re.search(r"Website +left out", said)


def test_one_failing_part_fails_the_whole(tree, monkeypatch, capsys):
    course = load(tree)
    two = [("One", [sys.executable, "-c", ""], ""), ("Two", [sys.executable, "-c", "1/0"], "")]
    monkeypatch.setattr(course, "set_up", lambda extras: {"torch": "installed"})
    monkeypatch.setattr(course, "parts", lambda torch, pytest: two)
    assert course.test([]) == 1
    assert "Failed: Two." in capsys.readouterr().out
    monkeypatch.setattr(course, "parts", lambda torch, pytest: two[:1])
    assert course.test([]) == 0
    assert "All passed." in capsys.readouterr().out


def test_the_named_browser_goes_first(tmp_path, monkeypatch):
    course = load(ROOT)
    browser = tmp_path / ("browser.exe" if os.name == "nt" else "browser")
    browser.write_text("")
    browser.chmod(0o755)
    monkeypatch.setenv("COURSE_BROWSER", str(browser))
    assert course.find_browser() == str(browser)
    monkeypatch.setenv("COURSE_BROWSER", str(tmp_path / "nowhere"))
    assert course.find_browser() is None


# Files that have to agree


def versions(lines: list[str]) -> dict[str, str]:
    """Return name -> version range of requirement lines, without platform marks."""
    found = {}
    for line in lines:
        name, version = re.match(r"([A-Za-z0-9-]+)([^;]*)", line.replace("+cpu", "")).groups()
        assert found.setdefault(name, version.strip()) == version.strip(), name
    return found


def test_environment_yml_has_the_versions_of_pyproject():
    dependencies = yaml.safe_load((ROOT / "environment.yml").read_bytes())["dependencies"]
    python = next(line.removeprefix("python=") for line in dependencies if "python=" in line)
    least = PROJECT["requires-python"].removeprefix(">=")
    assert tuple(map(int, python.split("."))) >= tuple(map(int, least.split(".")))
    index, *pip = dependencies[-1]["pip"]
    assert versions(pip) == versions(
        PROJECT["dependencies"] + EXTRAS["notebooks"] + EXTRAS["torch"]
    )
    assert index == "--extra-index-url https://download.pytorch.org/whl/cpu"
    assert f'torch=={TORCH}+cpu; sys_platform == "linux"' in pip


def test_course_py_knows_the_same_torch_and_the_same_python():
    course = load(ROOT)
    assert course.torch_requirement() == f"torch=={TORCH}"
    assert PROJECT["requires-python"] == ">={}.{}".format(*course.OLDEST_PYTHON)
    assert set(course.NEED_MB) == set(EXTRAS)


def test_binder_builds_from_these_files(tmp_path):
    """repo2docker's own detection, with no default to fall back on, writes the Dockerfile."""
    pytest.importorskip("repo2docker", reason="repo2docker does not install on this system")
    assert os.readlink(ROOT / "binder" / "environment.yml") == "../environment.yml"
    for name in ("binder", "environment.yml", "pyproject.toml", "course.py"):
        source = ROOT / name
        copy = partial(shutil.copytree, symlinks=True) if source.is_dir() else shutil.copy
        copy(source, tmp_path / name)
    settings = tmp_path.parent / f"{tmp_path.name}-settings.py"
    settings.write_text("c.Repo2Docker.default_buildpack = None\n")
    call = [sys.executable, "-m", "repo2docker", "--no-build", "--config", settings, tmp_path]
    answer = subprocess.run(call, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    lines = answer.stdout.splitlines()
    update = next(n for n, line in enumerate(lines) if '--file "binder/environment.yml"' in line)
    everything = next(n for n, line in enumerate(lines) if re.match(r"COPY .* src/ ", line))
    after = lines.index("RUN ./binder/postBuild")
    # The environment is installed before the rest is copied, so it must not need the rest; the
    # course itself is installed after.
    assert update < everything < after
    assert "Building conda environment for python=3.12" in answer.stderr

    shutil.rmtree(tmp_path / "binder")
    (tmp_path / "environment.yml").unlink()
    (tmp_path / "pyproject.toml").unlink()
    answer = subprocess.run(call, capture_output=True, text=True)
    assert answer.returncode == 1
    assert "No environment specification found" in answer.stderr


@pytest.mark.parametrize("script", ["binder/postBuild", ".ci/run"])
def test_scripts_are_bash_and_executable(script):
    text = (ROOT / script).read_bytes()
    assert text.startswith(b"#!/usr/bin/env bash\n")
    assert b"\r" not in text
    if os.name != "nt":
        assert os.access(ROOT / script, os.X_OK)
        subprocess.run(["bash", "-n", str(ROOT / script)], check=True)


@pytest.mark.parametrize("mnist", [True, False])
def test_postbuild_installs_the_course_and_forgives_missing_mirrors(mnist, tmp_path, monkeypatch):
    """Run postBuild with a python that only writes down how it was called."""
    fake = tmp_path / "python"
    fake.write_text(
        f'#!/bin/sh\necho "$*" >> {tmp_path}/calls\n'
        f'case "$*" in *course_lib.data*) exit {0 if mnist else 1};; esac\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    answer = subprocess.run(["bash", ROOT / "binder" / "postBuild"], capture_output=True, text=True)
    calls = (tmp_path / "calls").read_text().splitlines()
    assert answer.returncode == 0
    assert calls[0] == "-m pip install --no-deps --editable ."
    assert calls[1:] == ["-m course_lib.data"]
    assert ("could not be fetched" in answer.stdout) is not mnist


def test_ci_runs_the_command_of_the_readme():
    command = "course.py test"
    assert command in (ROOT / ".ci" / "run").read_text()
    assert f"python {command}" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "page", [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")], ids=lambda p: p.name
)
def test_pages_name_only_files_that_are_there(page):
    text = page.read_text(encoding="utf-8")
    named = re.findall(
        r"(?<![\w/])(?:course_lib|notebooks|tests|docs|binder|\.ci)/[\w./-]*\w", text
    )
    for path in {path for path in named if "N" not in Path(path).name}:
        assert (ROOT / path).exists(), path
    for path in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (page.parent / path).exists(), path
    for notebook in re.findall(r"^\| `(\d\d_\w+)` \|", text, re.MULTILINE):
        assert (ROOT / "notebooks" / f"{notebook}.ipynb").exists()


def test_the_explorer_in_contributing_works():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    code = textwrap.dedent(re.search(r"```python\n(.*?) *```", text, re.DOTALL)[1])
    namespace = {}
    exec(
        "from course_lib import plots\n"
        "from course_lib.descent import descend\n"
        "from course_lib.landscapes import banana\n"
        "from course_lib.live import explore, log_slider\n"
        "from course_lib.optimizers import GradientDescent\n" + code,
        namespace,
    )
    assert namespace["update"](0.1).startswith("after 100 steps the loss is ")


def test_the_citation_is_complete():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_bytes())
    assert {"cff-version", "message", "title", "authors"} <= set(citation)  # required by CFF 1.2.0
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] in ("software", "dataset")
    assert all("name" in author or "family-names" in author for author in citation["authors"])
    assert str(citation["version"]) == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", str(citation["date-released"]))


@pytest.mark.parametrize(
    ("path", "attribute", "value"),
    [
        (".ci/run", "eol", "lf"),
        ("binder/postBuild", "eol", "lf"),
        ("course.py", "eol", "lf"),
        ("notebooks/01_gradient_basics.ipynb", "eol", "lf"),
        ("notebooks/01_gradient_basics.ipynb", "diff", "jupyternotebook"),
        ("docs/images/lecture-6-race.png", "text", "unset"),
    ],
)
def test_line_ends_and_diffs(path, attribute, value, tmp_path):
    git = shutil.which("git") or pytest.skip("git is not installed")
    subprocess.run([git, "init", "-q", tmp_path], check=True)
    shutil.copy(ROOT / ".gitattributes", tmp_path)
    call = [git, "-C", tmp_path, "check-attr", attribute, path]
    answer = subprocess.check_output(call, text=True)
    assert answer.strip().endswith(f"{attribute}: {value}")


@pytest.mark.skipif(not shutil.which("apt-get"), reason="CI runs on Debian or Ubuntu")
@pytest.mark.parametrize("failures", [0, 1, 2])
def test_ci_installs_what_is_missing_and_tries_twice(failures, tmp_path):
    """Run it among commands that only write down how they were called."""
    calls = tmp_path / "calls"
    for name in ("bash", "dirname", "realpath", "env", "id", "grep"):
        (tmp_path / name).symlink_to(shutil.which(name))
    for name, end in {
        "apt-get": f'[ $(grep -c "^apt-get update" {calls}) -gt {failures} ]',
        "python3": "true",
        "sleep": "true",
        "sudo": '"$@"',
    }.items():
        (tmp_path / name).write_text(f'#!/bin/sh\necho "{name} $*" >> {calls}\n{end}\n')
        (tmp_path / name).chmod(0o755)
    answer = subprocess.run([ROOT / ".ci" / "run"], env={"PATH": str(tmp_path)})
    made = [line for line in calls.read_text().splitlines() if not line.startswith("sudo")]
    assert answer.returncode == (1 if failures == 2 else 0)
    assert sum(line.startswith("apt-get update") for line in made) == min(failures + 1, 2)
    installed = [line.split() for line in made if "apt-get install" in line]
    assert bool(installed) == (failures < 2)
    for package in ("chromium", "firefox-esr", "nodejs"):
        assert all(package in words for words in installed)
    assert (made[-1] == "python3 course.py test") == (failures < 2)
