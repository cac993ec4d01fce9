"""Run a student's code where it can do no harm, and bring back arrays.

On Linux a warm process, which has imported torch once, is forked for each call into namespaces of
its own: another user, no network, no view of any file but the Python it needs, a private /tmp,
limits on memory, processes, file size and time. What comes back is read as hostile. Elsewhere a
container does the same, more slowly, or nothing does, and then only on demand.

The warm process is started afresh, not forked from the grader: the grader's memory holds labels.
Nothing that a submission does reaches it, because every submission is run in a fork of it.
"""

from __future__ import annotations

import contextlib
import errno
import json
import mmap
import os
import queue
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from homework import worker
from homework.arrays import pack, unpack

__all__ = [
    "KINDS",
    "Limits",
    "Outcome",
    "Sandbox",
    "SandboxError",
    "available",
    "choose",
    "why_no_namespaces",
]

ROOT = Path(__file__).resolve().parent.parent
KINDS = ("namespaces", "docker", "podman", "user", "none")
"""With "user", nothing but another user, for a container that holds a single submission."""

NOBODY = 65534
IMAGE = "course-homework"

Arrays = Mapping[str, np.ndarray]


class SandboxError(Exception):
    """The sandbox itself does not work; no student is to blame. The message says what to do."""


@dataclass(frozen=True)
class Limits:
    """What one call may use.

    Attributes
    ----------
    seconds : float
        Of processor time, for the call.
    cell_seconds : float
        The same for running the cells before it, all of them together.
    patience : float
        How many times as long a call may take by the clock where nobody counts its processor time:
        a busy machine is not its fault.
    idle : float
        For how long it may sleep, in seconds: nobody's homework waits for anything.
    memory : int
        Bytes, for all its processes together.
    processes : int
        Processes and threads.
    file_size, room : int
        Bytes in one file, and in all of /tmp.
    output, kept : int
        Bytes that may be printed, and that are kept of it.
    answer : int
        Bytes that the call may return.
    """

    seconds: float = 30.0
    cell_seconds: float = 30.0
    patience: float = 6.0
    idle: float = 15.0
    memory: int = 3 << 30
    processes: int = 48
    file_size: int = 64 << 20
    room: int = 96 << 20
    output: int = 100 << 20
    kept: int = 10_000
    answer: int = 32 << 20


@dataclass(frozen=True)
class Outcome:
    """What became of one call.

    Attributes
    ----------
    ended : str
        "answered"; "refused" (not in the form asked for, in words of the course's); "raised";
        or what ended it by force: "time", "memory", "output", "large", "unreadable", "gone".
    outputs : dict of ndarray
        What was returned, if it was.
    cell : str or None
        The cell that was being run when it ended; None if that was the call itself.
    error : dict
        The type, message, line and cell ("in") of what was raised, or the message of a refusal.
    broken : dict
        For each cell that raised something: what, as in `error`.
    output : str
        The beginning of what was printed.
    printed : int
        How many bytes were printed.
    seconds, cpu : float
        By the clock, and of processor time.
    waited : float
        Seconds for which it was ready to run and had no processor.
    peak : int
        Bytes of memory of its largest process.
    """

    ended: str
    outputs: dict[str, np.ndarray] = field(default_factory=dict)
    cell: str | None = None
    error: dict = field(default_factory=dict)
    broken: dict[str, dict] = field(default_factory=dict)
    output: str = ""
    printed: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    waited: float = 0.0
    peak: int = 0


# -------------------------------------------------------------------------------------- the choice


def why_no_namespaces() -> str | None:
    """Return why Linux namespaces can't be used here, in words, or None if they can."""
    if not sys.platform.startswith("linux"):
        return "Namespaces are a part of Linux; this is another system."
    try:
        with Sandbox("namespaces", warm=False) as sandbox:
            outcome = sandbox.call([], "", {}, limits=Limits(seconds=20))
    except (SandboxError, OSError) as error:
        return f"{error}{_switched_off()}"
    return None if outcome.ended == "answered" else f"The trial ended with {outcome.error}."


_SWITCHES = (
    ("kernel/apparmor_restrict_unprivileged_userns", "1", "0"),  # Ubuntu since 23.10
    ("kernel/unprivileged_userns_clone", "0", "1"),  # Debian, formerly
    ("user/max_user_namespaces", "0", "10000"),  # Red Hat, formerly
)


def _switched_off(settings: Path = Path("/proc/sys")) -> str:
    """Return how to get what a distribution keeps from all but root, if it does."""
    for name, off, on in _SWITCHES:
        with contextlib.suppress(OSError):
            if (settings / name).read_text().strip() == off:
                switch = f"{name.replace('/', '.')}={on}"
                return (
                    " This system reserves namespaces for root. Grade as root, or run "
                    f"`sudo sysctl -w {switch}` first."
                )
    return ""


def available() -> dict[str, str | None]:
    """Return for each kind of isolation why it can't be used here; None where it can."""
    found: dict[str, str | None] = {"namespaces": why_no_namespaces()}
    for engine in ("docker", "podman"):
        found[engine] = _why_no_engine(engine)
    return found


def _why_no_engine(engine: str) -> str | None:
    if shutil.which(engine) is None:
        return f"{engine} is not installed."
    try:
        run = subprocess.run([engine, "info"], capture_output=True, timeout=60)
        if run.returncode:
            return f"{engine} is installed, but does not run here."
        run = subprocess.run([engine, "image", "inspect", IMAGE], capture_output=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return f"{engine} is installed, but does not answer."
    if run.returncode:
        make = f"{engine} build --tag {IMAGE} --file homework/Dockerfile ."
        return f"{engine} has no image for it yet. Make it: {make}"
    return None


def choose(wanted: str | None = None, unsafe: bool = False) -> str:
    """Return the kind of isolation to use.

    Parameters
    ----------
    wanted : str, optional
        One of `KINDS`. Otherwise namespaces, if they work here.
    unsafe : bool
        Whether to go on without any isolation where namespaces don't work.

    Raises
    ------
    SandboxError
        If there is none; the message says what is offered.
    """
    if wanted == "none" and not unsafe:
        raise SandboxError("Without isolation nothing is graded, unless you add --unsafe.")
    if wanted is not None and wanted != "none":
        why = why_no_namespaces() if wanted == "namespaces" else _why_no_engine(wanted)
        if why:
            raise SandboxError(f"Isolation by {wanted} does not work here. {why}")
        return wanted
    if wanted == "none":
        return "none"
    found = available()
    if found["namespaces"] is None:
        return "namespaces"
    if unsafe:
        return "none"
    lines = [
        "Submissions can't be isolated here, and nothing was run.",
        f"Namespaces: {found['namespaces']}",
    ]
    for engine in ("docker", "podman"):
        offer = found[engine] or f"ready. Add --isolation {engine}."
        lines.append(f"{engine.capitalize()}: {offer}")
    lines.append(
        "Or add --unsafe; then every submission can read and delete your files, use the network, "
        "and change any grade."
    )
    raise SandboxError("\n".join(lines))


# ------------------------------------------------------------------------------------- the sandbox


class Sandbox:
    """A place to run students' code in; use it in a `with` statement, or `close` it.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    shared : mapping of ndarray, optional
        Arrays that every call may be given without copying them.
    hidden : iterable of Path
        Folders that are not to be seen even if they lie in one that is.
    warm : bool
        Whether to import torch ahead; a trial goes without.
    """

    def __init__(
        self,
        kind: str = "namespaces",
        shared: Arrays | None = None,
        hidden: Iterable[Path] = (),
        warm: bool = True,
    ) -> None:
        self.kind = kind
        self._shared = pack(dict(shared or {}))
        self._hidden = [str(Path(path).resolve()) for path in hidden]
        self._warm = warm
        self._zygote: subprocess.Popen | None = None
        self._line: socket.socket | None = None
        self._shared_file = -1
        if kind == "namespaces":
            self._start()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the warm process, and with it whatever still runs in a fork of it."""
        if self._line:
            self._line.close()
            self._line = None
        if self._zygote:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._zygote.wait(10)
            self._zygote.kill()
            self._zygote.wait()
            self._zygote = None
        if self._shared_file >= 0:
            os.close(self._shared_file)
            self._shared_file = -1

    def call(
        self,
        cells: list[tuple[str, str]],
        call: str,
        inputs: Arrays,
        *,
        shared: bool = False,
        limits: Limits | None = None,
    ) -> Outcome:
        """Run cells and then a function of `mnist_calls` on `inputs`, and return what became of it.

        Parameters
        ----------
        cells : list of (id, source)
            From `assignment.transplant`.
        call : str
            The function.
        inputs : mapping of ndarray
            What it is called with. Nothing secret.
        shared : bool
            Whether it is called with the shared arrays, too.
        limits : Limits, optional
            What it may use.

        Raises
        ------
        SandboxError
            If the sandbox does not work.
        """
        limits = limits or Limits()
        hidden = [*self._hidden, *(_placed(path, _moved()) for path in self._hidden)]
        job = {"cells": cells, "call": call, "limits": asdict(limits), "hidden": hidden}
        if self.kind == "namespaces":
            return self._forked(job, pack(dict(inputs)), shared, limits)
        return self._started(job, pack(dict(inputs)), shared, limits)

    # ---------------------------------------------------------------- with namespaces, from a fork

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        moved = _moved()
        boot = [_BOOT, str(theirs.fileno()), "1" if self._warm else ""]
        command = [sys.executable, "-c", *([_MOVE, json.dumps(moved)] if moved else []), *boot]
        # Its environment can be read by what it runs.
        kept = ("HOME", "PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "XDG_CACHE_HOME")
        env = {name: os.environ[name] for name in kept if name in os.environ}
        env |= {"PYTHONPATH": _paths(), "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
        env |= {"PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        self._zygote = subprocess.Popen(
            command, pass_fds=[theirs.fileno()], env=env, cwd="/", stdin=subprocess.DEVNULL
        )
        theirs.close()
        self._line = ours
        self._shared_file = _memory_file(self._shared)
        ours.settimeout(300)
        try:
            ready = ours.recv(1)
        except OSError:
            ready = b""
        if ready != b"1":
            self.close()
            raise SandboxError("The process that submissions are forked from does not start.")

    def _forked(self, job: dict, inputs: bytes, shared: bool, limits: Limits) -> Outcome:
        if self._zygote is None or self._zygote.poll() is not None:
            self.close()
            self._start()
        control, theirs = socket.socketpair()
        frames, frames_in = os.pipe()
        output, output_in = os.pipe()
        data = _memory_file(inputs)
        task = _memory_file(json.dumps({**job, "shared": shared}).encode())
        handed = [task, data, self._shared_file, frames_in, output_in, theirs.fileno()]
        try:
            socket.send_fds(self._line, [b"j"], handed)
        except OSError as error:
            os.close(frames), os.close(output), control.close()
            raise SandboxError(f"The warm process is gone: {error}") from None
        finally:
            for number in (task, data, frames_in, output_in):
                os.close(number)
            theirs.close()

        ended: dict[str, Any] = {}

        def end(gone: bool) -> None:
            if gone:  # it ends by itself; on a busy machine its turn may be seconds away
                select.select([control], [], [], 5)
            # The keeper kills the whole namespace as soon as this end is closed.
            with contextlib.suppress(OSError):
                control.shutdown(socket.SHUT_WR)
            control.settimeout(30)
            with contextlib.suppress(OSError, ValueError):
                ended.update(json.loads(_all_of(control) or b"{}"))
            control.close()

        outcome = _follow(frames, output, limits, end, counted=True)
        if "code" not in ended:
            raise SandboxError(ended.get("sandbox", "The process that watches over it is gone."))
        return _with_reason(outcome, ended, limits)

    # ------------------------------------------------------------- in a container, or without any

    def _started(self, job: dict, inputs: bytes, shared: bool, limits: Limits) -> Outcome:
        folder = Path(tempfile.mkdtemp(prefix="homework-")).resolve()
        place = folder / "job"
        place.mkdir()
        work = folder / "work"
        work.mkdir()
        files = {"inputs": inputs} | ({"shared": self._shared} if shared else {})
        name = f"homework-{os.getpid()}-{folder.name[-8:]}"
        try:
            for file, content in files.items():
                (place / file).write_bytes(content)
            contained = self.kind in ("docker", "podman")
            told = {**job, "arrays": list(files), "largest": limits.answer}
            told["cwd"] = "/tmp" if contained else str(work)
            (place / "job.json").write_text(json.dumps(told), encoding="utf-8")
            if contained:
                os.chmod(folder, 0o755)
                command = self._container(name, place, limits)
                env = None
            else:
                command = [sys.executable, "-m", "homework.worker", str(place)]
                env = {**os.environ, "PYTHONPATH": _paths(), "MPLBACKEND": "Agg"}
            other: dict[str, Any] = {}
            if self.kind == "user":
                for owned in (folder, place, work, *place.iterdir()):
                    os.chown(owned, NOBODY, NOBODY)
                other = {"user": NOBODY, "group": NOBODY, "extra_groups": [], "cwd": work}
                env = {name: env[name] for name in ("PATH", "LANG", "PYTHONPATH") if name in env}
                env |= {"MPLBACKEND": "Agg", "HOME": str(work), "OMP_NUM_THREADS": "1"}
            pipe = subprocess.PIPE
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=pipe,
                stderr=pipe,
                env=env,
                start_new_session=True,
                **other,
            )

            def end(_: bool) -> None:
                if contained:
                    subprocess.run([self.kind, "kill", name], capture_output=True, timeout=60)
                with contextlib.suppress(OSError):
                    if hasattr(os, "killpg"):
                        os.killpg(child.pid, signal.SIGKILL)
                    child.kill()
                child.wait()

            slow = replace(limits, cell_seconds=limits.cell_seconds + 30)  # Python starts first
            frames, output = os.dup(child.stdout.fileno()), os.dup(child.stderr.fileno())
            child.stdout.close()
            child.stderr.close()
            return _follow(frames, output, slow, end)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _container(self, name: str, place: Path, limits: Limits) -> list[str]:
        """Return the command that does one job in a container that is thrown away after it."""
        return [
            *(self.kind, "run", "--rm", "--name", name),
            *("--network", "none", "--read-only", "--cap-drop", "ALL", "--user", "65534:65534"),
            *("--security-opt", "no-new-privileges", "--ipc", "private", "--init"),
            *("--memory", str(limits.memory), "--memory-swap", str(limits.memory)),
            *("--pids-limit", str(limits.processes), "--cpus", "1"),
            *("--ulimit", f"fsize={limits.file_size}", "--ulimit", "core=0"),
            *("--ulimit", f"cpu={int(limits.seconds + limits.cell_seconds) + 30}"),
            *("--tmpfs", f"/tmp:rw,nosuid,nodev,size={limits.room}"),
            *("--volume", f"{place}:/job:ro"),
            *(IMAGE, "python", "-m", "homework.worker", "/job"),
        ]


def _memory_file(content: bytes) -> int:
    """Return a file that exists only in memory and can't be changed by those it is handed to."""
    import fcntl

    number = os.memfd_create("homework", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    view = memoryview(content)
    while view:
        view = view[os.write(number, view) :]
    for pause in (0.01, 0.1, 1, 2, 4, None):
        try:  # F_ADD_SEALS: no sealing, shrinking, growing, writing
            fcntl.fcntl(number, 1033, 1 | 2 | 4 | 8)
            break
        except OSError as error:
            # The kernel itself may hold a page of it for a moment, where it watches the memory.
            if error.errno != errno.EBUSY or pause is None:
                os.close(number)
                raise
            time.sleep(pause)
    return number


def _all_of(line: socket.socket, most: int = 100_000) -> bytes:
    parts = b""
    while len(parts) < most and (part := line.recv(65536)):
        parts += part
    return parts


# ------------------------------------------------------------------- reading what the inside says


def _follow(frames: int, output: int, limits: Limits, end: Any, counted: bool = False) -> Outcome:
    """Read what comes through the two pipes until there is an answer or a limit is reached.

    Whatever is read may have been written to do harm. `end` kills all that runs inside; it is told
    whether that seems to be gone already, which then says what it has used. Where a keeper counts
    processor time and ends what sleeps, the clock ends nothing.
    """
    begin = time.monotonic()
    news: queue.Queue[tuple[str, Any]] = queue.Queue()
    kept, printed = bytearray(), [0]
    reader = threading.Thread(target=_read_frames, args=(frames, limits, news), daemon=True)
    listener = threading.Thread(
        target=_read_output, args=(output, limits, kept, printed, news), daemon=True
    )
    reader.start()
    listener.start()
    ended, content, cell, broken = "gone", None, "", {}
    calling = False  # once it has begun, the call's time runs, whatever is claimed after that
    deadline = begin + limits.cell_seconds * limits.patience
    while True:
        try:
            left = None if counted else max(0.0, deadline - time.monotonic())
            kind, content = news.get(timeout=left)
        except queue.Empty:
            ended, content = "time", None
            break
        if kind == "cell" and not calling:
            cell = _claimed(content, 100)
        elif kind == "broken" and isinstance(content, dict) and len(broken) < 100:
            broken[_claimed(content.get("cell"), 100)] = _error(content)
        elif kind == "call" and not calling:
            calling, cell = True, None
            deadline = time.monotonic() + limits.seconds * limits.patience
        elif kind in ("answer", "refused", "raised", "large", "unreadable", "output", "gone"):
            ended = {"answer": "answered"}.get(kind, kind)
            break
    end(ended == "gone")
    reader.join(30)
    listener.join(30)
    outputs, error = {}, {}
    if ended == "answered":
        try:
            outputs = unpack(content)
        except ValueError:
            ended = "unreadable"
    elif isinstance(content, dict):
        error = _error(content)
    return Outcome(
        ended,
        outputs,
        cell if ended not in ("answered", "refused", "raised") else None,
        error,
        broken,
        bytes(kept).decode("utf-8", "replace"),
        printed[0],
        time.monotonic() - begin,
    )


def _error(content: dict) -> dict:
    """Return what a frame says of an error, in the form that is expected and no longer."""
    line = content.get("line")
    return {
        "type": _claimed(content.get("type"), 100),
        "message": _claimed(content.get("message"), 2000),
        "line": line if type(line) is int and 0 <= line < 1_000_000 else None,
        "in": _claimed(content.get("in"), 100),
    }


def _claimed(text: object, longest: int) -> str:
    return text[:longest] if isinstance(text, str) else ""


def _read_frames(number: int, limits: Limits, news: queue.Queue) -> None:
    """Put each frame that comes into `news`, and at the end "gone"."""
    small, count = 100_000, 0
    try:
        with os.fdopen(number, "rb", buffering=1 << 16) as file:
            while head := file.read(9):
                count += 1
                kind = worker.FRAMES[head[0]] if head[0] < len(worker.FRAMES) else ""
                size = int.from_bytes(head[1:], "little")
                if (
                    not kind
                    or count > 1000
                    or size > (limits.answer if kind == "answer" else small)
                ):
                    news.put(("unreadable", None))
                    return
                content = file.read(size)
                if len(content) < size:
                    break
                if kind == "answer":
                    news.put((kind, content))
                    return
                try:
                    news.put((kind, json.loads(content)))
                except (ValueError, RecursionError):
                    news.put(("unreadable", None))
                    return
    except OSError:
        pass
    news.put(("gone", None))


def _read_output(
    number: int, limits: Limits, kept: bytearray, printed: list[int], news: queue.Queue
) -> None:
    """Keep the beginning of what is printed, and count the rest."""
    try:
        while part := os.read(number, 1 << 16):
            kept += part[: max(0, limits.kept - len(kept))]
            printed[0] += len(part)
            if printed[0] > limits.output:
                news.put(("output", None))
                break
    except OSError:
        pass
    finally:
        os.close(number)


def _with_reason(outcome: Outcome, ended: dict, limits: Limits) -> Outcome:
    """Return the outcome with what the keeper knows: why it was killed, and what it used."""
    reason = outcome.ended
    if reason == "gone":
        if ended.get("why") in ("memory", "time"):
            reason = ended["why"]
        elif ended.get("code") in (128 + signal.SIGXCPU, 128 + signal.SIGKILL) and (
            ended.get("cpu", 0) >= 0.9 * (limits.seconds + limits.cell_seconds)
        ):
            reason = "time"
    error = {"code": ended.get("code")} if reason == "gone" else outcome.error
    if reason in ("raised", "refused") and outcome.error.get("type") == "MemoryError":
        reason = "memory"
    return replace(
        outcome,
        ended=reason,
        error=error,
        cpu=float(ended.get("cpu", 0.0)),
        waited=float(ended.get("waited", 0.0)),
        peak=int(ended.get("peak", 0)),
    )


# ---------------------------------------------------------------- the warm process and its forks

_BOOT = "import sys; from homework.sandbox import _zygote; _zygote(int(sys.argv[1]), sys.argv[2])"
_MOVE = "import sys; from homework.sandbox import _elsewhere; _elsewhere(*sys.argv[1:])"
_HANDED = 6


def _moved() -> dict[str, str]:
    """Return where packages that lie in /tmp are mounted: a submission's /tmp holds only its own.

    Keys are the folders as they are, values the fixed places.
    """
    folders = {str(path) for path in (ROOT, *map(Path, _packages()), Path(sys.base_prefix))}
    inside = sorted(path for path in folders if Path("/tmp") in Path(path).parents)
    outer = [path for path in inside if not any(str(up) in inside for up in Path(path).parents)]
    base = next((place for place in ("/srv", "/mnt", "/media") if os.path.isdir(place)), "/opt")
    return {path: base + path for path in outer}


def _placed(path: str, moved: dict[str, str]) -> str:
    for folder, place in moved.items():
        if path == folder or path.startswith(f"{folder}/"):
            return place + path[len(folder) :]
    return path


def _elsewhere(moved: str, *boot: str) -> None:
    """Mount the packages at their fixed places and start Python anew from there."""
    from homework import linux

    places = json.loads(moved)
    packages = [str(ROOT), *_packages()]
    environment = dict(os.environ)
    environment["PYTHONPATH"] = os.pathsep.join(_placed(path, places) for path in packages)
    if _placed(sys.base_prefix, places) != sys.base_prefix:
        environment["PYTHONHOME"] = _placed(sys.base_prefix, places)
    python = _placed(os.path.realpath(sys.executable), places)
    other = os.geteuid() == 0 and all(map(_open_to_all, _shown()))
    linux.mount_elsewhere(places, linux.free_user(os.getpid()) if other else None)
    os.execve(python, [python, "-c", *boot], environment)


def _paths() -> str:
    """Return where Python looks: the course, and packages that were named in the same way."""
    named = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return os.pathsep.join([str(ROOT), *(place for place in _packages() if place in named)])


def _packages() -> list[str]:
    return [
        os.path.realpath(place)
        for place in sys.path
        if place.endswith(("site-packages", "dist-packages"))
    ]


def _zygote(number: int, warm: str) -> None:
    """Wait for jobs and fork for each. This process never runs a line of a submission."""
    line = socket.socket(fileno=number)
    if warm:
        worker.preload()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers are not waited for
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the grader ends by itself and closes the line
    line.sendall(b"1")
    while True:
        try:
            word, numbers, _, _ = socket.recv_fds(line, 1, _HANDED)
        except InterruptedError:
            continue
        if not word:
            return
        if os.fork() == 0:
            try:
                line.close()
                _keep(*numbers)
            except BaseException as error:
                with contextlib.suppress(BaseException):
                    said = json.dumps({"sandbox": f"{type(error).__name__}: {error}"})
                    os.write(numbers[-1], said.encode())
            finally:
                os._exit(0)
        for each in numbers:
            os.close(each)


def _keep(task: int, data: int, shared: int, frames: int, output: int, control: int) -> None:
    """Make the namespaces, watch over what runs in them, and end it when it is time.

    This process stays outside, so nothing in there can see or end it.
    """
    from homework import linux

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    linux.die_with_parent()
    job = json.loads(bytes(_content(task)))
    limits = Limits(**job["limits"])
    user = None
    if os.geteuid() == 0 and linux.other_users():
        user = linux.free_user(os.getpid())
        try:
            linux.unshare(linux.NEWPID)
        except OSError:
            user = None
    if user is None:
        # A root without all powers, as in a container. Another user must get at Python, though.
        if os.geteuid() == 0 and all(map(_open_to_all, _shown())):
            with contextlib.suppress(OSError):
                linux.become(linux.free_user(os.getpid()))
                linux.readable_by_itself()
                linux.die_with_parent()
        outside = os.geteuid(), os.getegid()
        linux.unshare(linux.NEWUSER | linux.NEWPID)
        for file, text in (
            ("setgroups", "deny"),
            ("uid_map", f"1000 {outside[0]} 1"),
            ("gid_map", f"1000 {outside[1]} 1"),
        ):
            Path(f"/proc/self/{file}").write_text(text)
    processor, place = linux.free_processor()
    trouble, trouble_in = os.pipe()
    first = os.fork()
    if first == 0:
        try:
            os.close(trouble)
            if processor is not None:
                os.sched_setaffinity(0, {processor})
            _shut_in(job, limits, user, (data, shared, frames, output), trouble_in)
        except BaseException as error:
            with contextlib.suppress(BaseException):
                os.write(trouble_in, f"{type(error).__name__}: {error}".encode()[:2000])
        finally:
            os._exit(70)
    for number in (task, data, shared, frames, output, trouble_in):
        os.close(number)
    problem = b"".join(iter(lambda: os.read(trouble, 4096), b""))
    why, waited = _watch(first, control, limits)
    _, status, used = os.wait4(first, 0)
    code = os.waitstatus_to_exitcode(status)
    said: dict[str, Any] = {
        "code": code if code >= 0 else 128 - code,
        "why": why,
        "cpu": used.ru_utime + used.ru_stime,
        "waited": waited,
        "peak": used.ru_maxrss * 1024,
    }
    if problem:
        said = {"sandbox": problem.decode("utf-8", "replace")}
    if place:
        place.close()  # before anybody is told: the next one may follow at once
    os.write(control, json.dumps(said).encode())


def _watch(first: int, control: int, limits: Limits) -> tuple[str, float]:
    """Wait until the first process of the namespace ends, or end it.

    Returns
    -------
    why : str
        "told", "memory", "time", or "" if it ended by itself.
    waited : float
        For how many seconds it was ready to run and had no processor.
    """
    handle = os.pidfd_open(first)
    asleep, slept_since, before = limits.idle / 4, time.monotonic(), 0.0
    waited, why = 0.0, ""
    try:
        while not why:
            ready, _, _ = select.select([handle, control], [], [], 0.1)
            if handle in ready:
                return "", waited
            if ready:
                # What has answered is about to end by itself, and then says what it has used.
                select.select([handle], [], [], 0.2)
                why = "told"
                continue
            family = _family(first)
            worked, late = _time_of(family)
            waited = max(waited, late)
            if _memory_of(family, limits.memory) > limits.memory:
                why = "memory"
            elif worked > limits.seconds + limits.cell_seconds:
                why = "time"
            elif worked + waited - before >= asleep:
                before, slept_since = worked + waited, time.monotonic()
            elif time.monotonic() - slept_since > limits.idle:
                why = "time"
        os.kill(first, signal.SIGKILL)  # and with it everything in the namespace
        return why, waited
    finally:
        os.close(handle)


def _family(first: int) -> dict[int, list[str]]:
    """Return a process and all that descend from it, each with its fields of /proc/PID/stat."""
    fields: dict[int, list[str]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat") as file:
                fields[int(name)] = file.read().rpartition(")")[2].split()
    family, more = {first}, True
    while more:
        more = {pid for pid, each in fields.items() if int(each[1]) in family} - family
        family |= more
    return {pid: fields[pid] for pid in family if pid in fields}


def _time_of(family: dict[int, list[str]]) -> tuple[float, float]:
    """Return the seconds that processes have had a processor, and that they have waited for one."""
    ticks = sum(sum(map(int, fields[11:15])) for fields in family.values())
    waited = 0
    for pid in family:
        with contextlib.suppress(OSError, ValueError, IndexError):
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/schedstat") as file:
                    waited += int(file.read().split()[1])
    return ticks / os.sysconf("SC_CLK_TCK"), waited / 1e9


def _memory_of(family: dict[int, list[str]], enough: int) -> int:
    """Return the bytes of memory of processes.

    What they share is counted once, by a slow way that is taken only if the quick one exceeds
    `enough`.
    """
    pages = {pid: int(fields[21]) for pid, fields in family.items()}
    total = sum(pages.values()) * mmap.PAGESIZE
    if total <= enough:
        return total
    exact = 0
    for pid in sorted(pages, key=lambda pid: -pages[pid]):
        if exact > enough:
            break
        try:
            with open(f"/proc/{pid}/smaps_rollup") as file:
                lines = dict(row.split(":") for row in list(file)[1:])
            exact += int(lines["Pss"].split()[0]) * 1024
        except (OSError, ValueError, KeyError):
            exact += pages[pid] * mmap.PAGESIZE // 4
    return exact


def _shut_in(
    job: dict, limits: Limits, user: int | None, files: tuple[int, ...], trouble: int
) -> None:
    """Be the first process of the namespace: leave the world, fork, and wait for all that runs."""
    from homework import linux

    os.setsid()
    data, shared, frames, output = files
    nothing = os.open("/dev/null", os.O_RDONLY)
    for target, source in ((0, nothing), (1, output), (2, output)):
        os.dup2(source, target)
    linux.close_others({0, 1, 2, data, shared, frames, trouble})
    linux.die_with_parent()
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    linux.unshare(linux.NEWNS | linux.NEWNET | linux.NEWIPC | linux.NEWUTS | linux.NEWCGROUP)
    linux.new_root(_shown(), [ROOT, *map(Path, job["hidden"])], limits.room)
    os.environ.clear()
    os.environ.update(
        {"HOME": "/tmp", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "MPLCONFIGDIR": "/tmp/.mpl"}
        | {"OMP_NUM_THREADS": "1", "TMPDIR": "/tmp", "PYTHONDONTWRITEBYTECODE": "1"}
    )
    tempfile.tempdir = None
    linux.drop_powers(user)
    linux.die_with_parent()
    linux.deny_calls()
    # Before the fork: this process is the same user's, and must offer no way around the limits.
    linux.unreadable()
    linux.limit(
        memory=limits.memory,
        processes=limits.processes,
        file_size=limits.file_size,
        seconds=limits.seconds + limits.cell_seconds,
    )
    child = os.fork()
    if child == 0:
        code = 70
        try:
            linux.readable_by_itself()
            inputs = {name: part.copy() for name, part in unpack(_content(data)).items()}
            if job["shared"]:
                inputs |= unpack(_content(shared))
            os.close(data)
            os.close(shared)
            os.close(trouble)
            code = 0
        except BaseException as error:
            os.write(trouble, f"{type(error).__name__}: {error}".encode()[:2000])
            os._exit(code)
        try:
            if job["call"]:
                worker.run(
                    [tuple(c) for c in job["cells"]], job["call"], inputs, frames, limits.answer
                )
            else:
                os.write(frames, bytes([worker.FRAMES.index("answer")]) + _with_length(pack({})))
        finally:
            os._exit(0)
    linux.close_others({0})
    while True:
        pid, status = os.wait()
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def _with_length(data: bytes) -> bytes:
    return len(data).to_bytes(8, "little") + data


def _content(number: int) -> memoryview:
    """Return what an open file holds, without reading it: it can't change, it is sealed."""
    size = os.fstat(number).st_size
    return memoryview(mmap.mmap(number, size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ))


def _open_to_all(folder: Path) -> bool:
    places = (folder, *folder.parents)  # a single file, such as the time zone, is only read
    return all(place.stat().st_mode & 1 for place in places if place.is_dir())


def _shown() -> list[Path]:
    """Return what a student's code may see of this machine: Python, its packages, the course's."""
    system = ("/usr", "/bin", "/lib", "/lib64", "/lib32", "/etc/localtime")
    python = [sys.prefix, sys.base_prefix, sys.exec_prefix, str(Path(sys.executable).parent)]
    python += _packages()
    found = [Path(place) for place in system] + [Path(place).resolve() for place in python]
    found += [Path(os.path.abspath(place)) for place in python] + [ROOT / "course_lib"]
    return [place for place in dict.fromkeys(found) if place.exists() and place != Path("/")]
