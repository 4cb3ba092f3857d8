from __future__ import annotations

import asyncio
import errno
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Literal

import pytest

from robocoders.errors import SealError, WorkspaceError
from robocoders.workspace.seal import Entry, Limits, OutsideError, Seal, enforcement, unavailable
from tests.support.ordinary_user import directory_of_ordinary_user, run_as_ordinary_user

pytestmark = pytest.mark.needs_bubblewrap


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "workspace"
    path.mkdir()
    return path


@pytest.fixture
async def seal(root: Path) -> AsyncGenerator[Seal]:
    async with Seal(root) as made:
        yield made


def _owners(root: Path, *names: str) -> set[int]:
    return {(root / name).stat().st_uid for name in names}


def _links(*paths: str) -> list[str]:
    return [str(Path(path).readlink()) for path in paths]


async def test_a_command_starts_in_the_workspace_under_its_own_path(seal: Seal, root: Path) -> None:
    """Promise: ours; paths mean the same inside and outside, so a traceback can be followed."""
    finished = await seal.run("pwd; echo made > here.txt; exit 3", shell=True)
    assert (finished.exit_code, finished.stdout, finished.ended_by) == (3, f"{root}\n", None)
    assert await seal.read_bytes("here.txt") == b"made\n"


async def test_what_a_command_creates_belongs_to_the_owner_of_the_workspace(seal: Seal, root: Path) -> None:
    """Promise: ours; the workspace stays usable for the server and its user, also where the server is root."""
    (root / "mine.txt").write_text("mine")
    finished = await seal.run("echo more >> mine.txt && mkdir new && touch new/file && id -u", shell=True)
    assert (finished.exit_code, finished.stdout) == (0, "1000\n")
    assert _owners(root, "mine.txt", "new", "new/file") == _owners(root, ".")


async def test_nothing_of_the_server_is_in_the_environment(seal: Seal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: SECURITY (keys of the server are not for commands)."""
    monkeypatch.setenv("SECRET_OF_THE_SERVER", "hush")
    finished = await seal.run("env; cat /proc/1/environ /proc/*/environ", shell=True, env={"GIVEN": "yes"})
    assert "hush" not in finished.stdout
    assert "GIVEN=yes\n" in finished.stdout
    assert "HOME=/home/user\n" in finished.stdout


@pytest.mark.parametrize("sandbox", ["bubblewrap", "none"])
async def test_a_command_has_its_three_descriptors_and_no_more(
    root: Path, sandbox: Literal["bubblewrap", "none"]
) -> None:
    """Promise: SECURITY (whoever had the supervisor's connection could lie about results)."""
    async with Seal(root, sandbox=sandbox) as seal:
        finished = await seal.run("readlink $(seq -f /proc/$$/fd/%g 0 99)", shell=True)
        places = [place.partition(":")[0] for place in finished.stdout.splitlines()]
        assert places == ["/dev/null", "pipe", "pipe"]


async def test_commands_have_no_privileges_at_all(seal: Seal) -> None:
    """Promise: SECURITY (no capabilities, no new privileges, a filter on system calls)."""
    finished = await seal.run("cat /proc/self/status", shell=True)
    status = dict(line.split(":\t", 1) for line in finished.stdout.splitlines() if ":\t" in line)
    capabilities = {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")}
    assert capabilities == {"0" * 16}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")


async def test_only_the_workspace_and_private_places_can_be_written(seal: Seal, tmp_path: Path) -> None:
    """Promise: SECURITY (the system is read-only; what lies beside the workspace is not there)."""
    (tmp_path / "secret.txt").write_text("secret")
    writes = await seal.run("touch /x /etc/x /usr/x /dev/x; touch ~/x $TMPDIR/x /dev/shm/x && echo private", shell=True)
    assert writes.stdout == "private\n"
    assert writes.stderr.count("cannot touch") == 4
    assert (await seal.run(["cat", str(tmp_path / "secret.txt")], shell=False)).exit_code == 1


async def test_every_kind_of_namespace_is_its_own(seal: Seal) -> None:
    """Promise: SECURITY (processes, network, users, names, IPC and mounts of the host are out of sight)."""
    kinds = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")
    finished = await seal.run(["readlink", *(f"/proc/self/ns/{kind}" for kind in kinds)], shell=False)
    inside = finished.stdout.split()
    outside = _links(*(f"/proc/self/ns/{kind}" for kind in kinds))
    assert len(inside) == len(kinds)
    assert set(inside).isdisjoint(outside)


async def test_a_server_started_by_one_command_is_reached_by_the_next(seal: Seal, root: Path) -> None:
    """Promise: ours; one set of namespaces serves a turn, with a loopback of its own."""
    server = "python3 -m http.server 8123 >/dev/null 2>&1 & until (: </dev/tcp/127.0.0.1/8123) 2>/dev/null; do :; done"
    assert (await seal.run(server, shell=True, timeout=30)).exit_code == 0
    (root / "page.txt").write_text("page")
    program = "import urllib.request as u; print(u.urlopen('http://localhost:8123/page.txt').read().decode())"
    assert (await seal.run(["python3", "-c", program], shell=False)).stdout == "page\n"


async def test_what_was_left_running_ends_with_the_seal(root: Path) -> None:
    """Promise: ours; nothing outlives its turn, also what detached itself."""
    async with Seal(root) as seal:
        left = "setsid sh -c 'exec 9>lock; flock 9; echo > ready; exec sleep 1000' & until [ -e ready ]; do :; done"
        assert (await seal.run(left, shell=True, timeout=30)).exit_code == 0
        assert (await seal.run(["flock", "-n", "lock", "true"], shell=False)).exit_code == 1
    async with Seal(root) as seal:
        assert (await seal.run(["flock", "-n", "lock", "true"], shell=False)).exit_code == 0


async def test_output_comes_while_the_command_runs(seal: Seal, root: Path) -> None:
    """Promise: ours; who watches sees what a command says when it says it."""
    seen: list[str] = []
    first = asyncio.Event()

    async def show(text: str) -> None:
        seen.append(text)
        first.set()

    command = "printf 'caf\\303'; printf '\\251\\n' ; until [ -e go ]; do sleep 0.01; done; echo end >&2"
    async with asyncio.timeout(30):
        running = asyncio.create_task(seal.run(command, shell=True, on_output=show))
        await first.wait()
        await seal.write_bytes("go", b"")
        finished = await running
    assert "".join(seen) == "café\nend\n"
    assert (finished.stdout, finished.stderr) == ("café\n", "end\n")


async def test_who_shows_output_and_fails_ends_the_command(seal: Seal) -> None:
    """Promise: ours; a failure is told at once, and nothing runs on behind it."""

    async def show(text: str) -> None:
        raise LookupError(text)

    async with asyncio.timeout(30):
        with pytest.raises(LookupError):
            await seal.run("echo x; exec sleep 1000", shell=True, on_output=show)
        assert "1000" not in (await seal.run(["ps", "ax"], shell=False)).stdout


async def test_a_command_cannot_end_the_first_process(seal: Seal) -> None:
    """Promise: ours; the supervisor is process 1, which its own namespace cannot kill."""
    finished = await seal.run(
        "kill -KILL 1; kill -STOP 1; kill -INT 1; kill -TERM 1; kill -CHLD 1; echo on", shell=True
    )
    assert finished.stdout == "on\n"
    assert (await seal.run("echo still", shell=True)).stdout == "still\n"


async def test_the_first_process_cannot_be_looked_into(seal: Seal) -> None:
    """Promise: SECURITY (who could change the supervisor could lie about results)."""
    finished = await seal.run("cat /proc/1/mem /proc/1/environ; ls /proc/1/fd/; readlink /proc/1/root", shell=True)
    assert finished.stdout == ""


async def test_closing_a_seal_ends_its_commands_as_cancelled(seal: Seal) -> None:
    """Promise: ours; who waits for a command is told that it was cancelled, with its output so far."""
    first = asyncio.Event()

    async def show(_: str) -> None:
        first.set()

    async with asyncio.timeout(30):
        running = asyncio.create_task(seal.run("echo begun; exec sleep 1000", shell=True, on_output=show))
        await first.wait()
        await seal.close()
        finished = await running
    assert (finished.stdout, finished.ended_by) == ("begun\n", "cancelled")
    with pytest.raises(SealError, match="closed"):
        await seal.run("true", shell=True)


async def test_masked_directories_are_empty_and_stay_so(root: Path) -> None:
    """Promise: SECURITY (a data directory inside of a workspace is hidden from it)."""
    (root / "data" / "deep").mkdir(parents=True)
    (root / "data" / "secret.txt").write_text("secret")
    async with Seal(root, masked=[root / "data"]) as seal:
        finished = await seal.run("cat data/secret.txt; ls data; touch data/x; mv data other; ls", shell=True)
    assert "secret" not in finished.stdout
    assert (root / "data" / "secret.txt").read_text() == "secret"
    assert not (root / "data" / "x").exists()


async def test_files_are_touched_where_commands_see_them(seal: Seal) -> None:
    """Promise: ours; file tools and commands share one workspace."""
    await seal.write_bytes("a/b/c.txt", b"text")
    assert (await seal.run(["cat", "a/b/c.txt"], shell=False)).stdout == "text"
    assert await seal.list_dir("a/b") == [Entry("c.txt", is_dir=False, size=4)]
    assert await seal.stat("a") == Entry("a", is_dir=True, size=None)
    await seal.remove("a")
    assert not await seal.exists("a/b")
    with pytest.raises(OutsideError):
        await seal.read_bytes("/etc/passwd")
    with pytest.raises(OSError, match="Invalid") as refused:
        await seal.remove(".")
    assert refused.value.errno == errno.EINVAL


async def test_a_directory_of_the_system_is_no_workspace() -> None:
    """Promise: ours; a workspace over the system's directories would hide the system from its own commands."""
    async with Seal(Path("/usr")) as seal:
        with pytest.raises(WorkspaceError, match="system"):
            await seal.run("true", shell=True)


async def test_a_bare_command_is_run_by_the_same_rules(root: Path) -> None:
    """Promise: README, --sandbox none (for throw-away containers; limits and results are the same)."""
    async with Seal(root, sandbox="none", limits=Limits(processes=100)) as seal:
        finished = await seal.run("pwd; exit 4", shell=True)
        assert (finished.exit_code, finished.stdout) == (4, f"{root}\n")
        await seal.write_bytes("x", b"1")
        assert await seal.read_bytes("x") == b"1"
        left = "setsid sh -c 'exec 9>lock; flock 9; echo > ready; exec sleep 1000' & until [ -e ready ]; do :; done"
        assert (await seal.run(left, shell=True, timeout=30)).exit_code == 0
    async with Seal(root, sandbox="none") as seal:
        assert (await seal.run(["flock", "-n", "lock", "true"], shell=False)).exit_code == 0


_STORY = """
import asyncio, sys
from pathlib import Path
from typing import Literal
from robocoders.workspace.seal import Limits, Seal
async def main():
    root = Path(sys.argv[1])
    (root / "data").mkdir()
    (root / "data" / "secret").write_text("")
    async with Seal(root, limits=Limits(memory_bytes=200 << 20, processes=60), masked=[root / "data"]) as seal:
        one = await seal.run("id -u; touch made; touch /usr/x; cat /proc/self/status | grep CapBnd", shell=True)
        two = await seal.run("b() { b | b & }; b; sleep 1000", shell=True)
        three = await seal.run(["tail", "/dev/zero"], shell=False)
        four = await seal.run("ls data; cat data/secret", shell=True)
        print(one.stdout.split()[0], two.ended_by, three.ended_by, four.exit_code, four.stdout)
asyncio.run(main())
"""


def test_an_ordinary_user_is_sealed_off_in_the_same_way() -> None:
    """Promise: README, requirements (sealing needs no privileges)."""
    with directory_of_ordinary_user() as workspace:
        assert run_as_ordinary_user(_STORY, str(workspace)) == "1000 processes memory 1 \n"
        assert (workspace / "made").stat().st_uid == workspace.stat().st_uid


def test_a_machine_that_seals_says_how_limits_are_held() -> None:
    """Promise: ours; `doctor` names the means and by how much they come late."""
    assert unavailable() is None
    lines = enforcement().lines()
    assert any(line.startswith("memory: ") for line in lines)
    assert any("50 ms" in line for line in lines)


async def test_without_bubblewrap_no_command_runs(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: SECURITY (where commands cannot be sealed they are refused, with the cause and the mend)."""
    monkeypatch.setenv("PATH", str(tmp_path))
    async with Seal(root) as seal:
        with pytest.raises(SealError, match="not installed") as refused:
            await seal.run("touch ran", shell=True)
    assert "bubblewrap" in refused.value.mend
    assert not (root / "ran").exists()


_LEAVING = """
import asyncio, os, sys, time
from pathlib import Path
from robocoders.workspace.seal import Seal
async def main():
    async with Seal(Path(sys.argv[1])) as seal:
        await seal.run("true", shell=True)
def left():
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = Path("/proc", name, "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[3]) == os.getpid() != int(name) and words[0] not in "ZX":
            yield name
os.setsid()
asyncio.run(main())
deadline = time.monotonic() + 10
while (names := list(left())) and time.monotonic() < deadline:
    os.sched_yield()
print(*names)
"""


def test_no_process_is_left_behind_by_a_seal(root: Path) -> None:
    """Repaired defect: the process that lent its user namespace stayed when its bubblewrap was killed."""
    command = [sys.executable, "-c", _LEAVING, str(root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "\n"
