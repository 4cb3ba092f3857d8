"""Starting the supervisor: in bubblewrap, or bare."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from robocoders.workspace.seal import arguments
from robocoders.workspace.seal.bundle import BOOT, bundle
from robocoders.workspace.seal.cgroups import Cgroup
from robocoders.workspace.seal.descriptors import close_all, read_line, readable
from robocoders.workspace.seal.ending import kill_with_child
from robocoders.workspace.seal.limits import Limits
from robocoders.workspace.seal.memory_files import memory_file, read_memory_file
from robocoders.workspace.seal.owner_mount import child_of, mount_for_owner, write_maps
from robocoders.workspace.seal.ownership import identity_map
from robocoders.workspace.seal.requirements import bubblewrap, explain_failure, kernel_counts_by_namespace
from robocoders.workspace.seal.seccomp import filter_program
from robocoders.workspace.seal.settings_files import settings_files

__all__ = ["Launched", "Sandbox", "launch"]

Sandbox = Literal["bubblewrap", "none"]

_START_SECONDS = 30
_OPEN_FILES = 4096
_FEWEST_OPEN_FILES = 64
_MORE_THREADS = 64
"""So many more than the watcher allows does the kernel allow, so that the watcher sees the limit exceeded."""
_MORE_CPU_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Launched:
    """A supervisor that waits for requests.

    Args:
        process: Bubblewrap, or the supervisor itself where it is bare.
        control: The socket to it.
        cgroup: The control group that holds it, None where there is none.
    """

    process: subprocess.Popen[bytes]
    control: socket.socket
    cgroup: Cgroup | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be started, as `launch` takes it."""

    root: Path
    limits: Limits
    network: bool
    masked: tuple[Path, ...]
    sandbox: Sandbox


async def launch(plan: Plan) -> Launched:
    """Start the supervisor of a workspace and wait until it is ready.

    Raises:
        SealError: It cannot be started; nothing runs then.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    errors = memory_file("errors")
    ours.setblocking(False)  # noqa: FBT003 -- the library's signature
    with theirs:
        try:
            if plan.sandbox == "none":
                process, cgroup = _launch_bare(plan, theirs, errors), None
            else:
                process, cgroup = await _launch_sealed(plan, theirs, errors)
        except BaseException:
            ours.close()
            os.close(errors)
            raise
    launched = Launched(process, ours, cgroup)
    try:
        await _wait_until_ready(ours, errors)
    except BaseException:
        await end(launched)
        raise
    finally:
        os.close(errors)
    return launched


async def end(launched: Launched) -> None:
    """Kill a supervisor with all that it started, and wait until that is done."""
    launched.control.close()
    process = launched.process
    if process.poll() is None:
        descriptor = os.pidfd_open(process.pid)
        try:
            async with asyncio.timeout(5):
                await readable(descriptor)
        except TimeoutError:
            kill_with_child(process)
        finally:
            os.close(descriptor)
    process.wait()
    if launched.cgroup is not None:
        launched.cgroup.remove()


async def _wait_until_ready(control: socket.socket, errors: int) -> None:
    try:
        async with asyncio.timeout(_START_SECONDS):
            await readable(control.fileno())
        answer = control.recv(4096)
    except TimeoutError:
        answer = b""
    if answer != b"0 ok 0":
        text = read_memory_file(errors, 4096).decode(errors="replace").strip()
        said = answer.decode(errors="replace").partition(" error ")[2].partition(" ")[2]
        raise explain_failure(" ".join(part for part in (said, text) if part))


def _settings(plan: Plan, control: int, *, is_bare: bool, is_memory_counted: bool) -> dict[str, Any]:
    limits = plan.limits
    own_count = not is_bare and kernel_counts_by_namespace()
    return {
        "control": control,
        "root": str(plan.root),
        "is_bare": is_bare,
        "limits": {
            "cpu_seconds": limits.cpu_seconds,
            "memory_bytes": limits.memory_bytes,
            "processes": limits.processes,
            "file_bytes": limits.file_bytes,
            "workspace_bytes": limits.workspace_bytes,
            "threads": limits.processes + _MORE_THREADS if own_count else 0,
            "process_cpu_seconds": limits.cpu_seconds + _MORE_CPU_SECONDS,
            "open_files": _open_files(),
        },
        "memory_file_systems": () if is_bare else arguments.memory_file_systems(),
        "mount": -1,
        "masked": _masked_inside(plan),
        "identity": None,
        "seccomp": b"" if is_bare else filter_program(os.uname().machine, is_memory_counted=is_memory_counted),
    }


def _open_files() -> int:
    """How many files each process may have open: fewer than the server, whose user may be the same.

    Descriptors on their way through sockets are counted for a user (unix(7), ETOOMANYREFS), against the limit of the
    one who sends: with the same limit, a command could keep the server from handing descriptors to its seals.
    """
    own, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _OPEN_FILES if own == resource.RLIM_INFINITY else max(min(_OPEN_FILES, own * 3 // 4), _FEWEST_OPEN_FILES)


def _masked_inside(plan: Plan) -> tuple[str, ...]:
    return tuple(str(path) for path in plan.masked if path != plan.root and path.is_relative_to(plan.root))


def _launch_bare(plan: Plan, control: socket.socket, errors: int) -> subprocess.Popen[bytes]:
    settings = _settings(plan, control.fileno(), is_bare=True, is_memory_counted=False)
    program = memory_file("supervisor", bundle(settings))
    try:
        return _spawn([], program, (control.fileno(), program), errors)
    finally:
        os.close(program)


async def _launch_sealed(
    plan: Plan, control: socket.socket, errors: int
) -> tuple[subprocess.Popen[bytes], Cgroup | None]:
    is_root = os.geteuid() == 0
    mount = await mount_for_owner(plan.root) if is_root else -1
    cgroup = Cgroup.make(plan.limits)
    settings = _settings(plan, control.fileno(), is_bare=False, is_memory_counted=cgroup is not None)
    if is_root:
        settings |= {"mount": mount, "identity": (arguments.USER_INSIDE, arguments.GROUP_INSIDE)}
    files = settings_files(network=plan.network, shell=arguments.shell())
    program = memory_file("supervisor", bundle(settings))
    go_read, go_write = os.pipe2(os.O_CLOEXEC)
    info_read, info_write = os.pipe2(os.O_CLOEXEC)
    kept = [control.fileno(), program, go_read, info_write, *(descriptor for _, descriptor in files)]
    process: subprocess.Popen[bytes] | None = None
    try:
        words = [bubblewrap(), *_layout(plan, files, mount).arguments(), *_identity(go_read, is_root=is_root)]
        words += ["--info-fd", str(info_write), "--"]
        process = _spawn(words, program, (*kept, *((mount,) if mount >= 0 else ())), errors)
        close_all(info_write)
        info_write = -1
        await _let_go(info_read, go_write, cgroup, is_root=is_root, errors=errors)
    except BaseException:
        if process is not None:
            kill_with_child(process)
        if cgroup is not None:
            cgroup.remove()
        raise
    finally:
        close_all(program, go_read, go_write, info_read, info_write, mount, *(descriptor for _, descriptor in files))
    return process, cgroup


def _layout(plan: Plan, files: tuple[tuple[str, int], ...], mount: int) -> arguments.Layout:
    return arguments.Layout(
        root=str(plan.root),
        masked=_masked_inside(plan),
        network=plan.network,
        settings=files,
        memory_bytes=plan.limits.memory_bytes // 2,
        is_mounted_inside=mount >= 0,
    )


def _identity(block: int, *, is_root: bool) -> list[str]:
    """Who the supervisor is at first: the user of all commands, or for a root server one who can become that user."""
    if not is_root:
        words = ["--uid", str(arguments.USER_INSIDE), "--gid", str(arguments.GROUP_INSIDE), "--cap-drop", "ALL"]
        return [*words, "--block-fd", str(block)]
    capabilities = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_SYS_ADMIN")
    added = [word for capability in capabilities for word in ("--cap-add", capability)]
    return ["--userns-block-fd", str(block), *added]


async def _let_go(info: int, go: int, cgroup: Cgroup | None, *, is_root: bool, errors: int) -> None:
    """Give the new namespaces their users and their control group, then let bubblewrap go on."""
    async with asyncio.timeout(_START_SECONDS):
        child = child_of(await read_line(info, b"}"), errors)
    try:
        if is_root:
            write_maps(child, identity_map(), identity_map())
        if cgroup is not None:
            cgroup.add(child)
        os.write(go, b".")
    except OSError as error:
        raise explain_failure(f"{error.strerror} ({error.filename})") from error


def _spawn(prefix: list[str], program: int, passed: tuple[int, ...], errors: int) -> subprocess.Popen[bytes]:
    """Start the interpreter behind these words.

    Not in a worker thread: the kernel tells bubblewrap of the end of the thread that started it (PR_SET_PDEATHSIG).
    """
    command = [*prefix, arguments.interpreter(), "-I", "-S", "-c", BOOT, str(program)]
    try:
        return subprocess.Popen(  # noqa: S603 -- the words are ours
            command,
            pass_fds=passed,
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            env={"LC_ALL": "C.UTF-8"},
            start_new_session=True,
        )
    except OSError as error:
        raise explain_failure(f"{error.strerror} ({error.filename})") from error
