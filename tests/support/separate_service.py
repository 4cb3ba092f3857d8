"""A server in a process of its own, for tests that kill it, or that need a second one beside their own."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from robocoders.server.serving import serve
from robocoders.server.settings import Settings
from robocoders.server.stopping import StopSwitch
from tests.support.repository import ROOT
from tests.support.service import BOUND_SECONDS, RunningService, Turns

__all__ = ["SeparateService", "separate_service"]


@dataclass(frozen=True)
class SeparateService:
    """A server in a process of its own; `client` sends requests to it."""

    client: RunningService
    process: subprocess.Popen[str]

    def kill(self) -> None:
        """End it with SIGKILL: it gets to do nothing any more."""
        self.process.kill()
        self.process.wait(BOUND_SECONDS)


@contextmanager
def separate_service(data_dir: Path, *, port: int = 0, holding: bool = False) -> Generator[SeparateService]:
    """Run a server with the agent of `Turns`, which with `holding` never lets go. It is killed at the end.

    An engine needs a process for itself, so this is the way to have two servers at once.
    """
    command = [sys.executable, "-m", __name__, str(data_dir), str(port), "holding" if holding else "going"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url, "the server did not start"
            client = RunningService(url, Settings(data_dir=data_dir), Turns(), StopSwitch(), threading.current_thread())
            yield SeparateService(client, process)
        finally:
            process.kill()


def main() -> int:
    turns = Turns()
    if sys.argv[3] == "going":
        turns.go_on.set()
    settings = Settings(data_dir=Path(sys.argv[1]), port=int(sys.argv[2]))

    def announce(url: str) -> None:
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()

    return serve(settings, announce=announce, make_engine=turns.make_engine)


if __name__ == "__main__":
    sys.exit(main())
