"""The four files of MNIST: found on this computer or downloaded, and checked before use.

`data` turns them into images and labels. A file counts only if its size and its SHA-256 are the
known ones. A download is moved into place in one step, so no file is ever read half-written.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import http.client
import math
import os
import secrets
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from course_lib import places

try:
    import ssl
except ImportError:  # in a browser, where `_download` is not reached
    ssl = None  # type: ignore[assignment]


@dataclass(frozen=True)
class MnistFile:
    """One of the four files of MNIST, and the marks that identify it.

    In its format (IDX), a big-endian header precedes the raw values: two zeros, 8 for unsigned
    bytes, the number of axes, and the length of each axis in four bytes.

    Attributes
    ----------
    name : str
        Without the .gz.
    shape : tuple of int
        The shape of the array of bytes in it.
    packed_size : int
        The size of the .gz file in bytes.
    packed_sha256, unpacked_sha256 : str
        The SHA-256 of the .gz file and of its content.
    """

    name: str
    shape: tuple[int, ...]
    packed_size: int
    packed_sha256: str
    unpacked_sha256: str

    @property
    def header(self) -> bytes:
        """The first bytes of the unpacked file."""
        axes = (length.to_bytes(4, "big") for length in self.shape)
        return bytes([0, 0, 8, len(self.shape)]) + b"".join(axes)

    @property
    def unpacked_size(self) -> int:
        """The size of the unpacked file in bytes."""
        return len(self.header) + math.prod(self.shape)


# The smallest files come first, so that a slow mirror shows itself early.
FILES = (
    MnistFile(
        "t10k-labels-idx1-ubyte",
        (10_000,),
        4_542,
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
    MnistFile(
        "train-labels-idx1-ubyte",
        (60_000,),
        28_881,
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    MnistFile(
        "t10k-images-idx3-ubyte",
        (10_000, 28, 28),
        1_648_877,
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    MnistFile(
        "train-images-idx3-ubyte",
        (60_000, 28, 28),
        9_912_422,
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
)

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)

# A mirror may be silent for PATIENCE seconds and has to send SLOWEST bytes per second on average
# after that. A bad link is fast enough, while an answer that trickles or never ends is cut off.
PATIENCE = 15.0
SLOWEST = 10_000.0
LONGEST = 1800.0  # seconds for all files from all mirrors together

# A temporary file of this age (in seconds) was left behind by a process that was killed.
ABANDONED = 3600.0


class MnistUnavailable(OSError):  # noqa: N818 - it names a state of affairs, not a mistake
    """MNIST is neither on this computer nor available for download. The message says what to do.

    Attributes
    ----------
    reason : str
        Why, in a few words.
    """

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason or message

    def _render_traceback_(self) -> list[str]:
        # IPython shows this instead of a traceback, because the reader's code is not at fault.
        return [str(self)]


class _UnusableError(Exception):
    """A file or a server's answer is unusable; the message says why."""


def load(folder: str | os.PathLike | None = None) -> tuple[dict[str, np.ndarray], str]:
    """Return the arrays of the four files by name, and their origin in words.

    Parameters
    ----------
    folder : path, optional
        As for `data.load_mnist`, which turns the arrays into images and labels.

    Raises
    ------
    MnistUnavailable
        If the four files are nowhere and cannot be downloaded. The message says what to do.
    """
    found, contents, looked = _search(folder)
    if found:
        source = f"the files in {found}"
    elif folder is not None:
        raise MnistUnavailable(
            f"MNIST can't be loaded from {looked[0]}.\n"
            "Leave the folder out to have the course look in the usual places and download it.\n"
            + _steps_by_hand(folder),
            reason=f"it can't be loaded from {looked[0]}",
        )
    else:
        contents, unsaved = _download(looked)
        source = "a download kept in memory" if unsaved else f"the files in {cache_folder()}"
        if unsaved:
            print(f"{unsaved} It is used from memory and will be downloaded again next time.")
    return {file.name: _unpacked_array(file, contents[file.name]) for file in FILES}, source


def find_mnist(folder: str | os.PathLike | None = None) -> Path | None:
    """Return the first folder that holds the four files of MNIST intact, or None.

    It looks in the same places as `load_mnist` and never downloads anything.

    Parameters
    ----------
    folder : path, optional
        The only place to look in.
    """
    return _search(folder)[0]


def fetch() -> Path:
    """Download MNIST into the cache unless it is on this computer, and return its folder.

    Raises
    ------
    MnistUnavailable
        If it cannot be downloaded or cannot be saved.
    """
    found, _, looked = _search(None)
    if not found:
        _, unsaved = _download(looked)
        if unsaved:
            raise MnistUnavailable(unsaved)
    return found or cache_folder()


def cache_folder() -> Path:
    """Return the folder in the user's cache that holds a downloaded MNIST."""
    return places.cache() / "mnist"


# ------------------------------------------------------------------------- looking on this computer


def _search(
    folder: str | os.PathLike | None,
) -> tuple[Path | None, dict[str, bytes], list[str]]:
    """Return the first intact folder, its contents, and what was wrong with those before it."""
    looked: list[str] = []
    for path, why in _places(folder):
        contents, flaws = _read_folder(path)
        if not flaws:
            return path, contents, looked
        looked.append(f"{path}{why}: {flaws[0]}")
        if "COURSE_DATA" in why:
            print(f"COURSE_DATA is {path}, but {flaws[0]}. Looking for MNIST elsewhere.")
    return None, {}, looked


def _places(folder: str | os.PathLike | None) -> Iterator[tuple[Path, str]]:
    """Yield the folders to look in, each with the origin of its name."""
    if folder is not None:
        if not isinstance(folder, (str, os.PathLike)):
            raise TypeError(f"folder must be a path, got {folder!r}.")
        roots = [(folder, "")]
    else:
        roots = [(cache_folder(), " (the cache)"), ("data", ""), ("../data", ""), ("~/data", "")]
        if named := os.environ.get("COURSE_DATA"):
            roots.insert(0, (named, " (named by COURSE_DATA)"))
    seen = set()
    for root, why in roots:
        path = Path(os.path.abspath(os.path.expanduser(root)))
        if path not in seen:
            seen.add(path)
            torchvision = path / "MNIST" / "raw"
            yield (torchvision if os.path.isdir(torchvision) else path), why


def _read_folder(folder: Path) -> tuple[dict[str, bytes], list[str]]:
    """Return the unpacked contents of the intact files, and the flaws of the others."""
    contents: dict[str, bytes] = {}
    flaws = []
    if not os.path.isdir(folder):
        return contents, ["there is no such folder"]
    for file in FILES:
        flaw = f"{file.name}.gz is missing"
        for name in (f"{file.name}.gz", file.name):
            try:
                if content := _read_file(folder / name, file):
                    contents[file.name] = content
                    break
            except _UnusableError as unusable:
                flaw = str(unusable)
        else:
            flaws.append(flaw)
    if len(flaws) == len(FILES) and all(flaw.endswith("missing") for flaw in flaws):
        flaws = ["none of the four MNIST files is there"]
    return contents, flaws


def _read_file(path: Path, file: MnistFile) -> bytes | None:
    """Return the unpacked content of a file, or None if there is none; raise if it is unusable."""
    if not os.path.isfile(path):
        return None
    try:
        # The size is checked first, so that a huge file of the wrong size is not read.
        size = os.path.getsize(path)
        data = path.read_bytes() if size in (file.packed_size, file.unpacked_size) else None
    except OSError as error:
        raise _UnusableError(f"{path.name} can't be read ({_in_words(error)})") from None
    if data is None:
        raise _UnusableError(f"{path.name} has {size} bytes instead of {file.packed_size}")
    return _checked(path.name, data, file)


def _checked(name: str, data: bytes, file: MnistFile) -> bytes:
    """Return `data` unpacked if it equals `file`, packed or unpacked, to the last bit."""
    sha256 = hashlib.sha256(data).hexdigest()
    if len(data) == file.packed_size and sha256 == file.packed_sha256:
        # 31 = a gzip header, and a window of up to 2¹⁵ bytes.
        return zlib.decompress(data, wbits=31, bufsize=file.unpacked_size)
    if len(data) == file.unpacked_size and sha256 == file.unpacked_sha256:
        return data
    raise _UnusableError(f"{name} is damaged (its SHA-256 is {sha256[:12]}…)")


def _unpacked_array(file: MnistFile, content: bytes) -> np.ndarray:
    """Return the values of an unpacked file as a read-only array that shares its memory."""
    if len(content) != file.unpacked_size or not content.startswith(file.header):
        raise ValueError(f"{file.name} does not hold unsigned bytes of shape {file.shape}.")
    return np.frombuffer(content, np.uint8, offset=len(file.header)).reshape(file.shape)


# ------------------------------------------------------------------------------------- downloading


def _download(looked: list[str]) -> tuple[dict[str, bytes], str | None]:
    """Download the files that are not intact in the cache.

    Return the unpacked contents and, if they could not be saved, a sentence that says why.
    """
    from tqdm import tqdm

    if os.environ.get("COURSE_OFFLINE", "").strip().lower() not in ("", "0", "false", "no", "off"):
        raise _unavailable("COURSE_OFFLINE is set, so nothing was downloaded", looked, [])
    if sys.platform == "emscripten":
        raise _unavailable("Python in a page cannot download them", looked, [])
    folder = cache_folder()
    contents, _ = _read_folder(folder)
    missing = [file for file in FILES if file.name not in contents]
    mirrors, tried, unsaved = list(MIRRORS), [], None
    end = time.monotonic() + LONGEST
    total = sum(file.packed_size for file in missing)
    # The bar is on stdout, because Jupyter shows stderr as an alarm. A fast link gets no bar.
    with tqdm(
        total=total, desc="MNIST", unit="B", unit_scale=True, leave=False, delay=1, file=sys.stdout
    ) as bar:
        for file in missing:
            done = bar.n
            for mirror in tuple(mirrors):
                url = f"{mirror}{file.name}.gz"
                try:
                    data = _receive(url, file, bar, end)
                    contents[file.name] = _checked("what it sent", data, file)
                except _UnusableError as unusable:
                    tried.append(f"{url}: {unusable}")
                    bar.update(done - bar.n)
                    # For the remaining files, the mirror that failed comes last.
                    mirrors.append(mirrors.pop(0))
                else:
                    unsaved = _save(folder, file, data) or unsaved
                    break
            else:
                raise _unavailable("the download failed", looked, tried)
    return contents, unsaved


def _receive(url: str, file: MnistFile, bar: Any, end: float) -> bytes:
    """Return what `url` sends until the time `end`, or raise with the reason in plain words.

    The download runs in a thread of its own. A name lookup, a handshake or a header can take
    forever without reaching any single timeout, but a thread can be abandoned.
    """
    received, problems, given_up = bytearray(), [], threading.Event()

    def receive() -> None:
        try:
            request = urllib.request.Request(url, headers={"User-Agent": "course_lib"})
            with urllib.request.urlopen(
                request, timeout=PATIENCE, context=_trusted_certificates()
            ) as response:
                if response.headers.get_content_type() == "text/html":
                    raise _UnusableError(
                        "sent a web page instead of the file (a network's sign-in?)"
                    )
                while len(received) <= file.packed_size and not given_up.is_set():
                    chunk = response.read1(1 << 16)
                    if not chunk:
                        break
                    received.extend(chunk)
        except Exception as error:
            problems.append(_in_words(error))

    before, began = bar.n, time.monotonic()
    thread = threading.Thread(target=receive, daemon=True)
    thread.start()
    try:
        coming = True  # so that the bar moves even if everything arrives at once
        while coming:
            thread.join(0.1)
            coming = thread.is_alive()
            bar.update(before + min(len(received), file.packed_size) - bar.n)
            seconds = time.monotonic() - began
            if coming and began + seconds > end:
                raise _UnusableError(f"the download has taken {LONGEST / 60:g} minutes, too slow")
            if coming and seconds > PATIENCE + len(received) / SLOWEST:
                raise _UnusableError(
                    f"sent {len(received)} bytes in {seconds:.0f} seconds, too slow"
                )
    finally:
        given_up.set()
    if problems:
        raise _UnusableError(problems[0])
    if len(received) > file.packed_size:
        raise _UnusableError(f"sent more than the {file.packed_size} bytes of the file")
    if len(received) < file.packed_size:
        raise _UnusableError(f"sent {len(received)} bytes instead of {file.packed_size}")
    return bytes(received)


@functools.cache
def _trusted_certificates() -> ssl.SSLContext:
    """Return the certificates of this computer and, if it is installed, those of certifi.

    Python from python.org for macOS comes without certificates.
    """
    context = ssl.create_default_context()
    with contextlib.suppress(ImportError, OSError):
        import certifi

        context.load_verify_locations(certifi.where())
    return context


def _save(folder: Path, file: MnistFile, data: bytes) -> str | None:
    """Put a checked file into `folder` in one step, or return a sentence that says why not."""
    place = folder / f"{file.name}.gz"
    # The name is unique, so that simultaneous downloads don't write into the same file.
    temporary = folder / f".{place.name}.{secrets.token_hex(8)}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(folder)
        try:
            temporary.write_bytes(data)
            os.replace(temporary, place)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
    except OSError as error:
        # On Windows a file can't be replaced while another process reads it, but that file will do.
        with contextlib.suppress(_UnusableError):
            if _read_file(place, file):
                return None
        return f"MNIST can't be saved in {folder} ({_in_words(error)})."
    return None


def _remove_abandoned(folder: Path) -> None:
    """Remove the temporary files of killed processes, but not those of running ones."""
    for leftover in folder.glob(".*.part"):
        with contextlib.suppress(OSError):
            if time.time() - leftover.stat().st_mtime > ABANDONED:
                leftover.unlink()


# ------------------------------------------------------------------------------ saying it in words


def _in_words(error: Exception) -> str:
    """Return a few words about what went wrong."""
    if isinstance(error, urllib.error.HTTPError):
        return f"answered {error.code} {error.reason}"
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, Exception):
        return _in_words(error.reason)
    if isinstance(error, TimeoutError):
        return f"was silent for {PATIENCE:g} seconds"
    if isinstance(error, socket.gaierror):
        return "the address is not known (is there a network?)"
    if isinstance(error, ssl.SSLError):
        why = getattr(error, "verify_message", "") or error.reason
        return f"the secure connection failed ({why})"
    if isinstance(error, http.client.HTTPException):
        return "the answer is not HTTP or breaks off"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _unavailable(reason: str, looked: list[str], tried: list[str]) -> MnistUnavailable:
    lines = [f"MNIST is not on this computer, and {reason}.", "Looked in:"]
    lines += [f"  {place}" for place in looked]
    if tried:
        lines += ["Tried to download:"] + [f"  {attempt}" for attempt in tried]
    return MnistUnavailable(
        "\n".join(lines) + "\n" + _steps_by_hand(cache_folder()),
        reason=f"it is not on this computer, and {reason}",
    )


def _steps_by_hand(folder: str | os.PathLike) -> str:
    urls = "\n".join(f"     {MIRRORS[0]}{file.name}.gz" for file in FILES)
    return (
        "You can get MNIST by hand:\n"
        f"  1. Download these four files with a browser:\n{urls}\n"
        f"  2. Put them into the folder {folder}\n"
        "     (or into any other, and set the environment variable COURSE_DATA to it).\n"
        "Then run this again."
    )
