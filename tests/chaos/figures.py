"""What a storm came to: the figures, and every sentence about what did not hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from robocoders import AsyncRobocoders
from tests.chaos.checking import check_effects, check_log, check_reading, turn_steps
from tests.chaos.live_text_checking import LiveTextFigures, check_live_text
from tests.chaos.log_file import SessionLog, database_in, read_logs
from tests.chaos.readings import Reading
from tests.chaos.server_process import ServerProcess

__all__ = ["Verdict", "judge"]


@dataclass(slots=True)
class Verdict:
    """The outcome of a storm.

    Attributes:
        figures: Counts by name, in the order in which they are told.
        faults: What does not hold; empty is what everybody wants.
    """

    figures: dict[str, Any] = field(default_factory=dict[str, Any])
    faults: list[str] = field(default_factory=list[str])

    def tell(self, write: Callable[[str], object]) -> None:
        """Write it for people, a line a figure and a line a fault."""
        width = max(map(len, self.figures), default=0)
        for name, value in self.figures.items():
            shown = f"{value:.1f}" if isinstance(value, float) else str(value)
            write(f"{name.replace('_', ' '):<{width}}  {shown}")
        for fault in self.faults[:50]:
            write(f"FAULT: {fault}")
        if len(self.faults) > 50:
            write(f"FAULT: and {len(self.faults) - 50} more")


async def judge(
    readings: Sequence[Reading], prompts: Mapping[str, Sequence[str]], server: ServerProcess, written: Mapping[str, str]
) -> Verdict:
    """Hold everything that was seen against the log: the server's own word for it, and the file's.

    Args:
        readings: What every reader got; nobody reads any more.
        prompts: The prompts that were sent to each session, by its id.
        server: It runs.
        written: What the files of effects hold, by name.
    """
    logs = read_logs(database_in(server.data_dir))
    verdict, live = Verdict(), LiveTextFigures()
    faults = verdict.faults
    for one in readings:
        if one.gave_up is not None:
            faults.append(f"{one.reader}, {one.prompt!r}: the client gave up: {one.gave_up}")
    for session_id, sent in prompts.items():
        log = logs.get(session_id, SessionLog(session_id))
        faults += check_log(log, sent)
        faults += check_reading(await _as_served(server, session_id), log)
    for reading in readings:
        faults += check_reading(reading, _upto_end(reading, logs[reading.session_id], readings))
        faults += check_live_text(reading, live)
    steps = [turn for log in logs.values() for turn in turn_steps(log)]
    faults += check_effects(written, steps)
    verdict.figures = {
        "sessions": len(prompts),
        "turns": sum(len(log.turns) for log in logs.values()),
        "finished_steps": sum(sum(turn.finished.values()) for turn in steps),
        "interrupted_steps": sum(len(turn.interrupted) for turn in steps),
        "events": sum(len(log.events) for log in logs.values()),
        "readers": len({one.reader for one in readings}),
        "events_read": sum(len(one.items) for one in readings) - live.deltas - live.resets,
        **asdict(live),
        "give_ups": sum(one.gave_up is not None for one in readings),
        "faults": len(faults),
    }
    return verdict


def _upto_end(reading: Reading, log: SessionLog, readings: Sequence[Reading]) -> SessionLog:
    """The part of a log that a reading should have: a follower's ends where the same follower began anew."""
    if reading.prompt is not None:
        return log
    begun = [one for one in readings if one.reader == reading.reader]
    following = begun[begun.index(reading) + 1 :]
    if not following:
        return log
    end = following[0].after
    return SessionLog(log.session_id, log.turns, [event for event in log.events if event.id <= end])


async def _as_served(server: ServerProcess, session_id: str) -> Reading:
    reading = Reading("the server's log", session_id)
    async with AsyncRobocoders(server.url, server.token) as client:
        async for event in client.session(session_id).events(0, follow=False):
            reading.add(event)
    return reading
