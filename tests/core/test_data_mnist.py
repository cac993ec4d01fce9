"""Finding, checking and downloading MNIST, whatever the mirrors and the disk are up to.

Most of these tests use a small stand-in for MNIST and a local mirror (mirror.py). Whatever happens,
what comes back is the right data to the last bit, or a message in plain words.
"""

import errno
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import types
from pathlib import Path

import mirror
import pytest
import tqdm

from course_lib import data, mnist

HERE = Path(__file__).parent
SMALLEST, LARGEST = "t10k-labels-idx1-ubyte.gz", "train-images-idx3-ubyte.gz"


@pytest.fixture
def server():
    with mirror.Mirror() as running:
        yield running


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """The stand-in for MNIST, an empty cache and no other place to find it."""
    monkeypatch.setattr(mnist, "FILES", mirror.FILES)
    monkeypatch.setattr(mnist, "MIRRORS", ("http://127.0.0.1:1/",))
    monkeypatch.setattr(mnist, "PATIENCE", 10.0)
    monkeypatch.setattr(mnist, "SLOWEST", 1e6)
    folder = tmp_path / "cache" / "mnist"
    monkeypatch.setattr(mnist, "cache_folder", lambda: folder)
    (tmp_path / "home" / "work").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "home" / "work")
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    for name in ("COURSE_DATA", "COURSE_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    return folder


def is_the_stand_in(digits: data.Digits) -> bool:
    parts = {"train": digits.train, "t10k": digits.test}
    for file in mirror.FILES:
        part, kind = file.name.split("-")[:2]
        values = getattr(parts[part], kind)
        if file.header + values.tobytes() != mirror.gzip.decompress(mirror.PACKED[file.name]):
            return False
    return digits.name == "MNIST"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def lines(out: str) -> list[str]:
    """Return what was printed, without a progress bar: on a busy computer one may show up."""
    return [line for line in out.splitlines() if line.strip() and not line.startswith("MNIST: ")]


ALL_FOUR = sorted(f"{name}.gz" for name in mirror.PACKED)


# ------------------------------------------------------------------------- looking on this computer


@pytest.mark.parametrize("unpacked", [False, True], ids=["packed", "unpacked"])
@pytest.mark.parametrize("place", [".", "MNIST/raw"])
def test_a_folder_is_read_packed_or_unpacked_plain_or_as_torchvision_leaves_it(
    tmp_path, place, unpacked
):
    files = mirror.fill(tmp_path / "mine" / place, unpacked)
    digits = data.load_mnist(tmp_path / "mine")
    assert is_the_stand_in(digits)
    assert str(files.resolve()) in digits.source
    assert data.find_mnist(str(tmp_path / "mine")) == files.resolve()


@pytest.mark.parametrize(
    "place",
    [
        "cache/mnist",
        "home/work/data/MNIST/raw",
        "home/data/MNIST/raw",
        "home/data",
    ],
)
def test_the_usual_places_are_found(tmp_path, place, capsys):
    folder = mirror.fill(tmp_path / place)
    assert data.find_mnist() == folder
    assert is_the_stand_in(data.load_mnist())
    assert capsys.readouterr() == ("", "")


def test_course_data_comes_first(tmp_path, monkeypatch, cache):
    mirror.fill(cache)
    chosen = mirror.fill(tmp_path / "chosen")
    monkeypatch.setenv("COURSE_DATA", str(chosen))
    assert data.find_mnist() == chosen
    monkeypatch.setenv("COURSE_DATA", "")
    assert data.find_mnist() == cache


def test_course_data_that_does_not_do_is_said_in_one_line_and_the_search_goes_on(
    tmp_path, monkeypatch, cache, capsys
):
    mirror.fill(cache)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "nowhere"))
    assert is_the_stand_in(data.load_mnist())
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "nowhere" in said
    assert "there is no such folder" in said


def test_images_are_read_only_and_share_the_memory_of_the_file(cache):
    mirror.fill(cache)
    images = data.load_mnist().train.images
    with pytest.raises(ValueError, match="read-only"):
        images[0] = 0


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda path: path.unlink(), "train-images-idx3-ubyte.gz is missing"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "bytes instead of"),
        (lambda path: path.write_bytes(b""), "has 0 bytes instead of"),
        (lambda path: path.write_bytes(mirror.damaged(path.read_bytes())), "is damaged"),
        (lambda path: (path.unlink(), path.mkdir()), "train-images-idx3-ubyte.gz is missing"),
    ],
    ids=["missing", "truncated", "empty", "damaged", "a folder"],
)
def test_a_named_folder_with_one_bad_file_is_refused_by_file_and_reason(
    tmp_path, cache, server, monkeypatch, spoil, reason
):
    mirror.fill(cache)
    monkeypatch.setattr(mnist, "MIRRORS", (server["good"],))
    folder = mirror.fill(tmp_path / "mine")
    spoil(folder / LARGEST)
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    with pytest.raises(data.MnistUnavailable) as refused:
        data.load_mnist(folder)
    assert LARGEST in str(refused.value)
    assert reason in str(refused.value)
    assert data.find_mnist(folder) is None
    # Nothing of the reader's own is touched: other data sets use the same four names.
    assert before == {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert server.requests == []


def test_a_bad_packed_file_does_not_hide_a_good_unpacked_one(tmp_path):
    folder = mirror.fill(mirror.fill(tmp_path / "mine"), unpacked=True)
    (folder / LARGEST).write_bytes(b"half")
    assert is_the_stand_in(data.load_mnist(folder))


def test_a_damaged_unpacked_file_is_refused_too(tmp_path):
    folder = mirror.fill(tmp_path / "mine", unpacked=True)
    path = folder / LARGEST.removesuffix(".gz")
    path.write_bytes(mirror.damaged(path.read_bytes()))
    with pytest.raises(data.MnistUnavailable, match=f"{path.name} is damaged"):
        data.load_mnist(folder)


def test_a_file_that_cannot_be_read_is_named_with_the_reason(tmp_path, monkeypatch):
    folder = mirror.fill(tmp_path / "mine")

    def denied(path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "read_bytes", denied)
    with pytest.raises(data.MnistUnavailable, match=r"can't be read \(Permission denied"):
        data.load_mnist(folder)


def test_a_file_of_the_wrong_shape_is_refused_even_if_its_hash_is_listed(cache, monkeypatch):
    mirror.fill(cache)
    wrong = [
        mnist.MnistFile(f.name, f.shape[::-1], f.packed_size, f.packed_sha256, f.unpacked_sha256)
        for f in mirror.FILES
    ]
    monkeypatch.setattr(mnist, "FILES", tuple(wrong))
    with pytest.raises(ValueError, match="does not hold unsigned bytes of shape"):
        data.load_mnist()


@pytest.mark.parametrize("folder", [3, ["data"], b"data"])
def test_a_folder_that_is_no_path_is_refused_in_words(folder):
    with pytest.raises(TypeError, match="folder must be a path, got"):
        data.load_mnist(folder)


# ------------------------------------------------------------------------------ downloading, well


@pytest.mark.parametrize("behavior", ["good", "without_length", "moved"])
def test_a_good_mirror_fills_the_cache_and_is_asked_only_once(
    server, cache, monkeypatch, behavior, capsys
):
    monkeypatch.setattr(mnist, "MIRRORS", (server[behavior],))
    assert is_the_stand_in(data.load_mnist())
    assert names(cache) == ALL_FOUR
    asked = len(server.requests)
    capsys.readouterr()
    assert is_the_stand_in(data.load_mnist())
    assert len(server.requests) == asked
    assert capsys.readouterr() == ("", "")


def test_the_second_mirror_is_not_asked_while_the_first_does(server, monkeypatch):
    monkeypatch.setattr(mnist, "MIRRORS", (server["good"], server["moved"]))
    data.load_mnist()
    assert sorted(server.asked("good")) == ALL_FOUR
    assert server.asked("moved") == []


def test_only_what_is_not_intact_in_the_cache_is_fetched(server, cache, monkeypatch):
    mirror.fill(cache)
    (cache / SMALLEST).unlink()
    (cache / LARGEST).write_bytes(mirror.damaged((cache / LARGEST).read_bytes()))
    monkeypatch.setattr(mnist, "MIRRORS", (server["good"],))
    assert is_the_stand_in(data.load_mnist())
    assert server.asked("good") == [SMALLEST, LARGEST]
    assert data.find_mnist() == cache


def test_a_slow_download_shows_how_far_it_is(server, monkeypatch, capsys):
    monkeypatch.setattr(mnist, "MIRRORS", (server["in_pieces"],))
    assert is_the_stand_in(data.load_mnist())
    shown = capsys.readouterr()
    assert "MNIST:" in shown.out
    assert "%" in shown.out
    assert shown.err == ""


def test_a_slow_download_that_keeps_coming_is_waited_for(server, monkeypatch):
    """The largest file takes 5 seconds here, more than a mirror may stay silent."""
    server.pause = 0.4
    monkeypatch.setattr(mnist, "PATIENCE", 4.0)
    monkeypatch.setattr(mnist, "SLOWEST", 1e3)
    monkeypatch.setattr(mnist, "MIRRORS", (server["in_pieces"],))
    assert is_the_stand_in(data.load_mnist())


def test_a_download_that_stalls_is_given_up_however_well_it_began(server, monkeypatch):
    """Half the file came at once; at the slowest rate it would have a minute for that."""
    monkeypatch.setattr(mnist, "PATIENCE", 0.5)
    monkeypatch.setattr(mnist, "SLOWEST", 1.0)
    monkeypatch.setattr(mnist, "MIRRORS", (server["stalling"],))
    # On a busy machine nothing may have come yet: that is given up, too.
    with pytest.raises(data.MnistUnavailable, match=r"was silent for 0\.5 seconds|sent 0 bytes"):
        data.load_mnist()


def test_all_files_and_mirrors_together_have_an_end(server, monkeypatch):
    """Each file alone would still be waited for, and so would each mirror."""
    monkeypatch.setattr(mnist, "LONGEST", 0.6)
    monkeypatch.setattr(mnist, "MIRRORS", (server["silent"], server["stalling"]))
    with pytest.raises(data.MnistUnavailable, match=r"the download has taken 0\.01 minutes"):
        data.load_mnist()


class StartsAndEnds(threading.Thread):
    """A thread that has ended when `start` returns, as one can that receives a small file."""

    def start(self):
        super().start()
        self.join()


@pytest.mark.parametrize("thread", [threading.Thread, StartsAndEnds])
def test_the_progress_bar_ends_at_all_bytes_even_if_a_mirror_failed(server, monkeypatch, thread):
    ended = []
    around = types.SimpleNamespace(Thread=thread, Event=threading.Event)
    monkeypatch.setattr(mnist, "threading", around)

    class Recorded(tqdm.tqdm):
        def close(self):
            ended.append((self.n, self.total))
            super().close()

    monkeypatch.setattr(tqdm, "tqdm", Recorded)
    monkeypatch.setattr(mnist, "MIRRORS", (server["truncated"], server["good"]))
    data.load_mnist()
    everything = sum(len(content) for content in mirror.PACKED.values())
    assert ended[0] == (everything, everything)


def test_no_two_downloads_write_into_the_same_temporary_file(server, cache, monkeypatch):
    moved, replace = [], os.replace
    monkeypatch.setattr(os, "replace", lambda a, b: (moved.append(Path(a)), replace(a, b)))
    monkeypatch.setattr(mnist, "MIRRORS", (server["good"],))
    for _ in range(2):
        data.load_mnist()
        shutil.rmtree(cache)
    assert len(set(moved)) == 8
    assert {path.parent for path in moved} == {cache}


def test_the_new_files_can_be_read_by_others(server, cache, monkeypatch):
    monkeypatch.setattr(mnist, "MIRRORS", (server["good"],))
    data.load_mnist()
    (cache / "by hand").write_bytes(b"")
    ordinary = (cache / "by hand").stat().st_mode
    assert {(cache / name).stat().st_mode for name in ALL_FOUR} == {ordinary}


# ----------------------------------------------------------------------------- downloading, badly

FAILURES = {
    "truncated": r"sent \d+ bytes instead of \d+",
    "corrupted": "is damaged",
    "too_long": r"sent more than the \d+ bytes",
    "length_too_small": r"sent \d+ bytes instead of \d+",
    "empty": "sent 0 bytes instead of",
    "refused": "answered 403 Forbidden",
    "missing": "answered 404 Not Found",
    "busy": "answered 503 Service Unavailable",
    "sign_in_page": "sent a web page instead of the file",
    "going_round": "answered 302",
    "silent": "silent for 1 seconds|too slow",
    "stalling": "silent for 1 seconds|too slow",
    "dripping": "too slow",
    "dripping_headers": "too slow",
    "never_ending": r"sent more than the \d+ bytes",
    "not_http": "is not HTTP",
    "hanging_up": "not HTTP or breaks off|[Cc]losed",
}


@pytest.fixture(params=FAILURES)
def behavior(request, monkeypatch):
    """Each way to fail; where it is a matter of waiting, patience with that mirror is short."""
    receive = mnist._receive

    def impatient(url, file, bar, end):
        with pytest.MonkeyPatch.context() as short:
            if f"/{request.param}/" in url:
                short.setattr(mnist, "PATIENCE", 1.0)
            return receive(url, file, bar, end)

    if "slow" in FAILURES[request.param]:
        monkeypatch.setattr(mnist, "_receive", impatient)
    return request.param


def test_a_bad_mirror_is_left_for_the_next(server, cache, monkeypatch, behavior):
    monkeypatch.setattr(mnist, "MIRRORS", (server[behavior], server["good"]))
    assert is_the_stand_in(data.load_mnist())
    assert names(cache) == ALL_FOUR
    # One bad answer is enough: the mirror that failed is not asked for the files that follow.
    assert set(server.asked(behavior)) == {SMALLEST}


def test_a_bad_mirror_alone_ends_in_words_and_leaves_nothing_behind(
    server, cache, monkeypatch, behavior
):
    monkeypatch.setattr(mnist, "MIRRORS", (server[behavior],))
    with pytest.raises(data.MnistUnavailable, match=FAILURES[behavior]) as ended:
        data.load_mnist()
    said = str(ended.value)
    assert f"{server[behavior]}{SMALLEST}" in said
    assert str(cache) in said
    assert "COURSE_DATA" in said
    assert "Traceback" not in said
    assert not cache.exists()


def test_a_length_announced_too_big_does_no_harm(server, monkeypatch):
    """All bytes came and their hash is right; that the mirror promised more is its own affair."""
    monkeypatch.setattr(mnist, "MIRRORS", (server["length_too_big"],))
    assert is_the_stand_in(data.load_mnist())


def test_mirrors_that_each_have_only_some_files_do_together(server, cache, monkeypatch):
    def half(answer, content):
        odd = list(mirror.PACKED.values()).index(content) % 2
        (answer.good if odd else answer.missing)(content)

    def other_half(answer, content):
        odd = list(mirror.PACKED.values()).index(content) % 2
        (answer.missing if odd else answer.good)(content)

    monkeypatch.setattr(mirror._Answer, "half", half, raising=False)
    monkeypatch.setattr(mirror._Answer, "other_half", other_half, raising=False)
    monkeypatch.setattr(mnist, "MIRRORS", (server["half"], server["other_half"]))
    assert is_the_stand_in(data.load_mnist())
    assert names(cache) == ALL_FOUR


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://127.0.0.1:9/", "refused"),
        ("https://127.0.0.1:{port}/good/", r"the secure connection failed \("),
        ("not an address/", "unknown url type"),
    ],
)
def test_a_mirror_that_cannot_be_reached_is_said_in_words(server, monkeypatch, address, words):
    monkeypatch.setattr(mnist, "MIRRORS", (address.format(port=server.server_port),))
    with pytest.raises(data.MnistUnavailable, match=words):
        data.load_mnist()


def test_without_a_network_the_message_says_so(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setattr(mnist, "MIRRORS", ("https://mirror.invalid/",))
    with pytest.raises(data.MnistUnavailable, match="is there a network"):
        data.load_mnist()


def test_an_untrusted_certificate_is_said_in_words():
    error = mnist.ssl.SSLCertVerificationError("certificate verify failed")
    error.verify_message = "self-signed certificate"
    wrapped = mnist.urllib.error.URLError(error)
    assert mnist._in_words(wrapped) == "the secure connection failed (self-signed certificate)"


def test_the_message_names_each_place_each_attempt_and_the_two_steps(
    server, cache, monkeypatch, tmp_path
):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "chosen"))
    mirror.fill(cache)
    (cache / LARGEST).write_bytes(b"half a file")
    monkeypatch.setattr(mnist, "MIRRORS", (server["busy"], server["refused"]))
    with pytest.raises(data.MnistUnavailable) as ended:
        data.load_mnist()
    said = str(ended.value)
    assert f"{tmp_path / 'chosen'} (named by COURSE_DATA): there is no such folder" in said
    assert f"{cache} (the cache): {LARGEST} has 11 bytes instead of" in said
    assert said.count(f"{tmp_path / 'home' / 'data'}:") == 1
    assert "answered 503" in said
    assert "answered 403" in said
    assert all(f"{server['busy']}{name}" in said for name in ALL_FOUR)
    assert f"Put them into the folder {cache}" in said
    # What is intact stays; the half file is not used and waits for a better day.
    assert names(cache) == ALL_FOUR


def test_ipython_shows_the_message_instead_of_a_traceback(server, monkeypatch):
    interactive = pytest.importorskip("IPython.core.interactiveshell")
    shell = interactive.InteractiveShell()
    monkeypatch.setattr(mnist, "MIRRORS", (server["busy"],))
    shown = []
    monkeypatch.setattr(shell, "_showtraceback", lambda kind, error, lines: shown.extend(lines))
    shell.run_cell("from course_lib.data import load_mnist; load_mnist()")
    assert len(shown) == 1
    assert shown[0].startswith("MNIST is not on this computer, and the download failed.")


def test_an_interrupted_download_leaves_nothing_behind(server, cache, monkeypatch):
    monkeypatch.setattr(mnist, "MIRRORS", (server["stalling"],))
    monkeypatch.setattr(mnist, "PATIENCE", 20.0)
    join = threading.Thread.join

    def interrupted(thread, timeout=None):
        join(thread, timeout)
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "join", interrupted)
    with pytest.raises(KeyboardInterrupt):
        data.load_mnist()
    monkeypatch.undo()
    assert not cache.exists()


# ------------------------------------------------------------------------------ offline, stand-in


def test_course_offline_downloads_nothing(server, cache, monkeypatch):
    monkeypatch.setattr(mnist, "MIRRORS", (server["good"],))
    monkeypatch.setenv("COURSE_OFFLINE", "True")
    with pytest.raises(data.MnistUnavailable, match="COURSE_OFFLINE is set"):
        data.load_mnist()
    assert server.requests == []
    monkeypatch.setenv("COURSE_OFFLINE", "false")
    assert is_the_stand_in(data.load_mnist())


def test_with_neither_cache_nor_network_the_small_digits_step_in_and_one_line_says_so(
    server, monkeypatch, capsys
):
    monkeypatch.setattr(mnist, "MIRRORS", (server["busy"],))
    digits = data.load_digits()
    assert digits.name == "Small digits"
    assert len(digits.train) == 1437
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "small digits" in said
    assert "the download failed" in said
    assert "load_mnist()" in said


def test_with_mnist_at_hand_load_digits_is_load_mnist_and_says_nothing(cache, capsys):
    mirror.fill(cache)
    assert is_the_stand_in(data.load_digits())
    assert capsys.readouterr() == ("", "")


def test_a_named_folder_without_mnist_also_falls_back_to_the_small_digits(tmp_path, capsys):
    assert data.load_digits(tmp_path).name == "Small digits"
    assert "none of the four MNIST files is there" in capsys.readouterr().out


# ---------------------------------------------------------------------------- disks and processes


def in_a_process(cache: Path, mirrors: tuple[str, ...], code: str = "", before: tuple = ()):
    """Start a Python that loads the stand-in and prints whether it is right."""
    script = (
        f"import sys; sys.path[:0] = [{str(HERE)!r}, {str(HERE.parents[1])!r}]\n"
        "from pathlib import Path\n"
        "import mirror, test_data_mnist\n"
        "from course_lib import data, mnist\n"
        f"mirror.stand_in_for_mnist(Path({str(cache)!r}), {mirrors!r})\n"
        f"{code}\n"
        "print('right' if test_data_mnist.is_the_stand_in(data.load_mnist()) else 'wrong')\n"
    )
    return subprocess.Popen(
        [*before, sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process) -> list[str]:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert err == ""
    return lines(out)


def test_two_processes_at_once_both_succeed(server, cache):
    patient = "mnist.PATIENCE = 60"  # the first waits for the second, which may start late
    both = [in_a_process(cache, (server["together"],), patient) for _ in range(2)]
    assert [finish(process) for process in both] == [["right"], ["right"]]
    assert sorted(server.asked("together")) == sorted(2 * ALL_FOUR)
    assert names(cache) == ALL_FOUR
    assert data.find_mnist() == cache


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        ("while receiving", ""),
        (
            "while writing",
            # Half of the largest file goes to the disk, and then nothing more.
            "import time\n"
            "real = Path.write_bytes\n"
            "def halting(path, content):\n"
            "    if 'train-images' not in path.name: return real(path, content)\n"
            "    real(path, content[: len(content) // 2]); print('half', flush=True)\n"
            "    time.sleep(600)\n"
            "Path.write_bytes = halting\n",
        ),
        (
            "before moving",
            "import os, time\n"
            "def halting(source, target):\n"
            "    print('half', flush=True); time.sleep(600)\n"
            "os.replace = halting\n",
        ),
    ],
)
def test_a_process_killed_half_way_leaves_nothing_that_is_used(
    server, cache, monkeypatch, moment, code
):
    receiving = moment == "while receiving"
    process = in_a_process(cache, (server["stalling" if receiving else "good"],), code)
    if receiving:
        until = time.monotonic() + 120
        while not server.requests and time.monotonic() < until:
            time.sleep(0.02)
        assert server.requests, process.communicate()
    else:
        # On a busy computer a progress bar stands before it.
        assert any(line.endswith("half\n") for line in process.stdout), process.communicate()
    process.kill()
    process.communicate()
    assert data.find_mnist() is None

    leftovers = list(cache.glob(".*.part")) if cache.exists() else []
    assert bool(leftovers) is not receiving
    monkeypatch.setattr(mnist, "MIRRORS", (server["good"],))
    assert is_the_stand_in(data.load_mnist())
    assert data.find_mnist() == cache


def test_old_leftovers_are_removed_and_young_ones_left_to_their_process(server, cache, monkeypatch):
    cache.mkdir(parents=True)
    old, young, other = (cache / name for name in (".a.gz.1-2.part", ".b.gz.3-4.part", "notes.txt"))
    for path in (old, young, other):
        path.write_bytes(b"half")
    long_ago = time.time() - 2 * mnist.ABANDONED
    for path in (old, other):
        os.utime(path, (long_ago, long_ago))
    monkeypatch.setattr(mnist, "MIRRORS", (server["good"],))
    data.load_mnist()
    assert names(cache) == sorted([*ALL_FOUR, young.name, other.name])


def said_not_saved(said: list[str], cache: Path) -> bool:
    return (
        len(said) == 1
        and said[0].startswith(f"MNIST can't be saved in {cache} (")
        and said[0].endswith("It is used from memory and will be downloaded again next time.")
    )


@pytest.mark.parametrize("which", [*ALL_FOUR, ""])
def test_when_writing_fails_mnist_is_used_from_memory_and_one_line_says_so(
    server, cache, monkeypatch, capsys, which
):
    """One of the four files can't be written, or none can."""
    real = Path.write_bytes

    def full(path, content):
        if which not in path.name:
            return real(path, content)
        real(path, content[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    monkeypatch.setattr(mnist, "MIRRORS", (server["good"],))
    digits = data.load_mnist()
    assert is_the_stand_in(digits)
    assert digits.source == "a download kept in memory"
    assert said_not_saved(lines(capsys.readouterr().out), cache)
    assert names(cache) == ([name for name in ALL_FOUR if name != which] if which else [])


def test_a_file_in_place_of_the_cache_folder_is_no_obstacle(server, cache, monkeypatch, capsys):
    cache.parent.mkdir()
    cache.write_text("in the way")
    monkeypatch.setattr(mnist, "MIRRORS", (server["good"],))
    assert is_the_stand_in(data.load_mnist())
    assert said_not_saved(lines(capsys.readouterr().out), cache)
    assert cache.read_text() == "in the way"


def test_a_file_that_cannot_be_replaced_because_another_process_just_put_it_there_is_fine(
    server, cache, monkeypatch, capsys
):
    """On Windows a file that is being read can't be replaced."""

    def busy(source, target):
        shutil.copy(source, target)
        raise PermissionError(errno.EACCES, "is being used by another process")

    monkeypatch.setattr(os, "replace", busy)
    monkeypatch.setattr(mnist, "MIRRORS", (server["good"],))
    assert is_the_stand_in(data.load_mnist())
    assert "can't be saved" not in capsys.readouterr().out
    assert names(cache) == ALL_FOUR


def in_its_own_mounts(options: str, folder: Path) -> tuple[str, ...]:
    """Return the words that run a command with a tmpfs on `folder` that nobody else sees."""
    mount = f"mount -t tmpfs -o {options} tmpfs '{folder}'"
    as_root = [] if hasattr(os, "geteuid") and os.geteuid() == 0 else ["--map-root-user"]
    words = ("unshare", "--mount", *as_root, "sh", "-c", f'{mount} && exec "$@"', "sh")
    if (
        not shutil.which("unshare")
        or subprocess.run([*words, "true"], capture_output=True).returncode
    ):
        pytest.skip("this computer does not allow a small file system to be mounted")
    return words


def test_on_a_full_disk_mnist_is_used_from_memory(server, cache):
    cache.mkdir(parents=True)
    # Room for the labels, not for the 48 kB of training images.
    before = in_its_own_mounts("size=32k", cache)
    code = (
        "import atexit\n"
        "atexit.register(lambda: print('left:', sorted(p.name for p in "
        "mnist.cache_folder().iterdir())))"
    )
    *said, verdict, left = finish(in_a_process(cache, (server["good"],), code, before))
    assert verdict == "right"
    assert said_not_saved(said, cache)
    assert "(No space left on device)" in said[0]
    assert LARGEST not in left
    assert ".part" not in left


def test_with_a_read_only_cache_mnist_is_used_from_memory(server, cache):
    cache.mkdir(parents=True)
    before = in_its_own_mounts("ro", cache)
    *said, verdict = finish(in_a_process(cache, (server["good"],), before=before))
    assert verdict == "right"
    assert said_not_saved(said, cache)
    assert "(Read-only file system)" in said[0]


# ----------------------------------------------------------------------- python -m course_lib.data


def test_the_command_fetches_mnist_and_says_where_it_is(server, cache, monkeypatch, capsys):
    monkeypatch.setattr(mnist, "MIRRORS", (server["good"],))
    for _ in range(2):
        assert data._main() == 0
        assert lines(capsys.readouterr().out) == [f"MNIST is in {cache}"]
    assert sorted(server.asked("good")) == ALL_FOUR


def test_the_command_fails_in_words(server, cache, monkeypatch, capsys):
    monkeypatch.setattr(mnist, "MIRRORS", (server["busy"],))
    assert data._main() == 1
    assert "Download these four files with a browser" in capsys.readouterr().err
    cache.parent.mkdir()
    cache.write_text("in the way")
    monkeypatch.setattr(mnist, "MIRRORS", (server["good"],))
    assert data._main() == 1
    assert f"MNIST can't be saved in {cache}" in capsys.readouterr().err


def test_the_command_runs_as_a_module(tmp_path):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("COURSE_")}
    clean |= {"COURSE_OFFLINE": "1", "PYTHONPATH": str(HERE.parents[1])}
    clean |= {name: str(tmp_path) for name in ("HOME", "USERPROFILE", "LOCALAPPDATA")}
    clean |= {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "course_lib.data"],
        capture_output=True,
        text=True,
        env=clean,
        cwd=tmp_path,
    )
    if done.returncode == 0:
        pytest.skip("this computer's cache can't be moved out of sight, and it holds MNIST")
    assert done.returncode == 1
    assert done.stderr.startswith("MNIST is not on this computer, and COURSE_OFFLINE is set")
    assert "Traceback" not in done.stderr


def test_the_mirrors_are_asked_over_https_only():
    import importlib.util

    fresh = importlib.util.spec_from_file_location("fresh", mnist.__file__)
    module = importlib.util.module_from_spec(fresh)
    sys.modules["fresh"] = module
    fresh.loader.exec_module(module)
    assert len(module.MIRRORS) == 2
    assert all(url.startswith("https://") and url.endswith("/mnist/") for url in module.MIRRORS)
