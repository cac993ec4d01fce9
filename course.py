#!/usr/bin/env python3
"""Open the course, or check it.

    python course.py lab      open JupyterLab on the lectures
    python course.py test     run every check of the project
    python course.py site     build the website, whose sliders move without Python
    python course.py slides 05    build the slides of lecture 5; --pdf also prints them
    python course.py setup    install missing packages, including PyTorch, and open nothing
    python course.py doctor   inspect the installation, and say how to repair it
    python course.py owner YOU/YOUR-COPY    point the links to your copy of the repository

Arguments after `lab` go to JupyterLab (`--no-browser`, `--port 9999`). Arguments after `test` go to
pytest, which then runs alone (`tests/core/test_schedules.py -k cosine`). `site` and `slides` take
`--out FOLDER`.

The first call installs the course into the folder `.venv` beside this file, so later calls start at
once. Nothing outside the course's folder is changed. This file uses only the standard library and
only syntax that every Python can read, so that even an outdated Python can say that it is too old.
"""

from __future__ import print_function

import contextlib
import difflib
import glob
import hashlib
import itertools
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

OLDEST_PYTHON = (3, 11)
ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, "course-stamp.json")
LOG = os.path.join(VENV, "course-setup.log")
LOCK = os.path.join(ROOT, ".venv.lock")
WINDOWS = os.name == "nt"
PYTHON = os.path.join(VENV, "Scripts/python.exe" if WINDOWS else "bin/python")

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
# On Linux the CPU build carries this mark, and any other build may bring gigabytes of CUDA, so the
# mark is part of the request. On Windows and macOS the ordinary build is the CPU build.
CPU_MARK = "+cpu" if sys.platform.startswith("linux") else ""

# Code that shows that a notebook needs PyTorch; other notebooks only mention it.
TORCH = ("import torch", "course_lib.training")

# The size of each part once installed, measured on Linux, and below it what pip needs meanwhile.
NEED_MB = {"notebooks": 480, "torch": 880, "tests": 200, "browser": 190}
NEED_MB.update({"site": 290, "hub": 150, "homework": 40})

# The extras that tests need in addition to "notebooks" and "tests", by where they are.
NEEDED_BY = (
    ("tests/browser", ["browser"]),
    ("tests/browser/test_hub_", ["hub"]),
    ("tests/browser/test_lite_", ["site"]),
    ("tests/browser/test_site_", ["site"]),
    ("tests/browser/test_slides_", ["site"]),
    ("tests/homework", ["homework"]),
    ("tests/notebooks/test_decks", ["site"]),
    ("tests/setup/test_formulas", ["site"]),
    ("tests/setup/test_practice", ["site"]),
)
SPARE_MB = 300

# Parts of `test` that take minutes each, and the files of tests/browser that they run. They come
# last, and end when COURSE_MINUTES are over, the set-up among them.
THOROUGH = {
    "Servers": ["hub_in_browser", "binder_in_browser"],
    "Website": ["site_in_browser", "slides_in_browser"],
    "The lab": ["lite_in_chromium", "lite_in_firefox"],
}
BEGAN = time.time()
LEAST = 60  # seconds that such a part must have, to begin at all


class SetupError(Exception):
    """A problem that the reader can solve. Only its text is shown, without a traceback."""


# --- Set-up ---------------------------------------------------------------------------------------


def check_python(version):
    """Raise a SetupError if Python is too old for the course."""
    if tuple(version[:2]) < OLDEST_PYTHON:
        raise SetupError(
            "The course needs Python %d.%d or newer; this is Python %d.%d (%s).\n"
            "Install a newer one from https://www.python.org/downloads/ and call it by its name,\n"
            "for example: python3.12 course.py lab"
            % (OLDEST_PYTHON + (version[0], version[1], sys.executable))
        )


def set_up(extras, again=False):
    """Install what pyproject.toml and `extras` require into `.venv`, and return its stamp.

    The stamp is removed first and written last, so where there is one, the installation is
    complete. With `again`, pip runs even though the stamp is in order.
    """
    try:
        stamp = read_stamp()
        if fits(stamp, extras) and not again:
            return stamp
        with only_one() as lock:
            stamp = read_stamp()  # another call may have finished the work while this one waited
            if fits(stamp, extras) and not again:
                return stamp
            return install(stamp, sorted(set(extras) | set(stamp.get("extras", []))), lock)
    except OSError as error:
        raise SetupError(failure("The set-up stopped.", "%s" % error))


def install(stamp, extras, lock):
    """Install the course in four steps and return the new stamp."""
    keep = same_place(stamp)
    if not keep:
        remove_environment()
    check_space(extras, stamp if keep else {})
    if keep:
        os.remove(STAMP)
    with Step(1, ("Keeping" if keep else "Creating") + " the environment .venv", lock) as s:
        if not keep:
            make_environment(s)
    with Step(2, "Installing PyTorch (CPU build, about 200 MB)", lock) as s:
        torch = install_torch(s)
        s.note = "" if torch == "installed" else "left out, "
    with Step(3, "Installing the course and JupyterLab", lock) as s:
        names = extras + (["torch"] if torch == "installed" else [])
        s.must("Installing the course failed.", pip("-e", ".[%s]" % ",".join(names)))
    with Step(4, "Checking that it starts", lock) as s:
        modules = "course_lib, jupyterlab, matplotlib.pyplot"
        modules += ", torch" if torch == "installed" else ""
        s.must("The installed packages do not start.", [PYTHON, "-P", "-c", "import " + modules])
    quiet_first_start()
    stamp = dict(wanted(), extras=extras, torch=torch)
    with open(STAMP + ".part", "w") as file:
        json.dump(stamp, file, indent=1)
    os.replace(STAMP + ".part", STAMP)
    return stamp


def quiet_first_start():
    """Keep JupyterLab from asking about news and from offering an update.

    This sets defaults in `.venv`, and a reader's own choices take precedence.
    """
    folder = os.path.join(VENV, "share", "jupyter", "lab", "settings")
    defaults = {"fetchNews": "false", "checkForUpdates": False}
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "overrides.json"), "w") as file:
        json.dump({"@jupyterlab/apputils-extension:notification": defaults}, file, indent=1)


def wanted():
    """Return the stamp that an environment must have to be usable as it is."""
    with open(os.path.join(ROOT, "pyproject.toml"), "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    version = "%d.%d" % sys.version_info[:2]
    return {"folder": os.path.realpath(ROOT), "python": version, "pyproject": digest}


def read_stamp():
    """Return the stamp of the environment, empty if that is missing or unfinished."""
    try:
        with open(STAMP) as file:
            stamp = json.load(file)
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) and os.path.exists(PYTHON) else {}


def fits(stamp, extras):
    """Return whether there is nothing to install."""
    same = all(stamp.get(key) == value for key, value in wanted().items())
    return same and set(extras) <= set(stamp.get("extras", []))


def same_place(stamp):
    """Return whether the environment was made in this folder (it holds the path) by this Python."""
    return all(stamp.get(key) == wanted()[key] for key in ("folder", "python"))


def remove_environment():
    """Remove `.venv`. An incomplete environment, or one made elsewhere, is never repaired."""
    try:
        if os.path.isdir(VENV):
            shutil.rmtree(VENV)
    except OSError as error:
        advice = "Close the programs that use it (JupyterLab, an editor, a terminal) and try again."
        raise SetupError(failure("The folder .venv cannot be replaced. " + advice, "%s" % error))


def make_environment(step):
    """Create `.venv` with its own pip."""
    # In an activated .venv, sys.executable was just removed.
    base = getattr(sys, "_base_executable", None) or sys.executable
    os.makedirs(VENV)
    code, output = step.run([base, "-m", "venv", VENV])
    absent = r"ensurepip is not\s+available|No module named '?(venv|ensurepip)"
    if code and re.search(absent, output):
        raise SetupError(
            "This Python lacks the module that creates environments.\n"
            "On Debian and Ubuntu: sudo apt install python3-venv. Then run this again."
        )
    if code:
        raise SetupError(failure("Creating the environment failed.", output))


def install_torch(step):
    """Install PyTorch's CPU build if possible, and return "installed" or why it is not.

    A build with CUDA is installed only if COURSE_TORCH=any allows it.
    """
    requirement = torch_requirement()
    there = ["--retries", "0", "--timeout", "15", "--index-url", CPU_INDEX]
    # The index that pip is configured for may mirror the CPU build. Its other builds are listed in
    # its answer but never fetched, because the request names the mark.
    for where in (there, ["--retries", "1"]):
        command = pip("--no-deps", requirement + CPU_MARK, *where)
        code, output = step.run(command)
        if code and "Downloading" in output:  # the download broke off: worth a second try
            code, output = step.run(command)
        if not code:
            return "installed"
        if cause(output) in ("disk", "folder"):
            raise SetupError(failure("Installing PyTorch failed.", output))
    if os.environ.get("COURSE_TORCH") == "any":
        step.must("Installing PyTorch failed.", pip(requirement))
        return "installed"
    listed = re.search(r"\(from versions: ([^)]*)\)", output)
    version = requirement.split("==")[1]
    return "only with CUDA" if listed and version in listed.group(1).split(", ") else "not found"


def torch_requirement():
    """Return the line in pyproject.toml that pins torch."""
    import tomllib  # an outdated Python does not have it, and sees only the message

    with open(os.path.join(ROOT, "pyproject.toml"), "rb") as file:
        return tomllib.load(file)["project"]["optional-dependencies"]["torch"][0]


def say_torch_is_missing(stamp):
    """Tell a reader without PyTorch which lectures need it and how to get it."""
    if stamp["torch"] == "installed":
        return
    print("PyTorch is not installed: %s" % CPU_INDEX)
    print("cannot be reached from here or has no build for this computer.")
    if stamp["torch"] == "only with CUDA":
        print("The index that pip is configured for has only a build with CUDA (gigabytes).")
    needing = [os.path.basename(path) for path in notebooks_with(*TORCH)]
    if needing:
        print("Without it these stop halfway: %s. The others run." % ", ".join(needing))
    print("To try again: python course.py setup. With COURSE_TORCH=any it accepts any build.")


def check_space(extras, stamp):
    """Raise a SetupError if the disk cannot hold the installation."""
    parts = ["torch"] + [name for name in extras if name not in stamp.get("extras", [])]
    if stamp.get("torch") == "installed":
        parts.remove("torch")
    need = SPARE_MB + sum(NEED_MB[name] for name in parts)
    free = shutil.disk_usage(ROOT).free / 1e6
    if free < need:
        raise SetupError(
            "Not enough disk space: the course needs %.1f GB in %s, but only %.1f GB are free.\n"
            "Free some space, or move the course's folder to another disk, and run this again."
            % (need / 1e3, ROOT, free / 1e3)
        )


@contextlib.contextmanager
def only_one():
    """Let one call install at a time. If a call dies, the system releases its lock."""
    with open(LOCK, "a") as file:
        waiting = False
        while not try_lock(file.fileno()):
            if not waiting:
                print("Another call is setting up this folder. Waiting for it ...", flush=True)
            waiting = True
            time.sleep(0.5)
        yield file.fileno()


def try_lock(number):
    """Take the lock on an open file if it is free, and return whether it was."""
    try:
        if WINDOWS:
            import msvcrt

            msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # Some network folders have no locks. There, nothing prevents two calls at the same time.
        return not isinstance(error, (BlockingIOError, PermissionError))
    return True


class Step:
    """One step of the set-up: a line with a clock on the screen, and pip's output in the log."""

    def __init__(self, number, title, lock):
        self.line = "[%d/4] %s ... " % (number, title)
        self.lock = lock
        self.note = ""
        self.start = time.time()

    def __enter__(self):
        print(self.line, end="")
        sys.stdout.flush()
        return self

    def __exit__(self, kind, error, trace):
        print((self.note if kind is None else "stopped after ") + clock(self.start), flush=True)

    def run(self, command):
        """Run a command and return its exit code and its output."""
        # A child that outlives a killed call goes on installing, so it holds the lock as well.
        lock = {} if WINDOWS else {"pass_fds": [self.lock]}
        with open(LOG, "ab+") as log:
            log.write(("\n$ %s\n" % " ".join(command)).encode("utf-8"))
            log.flush()
            begin = log.tell()
            pipes = dict(lock, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
            child = subprocess.Popen(command, cwd=ROOT, env=environment(), **pipes)
            try:
                while child.poll() is None:
                    time.sleep(0.1)
                    if sys.stdout.isatty():
                        print("\r%s%s " % (self.line, clock(self.start)), end="", flush=True)
            except BaseException:
                child.terminate()
                child.wait()
                raise
            if sys.stdout.isatty():
                print("\r%s" % self.line, end="")
            log.seek(begin)
            return child.returncode, log.read().decode("utf-8", "replace")

    def must(self, complaint, command):
        """Run a command, and raise a SetupError with the complaint if it fails."""
        code, output = self.run(command)
        if code:
            raise SetupError(failure(complaint, output))


def pip(*arguments):
    """Return a call of the environment's pip, which keeps the reader's own pip settings."""
    quiet = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    return [PYTHON, "-m", "pip", "install"] + quiet + list(arguments)


def environment():
    """Return the environment variables for every program that is started from here."""
    env = dict(os.environ, PIP_USER="0", PYTHONUTF8="1")
    for name in ("PYTHONPATH", "PYTHONHOME"):  # they would let other packages in
        env.pop(name, None)
    # Use the course's own kernel, even if another one is registered under its name.
    paths = [os.path.join(VENV, "share", "jupyter"), env.get("JUPYTER_PATH")]
    env["JUPYTER_PATH"] = os.pathsep.join(path for path in paths if path)
    # Idle threads that spin instead of sleeping slow a small or busy computer down many times over.
    env.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    env.setdefault("OMP_NUM_THREADS", "1")
    return env


# Signs of a failure in the output of pip or the system, and what a reader can do about it. The
# first sign found counts, so fatal errors come before those that pip may report on the way.
CAUSES = [
    (
        "disk",
        r"Errno 28\b|WinError 112\b|No space left",
        "The disk is full. Free some space here, in the temporary folder or in pip's cache\n"
        "(pip cache purge) and run this again.",
    ),
    (
        "folder",
        r"Errno 13\b|Errno 30\b|WinError 5\b|Read-only file system|Permission denied",
        "The course's folder cannot be written to. Move it to a folder of your own, such as one\n"
        "in your home folder, and run this again.",
    ),
    (
        "certificate",
        r"CERTIFICATE_VERIFY_FAILED|SSLError|certificate verify failed",
        "A secure connection failed because a certificate is not trusted. Networks that inspect\n"
        "traffic use their own: ask for the file, then: pip config set global.cert THE_FILE.\n"
        "A wrong computer clock can also cause this.",
    ),
    (
        "proxy",
        r"ProxyError|Cannot connect to proxy|Tunnel connection failed|407 Proxy",
        "The proxy refused the connection. Check the environment variable HTTPS_PROXY, or\n"
        "pip config set global.proxy http://USER:PASSWORD@HOST:PORT.",
    ),
    (
        "network",
        r"ConnectionError|NameResolutionError|ConnectTimeout|Read timed out|Connection broken"
        r"|Connection refused|Connection reset|RemoteDisconnected|Network is unreachable",
        "There is no connection to the package index. Check the network and, if there is one,\n"
        "the proxy (HTTPS_PROXY), and run this again.",
    ),
    (
        "index",
        r"\(from versions: none\)|No matching distribution|(401|403|404) Client Error",
        "pip does not find the course's packages in the index it is configured for. Look at\n"
        "pip config list and at the environment variables PIP_INDEX_URL and PIP_NO_INDEX.",
    ),
    (
        "windows",
        r"WinError 126\b|WinError 1114\b",
        "PyTorch needs Microsoft's C++ runtime: install the Visual C++ Redistributable (x64) from\n"
        "https://aka.ms/vs/17/release/vc_redist.x64.exe and run this again.",
    ),
]


def cause(output):
    """Return the name of the first known cause in the output of a command, or None."""
    return next((name for name, sign, _ in CAUSES if re.search(sign, output)), None)


def failure(complaint, output):
    """Return a message for a failed command: the known cause, or else the end of its output."""
    advice = next((advice for _, sign, advice in CAUSES if re.search(sign, output)), None)
    if advice is None:
        advice = "\n".join("    " + line for line in output.strip().splitlines()[-12:])
    if os.path.exists(LOG):
        advice += "\nThe full output: %s" % LOG
    return "%s\n%s" % (complaint, advice)


# --- lab ------------------------------------------------------------------------------------------


def lab(arguments):
    """Open JupyterLab on the course, at its first page."""
    stamp = set_up(["notebooks"])
    say_torch_is_missing(stamp)
    print("JupyterLab opens in the browser. If it does not, open the address printed below.")
    print("To stop it: Ctrl-C here, then y.", flush=True)
    return start(jupyterlab(arguments))


def jupyterlab(arguments):
    """Return the call that starts JupyterLab in the course's folder."""
    command = [PYTHON, "-m", "jupyterlab", "--ServerApp.root_dir=" + ROOT]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command += ["--allow-root"]  # in a container there is often no other user
    # Unlike a file name as an argument, this makes the printed address lead to the first page, too.
    for path in notebooks(["notebooks"])[:1]:
        command += ["--LabApp.default_url=/lab/tree/notebooks/" + os.path.basename(path)]
    return command + arguments


def start(command):
    """Hand the terminal over to a command until it ends."""
    if not WINDOWS:
        os.execve(command[0], command, environment())
    child = subprocess.Popen(command, env=environment())
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:  # Ctrl-C is for JupyterLab, which asks before it stops
            pass


def notebooks(places=("notebooks", "docs")):
    """Return the paths of the notebooks, starting with the lectures in their order."""
    folders = [glob.escape(os.path.join(ROOT, place)) for place in places]
    return [path for folder in folders for path in sorted(glob.glob(folder + "/*.ipynb"))]


def notebooks_with(*words):
    """Return the paths of the notebooks whose code mentions one of the words."""
    found = []
    for path in notebooks():
        with open(path, "rb") as file:
            try:
                cells = json.loads(file.read().decode("utf-8"))["cells"]
            except (ValueError, KeyError):  # the notebook checks report what is wrong with it
                continue
        code = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
        if any(word in code for word in words):
            found.append(path)
    return found


# --- test -----------------------------------------------------------------------------------------


def test(arguments):
    """Run every check, or pytest alone with `arguments`; return 0 if all passed."""
    stamp = set_up(extras_for(arguments))
    # The notebooks are stored as a reader sees them who has solved nothing yet.
    os.environ["COURSE_PROGRESS"] = os.path.join(tempfile.mkdtemp(), "progress.json")
    pytest = [PYTHON, "-m", "pytest"]
    if arguments:
        return subprocess.call(pytest + arguments, cwd=ROOT, env=environment())
    start = time.time()
    until = BEGAN + 60 * float(os.environ.get("COURSE_MINUTES", "inf"))
    results = [
        run_part(*part, until=until if part[0] in THOROUGH else math.inf)
        for part in parts(stamp["torch"] == "installed", pytest)
    ]
    print("\n== Summary")
    for title, result, seconds in results:
        print("%-14s %s%s" % (title, result, " in " + seconds if seconds else ""))
    print("%-14s %s" % ("All together", clock(start)))
    failed = [title for title, result, _ in results if result.startswith("FAILED")]
    short = any(result.startswith(("left out", "ended")) for _, result, _ in results)
    well = "All that ran passed." if short else "All passed."
    print("Failed: %s." % ", ".join(failed) if failed else well)
    return 1 if failed else 0


def extras_for(arguments):
    """Return the extras that the files named to pytest need, or all extras if none is named."""
    paths = [os.path.join(ROOT, argument.split("::")[0]) for argument in arguments]
    named = [os.path.relpath(path, ROOT) for path in paths if os.path.exists(path)]
    named = [name.replace(os.sep, "/") for name in named] or ["tests"]
    extras = ["notebooks", "tests"]
    for place, needed in NEEDED_BY:
        # A place counts if it is inside a named folder, or if it contains a named file.
        if any(place.startswith(name) or name.startswith(place) for name in named):
            extras += needed
    return extras


def parts(torch, pytest):
    """Return the parts of `test` in their order, each as (title, command, missing)."""
    browser, mnist = find_browser(), find_mnist()
    if browser:
        os.environ["COURSE_BROWSER"] = browser  # the browser tests use the one found here
    apart = ["tests/browser", "tests/benchmarks", "tests/homework"]
    # The tests of one notebook's explorers stay together: they share what its code has made.
    unit = pytest + ["tests", "-n2", "--dist=loadgroup"]
    unit += ["--ignore=" + folder for folder in apart]
    nbval = pytest + ["--nbval-current-env", "-n2", "--dist=loadfile"]
    # A limit for cells that hang; on a slow and busy machine a cell may take minutes.
    nbval += ["--nbval-cell-timeout=600", "--nbval-kernel-startup-timeout=300"]
    runnable = [path for path in notebooks() if torch or path not in notebooks_with(*TORCH)]
    digits = [] if mnist else notebooks_with("load_mnist", "load_digits")
    strict = [path for path in runnable if path not in digits]
    lax = [path for path in runnable if path in digits]

    yield "Lint", [PYTHON, "-m", "ruff", "check", "."], ""
    yield "Format", [PYTHON, "-m", "ruff", "format", "--check", "."], ""
    yield "Types", [PYTHON, "-m", "mypy"], "" if torch else "PyTorch is not installed"
    if not torch:
        yield "PyTorch", [], "not installed; what imports it is left out"
    yield "Unit tests", unit, ""
    scripts = sorted(glob.glob(glob.escape(ROOT) + "/tests/*/*.test.mjs"))
    if scripts:
        node = shutil.which("node")
        yield "JavaScript", [node, "--test"] + scripts, "" if node else "Node.js is not installed"
    yield "Notebooks", nbval + ["--nbval"] + strict, "" if strict else "there are none to run"
    if not mnist:
        yield "MNIST", [], "no files (COURSE_DATA names their folder); outputs are not compared"
    if lax:
        yield "Without MNIST", nbval + ["--nbval-lax"] + lax, ""
    lacking = "" if browser else "no Chromium, Chrome or Edge found (COURSE_BROWSER names one)"
    lacking = lacking or ("" if torch else "PyTorch is not installed")
    # Explorers are watched while they move, so they run alone; the rest shares two cores.
    file = os.path.join("tests", "browser", "test_%s.py")
    apart = [file % name for name in itertools.chain(["explorers_in_browser"], *THOROUGH.values())]
    two = ["-n2", "--dist=loadfile"]
    pages = ["tests/browser"] + ["--ignore=" + path for path in apart]
    yield "Explorers", pytest + apart[:1], lacking
    yield "Browser", pytest + pages + two, lacking
    if os.path.isdir(os.path.join(ROOT, "tests", "homework")):
        yield "Homework", pytest + ["tests/homework"] + two, ""
    if os.environ.get("COURSE_THOROUGH"):
        for title, names in THOROUGH.items():
            # The first failure ends it: one that was met counts, even where time runs out.
            yield title, pytest + [file % name for name in names] + two + ["-x"], lacking


def run_part(title, command, missing, until=math.inf):
    """Run one part under its heading and return (title, result, time taken).

    It is ended at the time `until`, with the servers and browsers that it began.
    """
    print("\n== " + title)
    if missing:
        # A reader's computer may lack something, but the machine that guards the project may not.
        guard = os.environ.get("CI", "").lower() in ("true", "1")
        result = ("FAILED: " if guard else "skipped: ") + missing
        print(result, flush=True)
        return title, result, None
    sys.stdout.flush()
    start = time.time()
    left = until - start
    if left < LEAST:
        return title, "left out, because the time is up", None
    # A group of its own can be ended as a whole; without it, Ctrl-C reaches the part as well.
    grouped = os.name == "posix" and left < math.inf
    part = subprocess.Popen(command, cwd=ROOT, env=environment(), start_new_session=grouped)
    try:
        code = part.wait(min(left, 1e6))
    except subprocess.TimeoutExpired:
        end(part, grouped)
        return title, "ended when the time was up; nothing had failed", clock(start)
    except BaseException:
        end(part, grouped)
        raise
    return title, "FAILED (exit code %d)" % code if code else "passed", clock(start)


def end(process, grouped):
    """End a process; with its group, all of it, which has some seconds to put things in order."""
    if not grouped:
        process.kill()
        process.wait()
        return
    try:
        os.killpg(process.pid, signal.SIGTERM)
        for _ in range(100):
            process.poll()  # one that has ended belongs to the group until it is asked
            os.killpg(process.pid, 0)
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGKILL)
    except OSError:
        pass  # nobody is left
    process.wait()


def find_mnist():
    """Return whether the environment's own `find_mnist` finds the MNIST files."""
    code = "import sys; from course_lib.data import find_mnist; sys.exit(find_mnist() is None)"
    return subprocess.call([PYTHON, "-c", code], cwd=ROOT, env=environment()) == 0


def find_browser():
    """Return the path of Chromium, Chrome or Edge, or None; COURSE_BROWSER takes precedence."""
    if os.environ.get("COURSE_BROWSER"):
        return shutil.which(os.environ["COURSE_BROWSER"])
    places = "chromium chromium-browser google-chrome google-chrome-stable chrome microsoft-edge"
    places = places.split() + ["msedge"]
    for variable in ("ProgramFiles", "ProgramFiles(x86)", "LocalAppData"):
        for app in ("Google/Chrome/Application/chrome", "Microsoft/Edge/Application/msedge"):
            places.append(os.path.join(os.environ.get(variable, ""), app + ".exe"))
    for app in ("Chromium", "Google Chrome", "Microsoft Edge"):
        places.append("/Applications/%s.app/Contents/MacOS/%s" % (app, app))
    return next(filter(None, map(shutil.which, places)), None)


# --- site and slides ------------------------------------------------------------------------------


def site(arguments):
    """Build the website into build/site."""
    return build("build.py", arguments)


def slides(arguments):
    """Build the slides of one lecture into build/slides."""
    there = [os.path.basename(path).split("_")[0] for path in notebooks(["notebooks"])]
    if not arguments or arguments[0].zfill(2) not in there:
        raise SetupError(
            "slides needs the number of a lecture, one of %s. For example: course.py slides 05"
            % ", ".join(there)
        )
    return build("slides.py", arguments)


def build(program, arguments):
    """Run a program of docs/site in the environment."""
    say_torch_is_missing(set_up(["notebooks", "site"]))
    command = [PYTHON, os.path.join(ROOT, "docs", "site", program)] + arguments
    return subprocess.call(command, cwd=ROOT, env=environment())


# --- owner ----------------------------------------------------------------------------------------


def owner(arguments):
    """Point every link to the repository, for Binder, Colab and installation, to a copy of it."""
    new = arguments[0] if arguments else remote()
    form = r"([A-Za-z0-9-]+)/([\w.-]+?)(?:\.git)?$"
    found = re.match(form, new or "")
    if not found or len(arguments) > 1:
        raise SetupError(
            "owner needs your name and your copy's name on GitHub, for example:\n"
            "python course.py owner YOU/YOUR-COPY. In a clone of the copy, you can leave them out."
        )
    changed = 0
    for path in texts():
        with open(path, "rb") as file:
            before = file.read()
        try:
            after = renamed(before.decode("utf-8"), current_owner(), found.groups())
        except UnicodeDecodeError:
            continue  # a picture
        if after.encode("utf-8") != before:
            with open(path + ".part", "wb") as file:
                file.write(after.encode("utf-8"))
            shutil.copymode(path, path + ".part")
            os.replace(path + ".part", path)
            changed += 1
    print("The links lead to %s/%s now; %d files were changed." % (found.groups() + (changed,)))
    return 0


def remote():
    """Return the clone's origin on GitHub as "owner/copy", or None."""
    try:
        said = subprocess.check_output(["git", "remote", "get-url", "origin"], cwd=ROOT)
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.search(r"github\.com[:/](.+)$", said.decode("utf-8", "replace").strip())
    return found.group(1) if found else None


def current_owner():
    """Return the owner and the copy that the README's links lead to now."""
    with open(os.path.join(ROOT, "README.md"), "rb") as file:
        text = file.read().decode("utf-8")
    return re.search(r"mybinder\.org/v2/gh/([\w.-]+)/([\w.-]+)/HEAD", text).groups()


def texts():
    """Return the paths of all files that may hold such a link.

    The README comes last, because its links say what to look for.
    """
    found = []
    for folder, inside, files in os.walk(ROOT):
        apart = ("tests", "build", "__pycache__")
        inside[:] = [name for name in inside if name not in apart and name[:1] != "."]
        found += [os.path.join(folder, name) for name in files if name != "CHANGELOG.md"]
    readme = os.path.join(ROOT, "README.md")
    return sorted(path for path in found if path != readme) + [readme]


def renamed(text, old, new):
    """Return the text with all links to `old` = (owner, copy) replaced by links to `new`."""
    for slash in ("/", "%2F", "%252F"):
        text = text.replace(slash.join(old), slash.join(new))
        # The folder that a server clones into has the name of the copy.
        text = text.replace("tree" + slash + old[1], "tree" + slash + new[1])
    text = text.replace("%s.github.io/%s" % old, "%s.github.io/%s" % new)
    for before, after in (("ghcr.io/%s/", 0), ("$HOME/%s", 1), ("cd %s\n", 1)):
        text = text.replace(before % old[after], before % new[after])
    return text


# --- Start ----------------------------------------------------------------------------------------


def setup(arguments):
    """Install what is missing, even if the stamp is in order, and open nothing."""
    if arguments:
        raise SetupError("setup takes no arguments, got: %s" % " ".join(arguments))
    stamp = set_up(["notebooks"], again=True)
    say_torch_is_missing(stamp)
    print("Ready. To open the course: python course.py lab")
    return 0


def doctor(arguments):
    """Inspect the environment without changing it, and report what is wrong."""
    stamp = read_stamp()
    if not stamp:
        print("NO  The course is not installed here.\n    \u2192 python course.py lab")
        return 1
    command = [PYTHON, "-m", "doctor"]
    if not fits(stamp, ["notebooks"]):
        command += ["--stale"]
    return subprocess.call(command, cwd=ROOT, env=environment())


def clock(start):
    """Return the time since `start` in words."""
    seconds = round(time.time() - start)
    return "%d min %d s" % divmod(seconds, 60) if seconds >= 60 else "%d s" % seconds


def main(arguments):
    """Run the command that the first argument names, and return the exit code."""
    words = {"lab": lab, "test": test, "site": site, "slides": slides}
    words.update({"setup": setup, "doctor": doctor, "owner": owner})
    try:
        check_python(sys.version_info)
        sys.stdout.reconfigure(errors="replace")  # a path may hold what the terminal cannot show
        sys.stderr.reconfigure(errors="replace")
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        if arguments and arguments[0] in words:
            return words[arguments[0]](arguments[1:])
        if not arguments or arguments[0] in ("-h", "--help", "help"):
            print(__doc__.strip())
            return 0
        near = difflib.get_close_matches(arguments[0], words, n=1, cutoff=0.5)
        hint = " Did you mean %s?" % near[0] if near else ""
        raise SetupError(
            "There is no '%s'.%s\n\n%s" % (arguments[0], hint, __doc__.strip().split("\n\n")[1])
        )
    except SetupError as trouble:
        sys.stdout.flush()
        sys.stderr.write("\n%s\n" % trouble)
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. Run the same command again to continue.\n")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
