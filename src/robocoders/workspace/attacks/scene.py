"""What lies outside of the seal, made for the purpose: files like a server's and a user's, and a process."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from robocoders.workspace.attacks.attempt import Finding, Sign
from robocoders.workspace.attacks.outside import LASTING, MachineState, machine_state, strays, tree_state
from robocoders.workspace.attacks.watched import Watched
from robocoders.workspace.seal import arguments
from robocoders.workspace.seal.syscalls import NUMBERS, number

__all__ = ["Scene"]

_FILES = {
    "DATABASE": "data/robocoders.db",
    "JOURNAL": "data/robocoders.db-wal",
    "SIGN_IN_KEY": "data/keys/sign-in",
    "CHECKPOINT": "data/checkpoints/1/objects/pack",
    "OTHER": "data/workspaces/other/notes.txt",
    "DISCOVERY": "state/servers.json",
    "CREDENTIALS": "config/credentials.json",
    "SSH_KEY": "home/.ssh/id_ed25519",
    "NETRC": "home/.netrc",
}


class Scene:
    """A directory with secrets and a process with secrets. To be used as a context.

    Args:
        directory: Where to put it; it is removed in the end.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.mark = f"mark-{secrets.token_hex(8)}"
        """In the names of all that attempts make outside."""
        self.secret = secrets.token_hex(24)
        self._workspaces = 0
        self._environment_name = f"ROBOCODERS_SECRET_{secrets.token_hex(4)}"
        self._open: list[int] = []
        self.terminal = -1
        self.watched: Watched

    def __enter__(self) -> Self:
        self._write_files()
        self.terminal, slave = os.openpty()
        os.set_blocking(self.terminal, False)
        # The server's own: what it has in its variables and open, too.
        os.environ[self._environment_name] = self.secret
        kept = os.open(self.directory / _FILES["DATABASE"], os.O_RDONLY)
        os.set_inheritable(kept, True)  # noqa: FBT003 -- the library's signature
        self._open = [self.terminal, slave, kept]
        self.terminal_name = os.ttyname(slave)
        subprocess.run(["stty", "raw", "-echo"], stdin=slave, check=False, stderr=subprocess.DEVNULL)  # noqa: S607
        os.set_blocking(slave, False)
        self.watched = self._start_watched()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.watched.close()
        for descriptor in self._open:
            os.close(descriptor)
        del os.environ[self._environment_name]
        for path in strays(self.mark, self.directory):
            _remove(path)
        shutil.rmtree(self.directory, ignore_errors=True)

    def new_workspace(self) -> Path:
        """An empty workspace, beside that of another session."""
        self._workspaces += 1
        workspace = self.directory / "data" / "workspaces" / f"own-{self._workspaces}"
        workspace.mkdir()
        return workspace

    def variables(self, workspace: Path) -> dict[str, str]:
        """What programs are told, so that they need not search: where everything is. Nothing of it is secret."""
        machine = os.uname().machine
        known = {name: number(name, machine) for name in NUMBERS}
        watched = self.watched
        return {
            **{name: str(self.directory / path) for name, path in _FILES.items()},
            "OUTSIDE": str(self.directory),
            "ROOT": str(workspace),
            "MARK": self.mark,
            "TEMPORARY": arguments.TEMPORARY,
            "LASTING": LASTING,
            "SERVER": str(os.getpid()),
            "VICTIM": str(watched.pid),
            "VICTIM_MEMORY": str(watched.memory),
            "VICTIM_FD": str(watched.kept),
            "SEGMENT": str(watched.segment),
            "SHARED": watched.places["shared"],
            "QUEUE": watched.places["queue"],
            "ABSTRACT": watched.places["abstract"],
            "SOCKET": watched.places["path"],
            "HOST_IP": _own_address(),
            "TERMINAL": self.terminal_name,
            "CALLS": ",".join(f"{name}={value}" for name, value in known.items() if value is not None),
            "SYSTEM_PYTHON": arguments.interpreter(),
            **{name: str(port) for name, port in watched.ports.items()},
        }

    def look(self, workspace: Path) -> tuple[Mapping[str, object], MachineState]:
        """How everything outside is now."""
        return tree_state(self.directory, workspace), machine_state(self.mark, self.watched.pid)

    def changes(self, before: tuple[Mapping[str, object], MachineState], workspace: Path) -> list[Finding]:
        """What is not as it was, the process outside included. Strays are removed."""
        tree, machine = self.look(workspace)
        names = sorted(name for name in {*tree, *before[0]} if tree.get(name) != before[0].get(name))
        found = [Finding(Sign.CHANGED, f"{name} in the scene") for name in names[:5]]
        found += [Finding(Sign.CHANGED, f"{path} on the host") for path in strays(self.mark, self.directory)]
        found += [Finding(sign, text) for sign, text in machine.differences(before[1])]
        found += [Finding(Sign.CHANGED, "the terminal of the host") for _ in self._written_to_terminal()]
        return found + self.watched.report()

    def leaks(self, *contents: bytes) -> list[Finding]:
        """The secret, where it is in one of these."""
        wanted = self.secret.encode()
        return [Finding(Sign.LEAKED, "a secret of the scene") for content in contents if wanted in content][:1]

    def restore(self) -> None:
        """Make it again after something got out."""
        self.watched.close()
        for path in strays(self.mark, self.directory):
            _remove(path)
        shutil.rmtree(self.directory, ignore_errors=True)
        self._write_files()
        self.watched = self._start_watched()

    def discard(self, workspace: Path) -> None:
        """Remove a workspace after its attempt, what is hidden or nested in it as well."""
        for command in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):
            subprocess.run([*command, "--", workspace], check=False, stderr=subprocess.DEVNULL)  # noqa: S603 -- ours

    def _write_files(self) -> None:
        for name in _FILES.values():
            path = self.directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"secret of {name}: {self.secret}\n", encoding="utf-8")
            path.chmod(0o600)
        (self.directory / "run").mkdir(exist_ok=True)
        (self.directory / "data/workspaces/other/directory").mkdir(exist_ok=True)

    def _start_watched(self) -> Watched:
        name = secrets.token_hex(8)
        return Watched(
            {
                "kept": str(self.directory / _FILES["SIGN_IN_KEY"]),
                "shared": f"/dev/shm/robocoders-{name}",  # noqa: S108 -- outside, as a server might
                "path": str(self.directory / "run" / "socket"),
                "abstract": f"robocoders-{name}",
                "queue": f"robocoders-{name}",
            },
            self.secret,
            self.directory / "home",
        )

    def _written_to_terminal(self) -> list[bytes]:
        found: list[bytes] = []
        for descriptor in self._open[:2]:
            try:
                content = os.read(descriptor, 65536)
            except OSError:
                continue
            if self.mark[-8:].encode() in content:
                found.append(content)
        return found


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _own_address() -> str:
    """The host's address on its network; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))  # TEST-NET-2, RFC 5737
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
