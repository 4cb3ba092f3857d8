"""The process outside, as the attacker of attacks holds it: started, asked, and ended."""

from __future__ import annotations

import ctypes
import json
import os
import select
import subprocess
from pathlib import Path
from typing import Any

from robocoders.workspace.attacks.attempt import Finding, Sign
from robocoders.workspace.seal import arguments

__all__ = ["Watched"]

_PATIENCE_SECONDS = 5.0
_PROGRAM = Path(__file__).with_name("victim.py")


class Watched:
    """A running `victim`.

    Args:
        places: Paths and names of what it keeps and where it listens.
        secret: What it keeps.
        directory: Where it stands.
    """

    def __init__(self, places: dict[str, str], secret: str, directory: Path) -> None:
        self.places = places
        self._process = subprocess.Popen(  # noqa: S603 -- the words are ours
            [arguments.interpreter(), "-I", "-S", str(_PROGRAM), json.dumps(places), secret],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"SECRET": secret},
            cwd=directory,
            start_new_session=True,
        )
        ready = self._hear()
        self.pid = self._process.pid
        self.memory = int(ready.get("memory", 0))
        self.kept = int(ready.get("kept", -1))
        self.segment = int(ready.get("segment", -1))
        self.ports = {
            "PORT": ready["ports"]["tcp"],
            "ANY_PORT": ready["ports"]["tcp of any address"],
            "PORT6": ready["ports"].get("tcp6", ready["ports"]["tcp"]),
            "DATAGRAM_PORT": ready["ports"]["udp"],
        }

    def report(self) -> list[Finding]:
        """What happened to it since it was asked last."""
        try:
            self._ask()
            answer = self._hear()
        except (OSError, ValueError):
            return [Finding(Sign.HARMED, "the process outside died or stands still")]
        found = [Finding(Sign.REACHED, str(name)) for name in answer["reached"]]
        found += [Finding(Sign.HARMED, f"signal {signal} came") for signal in answer["signals"]]
        if answer["changed"]:
            found.append(Finding(Sign.HARMED, "memory of the process outside was changed"))
        return found

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue
        Path(self.places["shared"]).unlink(missing_ok=True)
        ctypes.CDLL(None).mq_unlink(f"/{self.places['queue']}".encode())

    def _ask(self) -> None:
        if self._process.stdin is None:
            raise OSError("no standard input")
        self._process.stdin.write(b"?\n")
        self._process.stdin.flush()

    def _hear(self) -> dict[str, Any]:
        if self._process.stdout is None:
            raise OSError("no standard output")
        descriptor = self._process.stdout.fileno()
        heard = b""
        while not heard.endswith(b"\n"):
            ready, _, _ = select.select([descriptor], [], [], _PATIENCE_SECONDS)
            chunk = os.read(descriptor, 65536) if ready else b""
            if not chunk:
                raise ValueError("no answer")
            heard += chunk
        return json.loads(heard)
