"""A service is killed in the middle of an answer and started again; what its reader got is counted."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from children import undisturbed

from robocoders import Robocoders
from robocoders.events import Event, RunAction, TextDelta, TextReset

PROGRAM = Path(__file__).with_name("unstoppable.py")
PROMPT = "Write the three lines, then say so."
PIECES_BEFORE_THE_KILL = 14
COLUMNS = 100
INDENT = "       "


def kill_in_the_middle(home: Path, environment: Mapping[str, str], show: Callable[..., None]) -> int:
    """Ask, kill, start again, read on, count; return 0 where nothing was lost, repeated or run twice.

    Args:
        home: A directory of its own.
        environment: For the service. This process takes it over, since its client finds the service by it.
        show: Prints a command as one would type it.
    """
    os.environ.clear()
    os.environ.update(environment)
    effects = home / "effects.txt"
    with running_service(home, effects, show) as service, Robocoders(service.address) as client:
        session = client.create_session()
        reader = Reader(service)
        with closing(session.chat(PROMPT, deltas=True)) as items:
            for item in items:
                reader.take(item)
        with closing(session.events(follow=False)) as log:
            ids = [event.id for event in log if event.id is not None]
        turns = session.info().turns
    lines = effects.read_text("utf-8").splitlines()
    # How often the prompt ran shows in the log, and in what it did: each run writes each of its lines.
    runs = max(turns, *(lines.count(line) for line in lines))
    lost, repeated = len(set(ids) - set(reader.ids)), len(reader.ids) - len(set(reader.ids))
    times = "once" if runs == 1 else f"{runs} times"
    print(f"\n   ids {ids[0]}..{ids[-1]}, {lost} lost, {repeated} repeated, the prompt ran {times}")
    print(f"   ({effects.name} has {len(lines)} lines, {len(set(lines))} of them different)\n", flush=True)
    return 0 if reader.ids == ids and reader.was_killed and not reader.is_contradicted and runs == 1 else 1


class Service:
    """The service: one data directory and one port, whatever becomes of its process.

    Args:
        home: Where its data directory and its log are.
        effects: The file that its agent writes to.
        show: Prints a command as one would type it.
    """

    def __init__(self, home: Path, effects: Path, show: Callable[..., None]) -> None:
        self.address = ""
        self._arguments = (str(home / "data"), str(effects), str(free_port()))
        self._log = home / "unstoppable.log"
        self._show = show
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start a process, and wait until it answers."""
        self._show("python", f"examples/{PROGRAM.name}", *(Path(argument).name for argument in self._arguments))
        undisturbed(self._spawn)
        assert self._process is not None
        assert self._process.stdout is not None
        with self._process.stdout as output:
            self.address = output.readline().strip()
        if not self.address:
            raise SystemExit(f"The service did not start:\n{self._log.read_text('utf-8')}")
        print(f"   ready at {self.address}, process {self._process.pid}\n", flush=True)

    def _spawn(self) -> None:
        with self._log.open("ab") as errors:
            self._process = subprocess.Popen(  # noqa: S603 - this very project
                [sys.executable, str(PROGRAM), *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )

    def kill(self) -> None:
        """End the process with SIGKILL: it can do nothing more."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def replace(self) -> None:
        """Kill the process, and start another in its place."""
        assert self._process is not None
        self._show("kill", "-9", str(self._process.pid))
        self.kill()
        self.start()


class Reader:
    """Shows what a client gets, and has the service killed while words come. The stream itself just goes on.

    Args:
        service: The service.

    Attributes:
        ids: The ids of the events that came, in order.
        was_killed: Whether the service was killed.
        is_contradicted: Whether an event said something else than the words that were shown of it.
    """

    def __init__(self, service: Service) -> None:
        self.ids: list[int] = []
        self.was_killed = False
        self.is_contradicted = False
        self._service = service
        self._words: list[str] = []
        self._awaits_output = False
        self._column = 0

    def take(self, item: Event | TextDelta | TextReset) -> None:
        """Show one item of the stream."""
        if isinstance(item, TextDelta):
            self._words.append(item.text)
            if not self._awaits_output:
                self._say(item.text)
                if len(self._words) == PIECES_BEFORE_THE_KILL and not self.was_killed:
                    self.was_killed = True
                    self._end_line()
                    self._service.replace()
        elif isinstance(item, TextReset):
            self._words.clear()
            self._end_line()
            print("   These words are withdrawn; the model is asked again.", flush=True)
        else:
            self._show(item)

    def _show(self, event: Event) -> None:
        self._end_line()
        self.is_contradicted |= not event.text.startswith("".join(self._words))
        print(f"   {event.id or '':>2}  {event.name:<8} {event.text[:60]}{'…' * (len(event.text) > 60)}", flush=True)
        self.ids += [] if event.id is None else [event.id]
        self._words.clear()
        self._awaits_output = isinstance(event, RunAction)

    def _say(self, words: str) -> None:
        if not self._column or self._column + len(words) > COLUMNS:
            print(f"\n{INDENT}", end="")
            words = words.lstrip()
            self._column = len(INDENT)
        print(words, end="", flush=True)
        self._column += len(words)

    def _end_line(self) -> None:
        if self._column:
            print("\n", flush=True)
        self._column = 0


@contextmanager
def running_service(home: Path, effects: Path, show: Callable[..., None]) -> Generator[Service]:
    """Run the service for as long as the block lasts."""
    service = Service(home, effects, show)
    try:
        service.start()
        yield service
    finally:
        service.kill()


def free_port() -> int:
    """A port that nothing listens on now.

    Not one of those that the system hands out to clients: while the service is down, its own client could be given it,
    and would call itself.
    """
    chance = random.SystemRandom()
    while True:
        port = chance.randrange(12_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
