"""What Linux offers to shut a process in, called directly: namespaces, mounts, limits, seccomp.

Nothing here knows of homework. Each function changes the process that calls it, for good.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import resource
import socket
import struct
from collections.abc import Iterable
from pathlib import Path

__all__ = [
    "ROOM_FOR_USERS",
    "become",
    "close_others",
    "deny_calls",
    "drop_powers",
    "free_processor",
    "free_user",
    "limit",
    "mount_elsewhere",
    "new_root",
    "unshare",
]

_libc = ctypes.CDLL(None, use_errno=True)

NEWNS, NEWCGROUP, NEWUTS, NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
NEWUSER, NEWPID, NEWNET = 0x10000000, 0x20000000, 0x40000000
NEWTIME = 0x80

_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 1, 2, 4, 8
_MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 32, 4096, 16384, 1 << 18
_MNT_DETACH = 2
_LOCKED = {  # flags a bind mount may be locked to, by what statvfs calls them
    os.ST_RDONLY: _MS_RDONLY,
    os.ST_NOSUID: _MS_NOSUID,
    os.ST_NODEV: _MS_NODEV,
    os.ST_NOEXEC: _MS_NOEXEC,
    os.ST_NOATIME: 1024,
    os.ST_NODIRATIME: 2048,
    os.ST_RELATIME: 1 << 21,
}

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP = 1, 4, 22
_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 24, 38

ROOM_FOR_USERS = 5000


def _called(result: int, what: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def unshare(flags: int) -> None:
    """Leave the namespaces named by `flags` for new ones."""
    _called(_libc.unshare(flags), "unshare")


def _prctl(*arguments: int) -> None:
    longs = [ctypes.c_ulong(value) for value in arguments[1:]]
    longs += [ctypes.c_ulong(0)] * (5 - len(arguments))
    _called(_libc.prctl(arguments[0], *longs), f"prctl {arguments[0]}")


def die_with_parent() -> None:
    """Let this process be killed when the one that made it ends."""
    _prctl(_PR_SET_PDEATHSIG, 9)


def readable_by_itself() -> None:
    """Let this process see its own entries in /proc, which a change of user takes away."""
    _prctl(_PR_SET_DUMPABLE, 1)


def unreadable() -> None:
    """Let no process of the same user look into this one, or write into its memory."""
    _prctl(_PR_SET_DUMPABLE, 0)


# --------------------------------------------------------------------------------------- file tree


def _mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    made = _libc.mount(
        os.fsencode(source),
        os.fsencode(target),
        kind.encode(),
        ctypes.c_ulong(flags),
        options.encode(),
    )
    _called(made, f"mount on {target}")


def _bind(source: str, target: str, flags: int = _MS_RDONLY | _MS_NOSUID | _MS_NODEV) -> None:
    """Show `source` at `target`, read-only. Flags that a host has locked stay as they are."""
    _mount(source, target, "", _MS_BIND | _MS_REC)
    there = os.statvfs(target).f_flag
    for name, flag in _LOCKED.items():
        flags |= flag if there & name else 0
    _mount("", target, "", _MS_BIND | _MS_REMOUNT | flags)


def mount_elsewhere(places: dict[str, str], user: int | None) -> None:
    """Show folders at other places too, to this process and those that it makes.

    Parameters
    ----------
    places : dict of str
        For each folder, where. What else the top folder of these places holds is hidden.
    user : int or None
        Whom a root without the power to do it becomes first.
    """
    try:
        unshare(NEWNS)
    except OSError:
        if user is not None:
            with contextlib.suppress(OSError):
                become(user)
                readable_by_itself()
        user, group = os.geteuid(), os.getegid()
        unshare(NEWUSER | NEWNS)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    _mount("", "/", "", _MS_REC | _MS_PRIVATE)
    held = {place: os.open(path, os.O_PATH) for path, place in places.items()}
    (base,) = {f"/{Path(place).parts[1]}" for place in places.values()}
    _mount("tmpfs", base, "tmpfs", _MS_NOSUID | _MS_NODEV, "size=1m,mode=755")
    for place, number in held.items():
        os.makedirs(place)
        _bind(f"/proc/self/fd/{number}", place)
        os.close(number)


def new_root(shown: Iterable[Path], hidden: Iterable[Path], room: int) -> None:
    """Replace the whole file tree by an empty one that shows only what it is told, read-only.

    Needs namespaces of its own for mounts and processes. The working directory becomes /tmp, which
    is new, writable and holds `room` bytes at most.

    Parameters
    ----------
    shown : iterable of Path
        Folders that are seen at the place where they are.
    hidden : iterable of Path
        Folders that are empty even if they lie in one of those; what is shown and lies in a hidden
        one is seen nevertheless.
    room : int
        Bytes in /tmp.
    """
    _mount("", "/", "", _MS_REC | _MS_PRIVATE)
    # A place that certainly exists and whose own content is not needed any more.
    base = "/tmp"
    _mount("tmpfs", base, "tmpfs", _MS_NOSUID | _MS_NODEV, "size=1m,mode=755")
    old = f"{base}/.old"
    os.mkdir(old)
    _called(_libc.syscall(_NUMBERS["pivot_root"], base.encode(), old.encode()), "pivot_root")
    os.chdir("/")
    old = "/.old"

    # First, because the course itself may lie in /tmp: what is shown goes on top of it.
    os.makedirs("/tmp", exist_ok=True)
    _mount(
        "tmpfs", "/tmp", "tmpfs", _MS_NOSUID | _MS_NODEV, f"size={room},nr_inodes=4096,mode=1777"
    )

    # A folder goes in before what lies in it.
    places = [(Path(os.path.abspath(path)), True) for path in shown]
    places += [(Path(os.path.abspath(path)), False) for path in hidden]
    covers = []
    for path, seen in sorted(places, key=lambda place: (len(place[0].parts), place[1])):
        if seen:
            _show(old, path)
        elif path.is_dir():
            _mount("tmpfs", str(path), "tmpfs", _MS_NOSUID | _MS_NODEV, "size=1m,mode=755")
            covers.append(str(path))
    _devices(old)
    os.makedirs("/proc", exist_ok=True)
    with contextlib.suppress(OSError):  # a container may forbid it, and little is missed
        _mount("proc", "/proc", "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
        # Where no other user can be had, it is the owner of the kernel's settings.
        for place in ("sys", "sysrq-trigger", "irq", "bus"):
            if os.path.exists(f"/proc/{place}"):
                _bind(f"/proc/{place}", f"/proc/{place}")
    _called(_libc.umount2(old.encode(), _MNT_DETACH), "umount")
    os.rmdir(old)
    for place in [*covers, "/"]:
        _mount("", place, "", _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | _MS_NODEV)
    os.chdir("/tmp")


def _show(old: str, path: Path) -> None:
    source = f"{old}{path}"
    if os.path.islink(source):
        os.makedirs(path.parent, exist_ok=True)
        if not os.path.lexists(path):
            os.symlink(os.readlink(source), path)
    elif os.path.isdir(source):
        os.makedirs(path, exist_ok=True)
        _bind(source, str(path))


def _devices(old: str) -> None:
    os.makedirs("/dev", exist_ok=True)
    # No "zero": mapped, it is memory that belongs to no process, see `deny_calls`.
    for name in ("null", "random", "urandom"):
        place = f"/dev/{name}"
        os.close(os.open(place, os.O_CREAT | os.O_WRONLY))
        with contextlib.suppress(OSError):
            _mount(f"{old}{place}", place, "", _MS_BIND)


# ------------------------------------------------------------------------------------------- users


def free_user(number: int) -> int:
    """Return a user id that belongs to nobody, another one for each of many numbers."""
    with open("/proc/self/uid_map") as file:
        highest = max(int(start) + int(count) for start, _, count in map(str.split, file))
    base = 2_000_000_000 if highest > 2_100_000_000 else min(highest, 65_000) - ROOM_FOR_USERS
    return max(base, 1000) + number % ROOM_FOR_USERS


def other_users() -> bool:
    """Return whether there is any other user here; a user namespace may hold a single one."""
    with open("/proc/self/uid_map") as file:
        return sum(int(line.split()[2]) for line in file) > 1


def free_processor() -> tuple[int | None, socket.socket | None]:
    """Return a processor that no other caller has, and what holds it until it is closed.

    Whoever is kept on a processor of its own takes no time from others, with however many
    processes. Both are None if there are more callers than processors.
    """
    for number in sorted(os.sched_getaffinity(0)):
        place = socket.socket(socket.AF_UNIX)
        try:
            # A name that can be taken once on a machine, and is free again when its owner dies.
            place.bind(f"\0course-homework-processor-{number}")
        except OSError:
            place.close()
            continue
        return number, place
    return None, None


def become(user: int) -> None:
    """Be another user, in no group but one of the same number."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def drop_powers(user: int | None) -> None:
    """Become `user`, with no capability and no way to get one.

    None keeps the user and gives away the capabilities that a user namespace lends.
    """
    for capability in range(64):
        try:
            _prctl(_PR_CAPBSET_DROP, capability)
        except OSError:
            break
    if user is not None:
        become(user)
    # Version 3 of the header, for this process; then two times effective, permitted, inheritable.
    header, nothing = struct.pack("<Ii", 0x20080522, 0), bytes(24)
    _called(_libc.syscall(_NUMBERS["capset"], header, nothing), "capset")
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def limit(*, memory: int, processes: int, file_size: int, seconds: float, files: int = 64) -> None:
    """Set what this process, and each that it makes, may use; a limit can't be raised again."""
    cpu = max(1, int(seconds + 0.999))
    mapped = 0
    with contextlib.suppress(OSError), open("/proc/self/statm") as file:
        mapped = int(file.read().split()[0]) * resource.getpagesize()
    for name, value in (
        # What is mapped but not filled costs the kernel its tables.
        (resource.RLIMIT_AS, mapped + 2 * memory),
        (resource.RLIMIT_DATA, memory),
        (resource.RLIMIT_NPROC, processes),
        (resource.RLIMIT_FSIZE, file_size),
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_NOFILE, files),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_STACK, 64 << 20),
    ):
        _, most = resource.getrlimit(name)
        value = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(name, (value, value))


def close_others(kept: Iterable[int]) -> None:
    """Close every open file but those of `kept`."""
    begin = 0
    for number in [*sorted(kept), 1 << 20]:
        if begin < number:  # an empty range would mean all of them
            os.closerange(begin, number)
        begin = number + 1


# ----------------------------------------------------------------------------------------- seccomp

_MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_TABLE = {  # name: (x86_64, aarch64)
    "pivot_root": (155, 41),
    "capset": (126, 91),
    "seccomp": (317, 277),
    "clone": (56, 220),
    "clone3": (435, 435),
    "socket": (41, 198),
    "socketpair": (53, 199),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "mount": (165, 40),
    "umount2": (166, 39),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "mount_setattr": (442, 442),
    "unshare": (272, 97),
    "setns": (308, 268),
    "chroot": (161, 51),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "kexec_load": (246, 104),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "personality": (135, 92),
    "fanotify_init": (300, 262),
    "inotify_init": (253, 26),
    "inotify_init1": (294, 26),
    "pidfd_getfd": (438, 438),
    "vmsplice": (278, 75),
    "sched_setaffinity": (203, 122),
    "mmap": (9, 222),
}
_COLUMN = {"x86_64": 0, "aarch64": 1}.get(platform.machine())
_NUMBERS = {} if _COLUMN is None else {name: both[_COLUMN] for name, both in _TABLE.items()}
_USED = ("pivot_root", "capset", "seccomp", "clone", "clone3", "mmap")
_MAP_SHARED, _MAP_ANONYMOUS = 0x01, 0x20


def deny_calls() -> None:
    """Refuse the system calls that nobody's homework needs, and every socket.

    They fail with `PermissionError`. Without it namespaces still hold; this takes away most of the
    kernel that a flaw could be looked for in, the memory that belongs to no process and is counted
    nowhere, such as the buffers of sockets, and the way to another processor.

    Raises
    ------
    OSError
        If the kernel has no seccomp, or this is a machine whose calls are not known here.
    """
    machine = platform.machine()
    if machine not in _MACHINES:
        raise OSError(f"The system calls of {machine} are not known.")
    load = lambda offset: (0x20, 0, 0, offset)  # noqa: E731
    give = lambda value: (0x06, 0, 0, value)  # noqa: E731
    allow, refuse, unknown = give(0x7FFF0000), give(0x00050000 | 1), give(0x00050000 | 38)
    equal, at_least, has = 0x15, 0x35, 0x45
    new = NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET
    # Each test jumps over the verdict below it, or not.
    lines = [load(4), (equal, 1, 0, _MACHINES[machine]), refuse, load(0)]
    lines += [(at_least, 0, 1, 0x40000000), refuse]
    # glibc then takes `clone`, whose flags can be looked at.
    lines += [(equal, 0, 1, _NUMBERS["clone3"]), unknown]
    for name, number in _NUMBERS.items():
        if name not in _USED or name == "pivot_root":
            lines += [(equal, 0, 1, number), refuse]
    # Memory that is shared stays, uncounted, when its owner lets go of the pages.
    lines += [(equal, 0, 5, _NUMBERS["mmap"]), load(40), (has, 0, 2, _MAP_SHARED)]
    lines += [(has, 0, 1, _MAP_ANONYMOUS), refuse, allow]
    lines += [(equal, 0, 4, _NUMBERS["clone"]), load(16), (has, 0, 1, new), refuse, allow, allow]
    program = b"".join(struct.pack("<HBBI", *line) for line in lines)
    kept = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("<HxxxxxxQ", len(lines), ctypes.addressof(kept))
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _called(_libc.syscall(_NUMBERS["seccomp"], 1, 0, head), "seccomp")
