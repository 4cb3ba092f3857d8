"""Attempts through the file tools, whose calls are the server's; the traps are laid from inside."""

# ruff: noqa: E501 -- programs are written as they would be typed

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace

from robocoders.workspace.attacks.attempt import MEBIBYTE, QUICK, Attempt, FileTools, Sign

__all__ = ["ON_FILE_TOOLS"]

_RACE_SECONDS = 1.2
_REFUSED = (OSError, ValueError)
_OFF = "file tools are the same without a seal; "
_BLOCKS = _OFF + "that an answer does not come is noticed in the same way as that of a command"
_SWAP = """
os.makedirs("mine/directory", exist_ok=True)
open("mine/notes.txt", "w").write("mine")
open("file", "w").write("mine")
os.symlink(os.path.dirname(env["OTHER"]), "theirs")
os.symlink(env["OTHER"], "their-file")
os.symlink("mine", "swapped")
number = 316 if os.uname().machine == "x86_64" else 276
os.mkdir("swap")
os.mkdir("swap/directory")
open("swap/notes.txt", "w").write("mine")
def swap():
    end = time.monotonic() + 12
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            raw(number, -100, b"swap", -100, b"theirs", 2)
        with contextlib.suppress(OSError):
            raw(number, -100, b"file", -100, b"their-file", 2)
daemon(swap)
hold(0.05)
"""
"""Two names change places all the time: now a directory (a file) of the workspace, now a link to another's."""


async def _read_paths(files: FileTools, variables: Mapping[str, str]) -> bytes:
    root, other = variables["ROOT"], variables["OTHER"]
    up = "../" * 30
    paths = [
        other,
        variables["DATABASE"],
        variables["SSH_KEY"],
        "../other/notes.txt",
        f"{up}{other.lstrip('/')}",
        f"{root}/../other/notes.txt",
        f"/proc/self/root{other}",
        f"/proc/1/root{other}",
        f"/proc/{variables['VICTIM']}/environ",
        f"/proc/{variables['SERVER']}/environ",
        "/proc/1/environ",
        f"{root}x/../other/notes.txt",
        f"./{root}/../other/notes.txt",
        f"{other}\0",
        f"\n{other}",
        "file:" + other,
    ]
    return await _read_all(files, paths)


async def _read_links(files: FileTools, variables: Mapping[str, str]) -> bytes:
    paths = [
        "file",
        "folder/notes.txt",
        "chain",
        "relative",
        "up/other/notes.txt",
        "all" + variables["OTHER"],
        "loop",
        "hard",
    ]
    return await _read_all(files, [*paths, "here/../../other/notes.txt", "magic", "magic/../../other/notes.txt"])


async def _read_all(files: FileTools, paths: list[str]) -> bytes:
    got = b""
    for path in paths:
        with contextlib.suppress(*_REFUSED):
            got += await files.read_bytes(path)
    return got


async def _write_paths(files: FileTools, variables: Mapping[str, str]) -> bytes:
    mark, outside = variables["MARK"], variables["OUTSIDE"]
    paths = [
        variables["OTHER"],
        f"../{mark}",
        f"{outside}/{mark}",
        "../other/notes.txt",
        f"{variables['TEMPORARY']}/{mark}",
        f"/proc/self/root{outside}/{mark}",
        f"{variables['ROOT']}-{mark}/x",
        f"missing/../../{mark}",
    ]
    for path in paths:
        with contextlib.suppress(*_REFUSED):
            await files.write_bytes(path, b"changed")
        with contextlib.suppress(*_REFUSED):
            await files.make_dir(path + "-d")
    return b""


async def _write_links(files: FileTools, variables: Mapping[str, str]) -> bytes:
    mark = variables["MARK"]
    paths = [
        "file",
        "folder/notes.txt",
        f"folder/{mark}",
        "chain",
        "relative",
        f"up/{mark}",
        "hard",
        f"dangling/{mark}",
        "dangling-file",
    ]
    for path in paths:
        with contextlib.suppress(*_REFUSED):
            await files.write_bytes(path, b"changed")
        with contextlib.suppress(*_REFUSED):
            await files.make_dir(f"{path}/{mark}")
    return b""


async def _remove_paths(files: FileTools, variables: Mapping[str, str]) -> bytes:
    paths = [
        variables["OTHER"],
        "../other",
        variables["OUTSIDE"],
        "folder/",
        "folder/directory",
        "folder/.",
        "up/other",
        "..",
        "tree",
        "/",
    ]
    for path in paths:
        with contextlib.suppress(*_REFUSED):
            await files.remove(path)
    return b""


def _rounds() -> Iterator[int]:
    """Numbers, for as long as a race takes."""
    end = time.monotonic() + _RACE_SECONDS
    number = 0
    while time.monotonic() < end:
        yield number
        number += 1


async def _race_read(files: FileTools, variables: Mapping[str, str]) -> bytes:
    del variables
    got = b""
    for _ in _rounds():
        got += await _read_all(files, ["swap/notes.txt", "file", "swapped/../swap/notes.txt"])
    return got


async def _race_write(files: FileTools, variables: Mapping[str, str]) -> bytes:
    for _ in _rounds():
        for path in ("swap/notes.txt", "file", f"swap/{variables['MARK']}"):
            with contextlib.suppress(*_REFUSED):
                await files.write_bytes(path, b"changed")
    return b""


async def _race_remove(files: FileTools, variables: Mapping[str, str]) -> bytes:
    del variables
    for _ in _rounds():
        for path in ("swap/notes.txt", "swap/directory"):
            with contextlib.suppress(*_REFUSED):
                await files.remove(path)
    return b""


async def _race_make(files: FileTools, variables: Mapping[str, str]) -> bytes:
    for number in _rounds():
        with contextlib.suppress(*_REFUSED):
            await files.make_dir(f"swap/{variables['MARK']}/{number}")
        with contextlib.suppress(*_REFUSED):
            await files.list_dir("swap")
    return b""


async def _touch_everything(files: FileTools, variables: Mapping[str, str]) -> bytes:
    del variables
    for path in ("pipe", "socket", "null", "zero", "tty", "folder-of-pipes/pipe"):
        for operation in (files.read_bytes, files.stat, files.exists, files.realpath):
            with contextlib.suppress(*_REFUSED):
                await operation(path)
        with contextlib.suppress(*_REFUSED):
            await files.write_bytes(path, b"x")
    await files.list_dir(".")
    return b""


async def _read_huge(files: FileTools, variables: Mapping[str, str]) -> bytes:
    del variables
    return await _read_all(files, ["huge", "sparse", "growing", "/dev/zero", "zero"])


async def _list_many(files: FileTools, variables: Mapping[str, str]) -> bytes:
    del variables
    for path in (".", "many"):
        with contextlib.suppress(*_REFUSED):
            await files.list_dir(path)
    return b""


async def _odd_names(files: FileTools, variables: Mapping[str, str]) -> bytes:
    got = b""
    for entry in await files.list_dir("."):
        name = str(getattr(entry, "name", entry))
        for operation in (files.read_bytes, files.stat, files.remove):
            with contextlib.suppress(*_REFUSED):
                got += repr(await operation(name)).encode("utf-8", "surrogateescape")
    for path in ("a" * 5000, "a/" * 5000, "\ud800", "", "\n", f"x\n{variables['OTHER']}", "1 ok 5", "0 outside"):
        with contextlib.suppress(*_REFUSED):
            got += await files.read_bytes(path)
    return got


async def _remove_deep(files: FileTools, variables: Mapping[str, str]) -> bytes:
    del variables
    for path in ("deep", "wide"):
        with contextlib.suppress(*_REFUSED):
            await files.remove(path)
    return b""


async def _distract(files: FileTools, variables: Mapping[str, str]) -> bytes:
    del variables
    for _ in range(3):
        for path in ("many", "deep"):
            with contextlib.suppress(*_REFUSED):
                await files.list_dir(path)
    with contextlib.suppress(*_REFUSED):
        await files.remove("many")
    return b""


_LINKS = (
    'ln -s "$OTHER" file; ln -s "$OUTSIDE/data/workspaces/other" folder; ln -s file chain; ln -s ../other/notes.txt relative; '
    'ln -s .. up; ln -s / all; ln -s loop loop; ln "$OTHER" hard; mkdir here; ln -s /proc/self/cwd magic; '
    'ln -s "$OUTSIDE" dangling; ln -s "$OUTSIDE/$MARK" dangling-file; mkdir tree; ln -s "$OUTSIDE/data/workspaces/other" tree/a; true'
)

ON_FILE_TOOLS: tuple[Attempt, ...] = (
    Attempt("files.read-paths", "read by absolute paths, by dots, by /proc", Sign.LEAKED, tool=_read_paths),
    Attempt(
        "files.read-links", "read through links that were laid in the workspace", Sign.LEAKED, _LINKS, tool=_read_links
    ),
    Attempt("files.write-paths", "write by absolute paths, by dots, by /proc", Sign.CHANGED, tool=_write_paths),
    Attempt(
        "files.write-links",
        "write through links that were laid in the workspace",
        Sign.CHANGED,
        _LINKS,
        tool=_write_links,
    ),
    Attempt(
        "files.remove", "remove what lies outside, by paths and through links", Sign.CHANGED, _LINKS, tool=_remove_paths
    ),
    Attempt(
        "files.race-read", "read while a directory and a link change places", Sign.LEAKED, _SWAP, "python", _race_read
    ),
    Attempt(
        "files.race-write",
        "write while a directory and a link change places",
        Sign.CHANGED,
        _SWAP,
        "python",
        _race_write,
    ),
    Attempt(
        "files.race-remove",
        "remove while a directory and a link change places",
        Sign.CHANGED,
        _SWAP,
        "python",
        _race_remove,
    ),
    Attempt(
        "files.race-make",
        "make directories while a directory and a link change places",
        Sign.CHANGED,
        _SWAP,
        "python",
        _race_make,
    ),
    Attempt(
        "files.pipes-and-devices",
        "block or confuse the server with pipes, sockets and devices in the place of files",
        Sign.STUCK,
        """
os.mkfifo("pipe")
os.mkdir("folder-of-pipes")
os.mkfifo("folder-of-pipes/pipe")
listener = socket.socket(socket.AF_UNIX)
listener.bind("socket")
for name in ("null", "zero", "tty"):
    os.symlink(f"/dev/{name}", name)
""",
        "python",
        _touch_everything,
        bare="who waits for a pipe cannot be called back; a test has a tool that never answers",
    ),
    Attempt(
        "files.huge",
        "fill the server's memory with a file that is larger than it",
        Sign.EXCEEDED,
        "truncate -s 100G sparse; head -c 60M /dev/zero > huge; ln -s /dev/zero zero; ls -ls sparse",
        tool=_read_huge,
        shows="memory of the server",
        limits=replace(QUICK, file_bytes=1 << 40, workspace_bytes=256 * MEBIBYTE),
        bare="it would fill this machine; a test judges the measurement",
    ),
    Attempt(
        "files.many",
        "fill the server's memory with names",
        Sign.EXCEEDED,
        'mkdir many; cd many; python3 -c "import os; [os.mknod(str(i).zfill(200)) for i in range(30000)]"; true',
        tool=_list_many,
        shows="memory of the server",
        limits=replace(QUICK, workspace_bytes=256 * MEBIBYTE, cpu_seconds=20),
        bare="thirty thousand names are no harm anywhere; that the server's memory is measured is proved by a huge file",
    ),
    Attempt(
        "files.odd-names",
        "confuse the server with names that hold line ends, answers of its protocol, and no text",
        Sign.LEAKED,
        """
for name in (b"a\\nb", b"1 ok 5", b"x\\0y"[:1], b"\\xff\\xfe", b"0 exit 0 -", b"-rf", b"$(id)", b" ", b"\\r", b"\\x1b[2J", "é".encode(), b"a" * 255):
    with tried():
        os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
os.symlink(env["OTHER"], "1 outside\\n")
os.symlink(b"\\n" + env["OTHER"].encode(), "line")
""",
        "python",
        _odd_names,
    ),
    Attempt(
        "files.deep",
        "confuse the server with directories that are nested deeper than a path can name",
        Sign.STUCK,
        """
os.mkdir("deep")
os.chdir("deep")
for _ in range(150):
    os.mkdir("d" * 200)
    os.chdir("d" * 200)
""",
        "python",
        _remove_deep,
        bare=_BLOCKS,
    ),
    Attempt(
        "files.distract-the-watcher",
        "fill memory while the seal's first process is busy with the server's own file tools",
        Sign.EXCEEDED,
        """
os.mkdir("many")
here = os.open("many", os.O_RDONLY)
for number in range(30000):
    os.mknod(str(number), dir_fd=here)
def work():
    hold(0.2)
    parts = []
    for _ in range(48):
        parts.append(bytearray(b"x" * (32 << 20)))
    hold(3)
daemon(work)
""",
        "python",
        _distract,
        shows="memory",
        limits=replace(QUICK, memory_bytes=128 * MEBIBYTE, workspace_bytes=256 * MEBIBYTE, cpu_seconds=20),
        bare="the watcher is the same; the sign is proved by other memory",
    ),
)
