"""What must hold after a storm, as functions from what was recorded to the sentences that say what does not hold."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from robocoders.agents.steps import interrupted_result
from robocoders.events import Event
from tests.chaos import scripts
from tests.chaos.log_file import LoggedEvent, LoggedTurn, SessionLog
from tests.chaos.readings import Reading

__all__ = ["TurnSteps", "check_effects", "check_log", "check_reading", "turn_steps"]

INTERRUPTED = interrupted_result("").observation.message or ""


@dataclass(frozen=True, slots=True)
class TurnSteps:
    """The tool calls of one turn, each by the line that it appends, in order.

    Args:
        file: The file that the turn appends to.
        finished: For each call whether the log says that it finished, or that it was interrupted.
    """

    file: str
    finished: Mapping[str, bool]

    @property
    def interrupted(self) -> list[str]:
        """The lines of the calls that were interrupted."""
        return [line for line, finished in self.finished.items() if not finished]


def check_log(log: SessionLog, prompts: Sequence[str]) -> Iterator[str]:
    """Check one session's log: numbered without gap, every turn ended once and told as its script has it.

    Args:
        log: What the database holds.
        prompts: The prompts that were sent and answered.
    """
    where = f"session {log.session_id}"
    if [event.id for event in log.events] != list(range(1, len(log.events) + 1)):
        yield f"{where}: the ids have a gap or a repeat"
    accepted = Counter(turn.prompt for turn in log.turns)
    yield from (
        f"{where}: the prompt {prompt!r} became {count} turns" for prompt, count in accepted.items() if count > 1
    )
    yield from (f"{where}: the prompt {prompt!r} is lost" for prompt in prompts if prompt not in accepted)
    by_turn: dict[str, list[LoggedEvent]] = {turn.id: [] for turn in log.turns}
    for event in log.events:
        by_turn.setdefault(event.turn_id, []).append(event)
    previous = 0
    for turn in log.turns:
        events = by_turn[turn.id]
        yield from (f"{where}, {turn.prompt!r}: {fault}" for fault in _check_turn(turn, events))
        if events:
            if events[0].id != previous + 1 or events[-1].id - events[0].id + 1 != len(events):
                yield f"{where}, {turn.prompt!r}: its events are mixed with those of other turns"
            previous = events[-1].id


def _check_turn(turn: LoggedTurn, events: Sequence[LoggedEvent]) -> Iterator[str]:
    bodies: list[dict[str, Any]] = [json.loads(event.body) for event in events]
    closing = [body["id"] for body in bodies if _closes(body)]
    if turn.state != "ended" or closing != [turn.last_event_id] or not events or events[-1].id != turn.last_event_id:
        yield f"it is {turn.state}, its last event is {turn.last_event_id}, closing messages are {closing}"
        return
    if turn.reason != "finished" or bodies[-1]["args"]["extras"].get("reason") != "finished":
        yield f"it ended with {turn.reason}: {bodies[-1]['message'][:200]!r}"
        return
    said = [body["args"]["content"] for body in bodies if body.get("action") == "message"]
    if said != [saying.text for saying in scripts.sayings_of(turn.prompt)]:
        yield f"it said {len(said)} texts that are not those of its script"
    yield from _check_steps(turn.prompt, bodies)


def _check_steps(prompt: str, bodies: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Each line of the script is one action, right after it the one observation that it caused."""
    wanted = scripts.lines_of(prompt)
    actions = [body for body in bodies if "action" in body and body["action"] != "message"]
    observations = [body for body in bodies if "observation" in body]
    file = scripts.file_of(prompt)
    if len(actions) != len(wanted) or not all(file in body["args"].get("command", "").split() for body in actions):
        yield f"its {len(actions)} actions are not the {len(wanted)} of its script"
    if [body["cause"] for body in observations] != [body["id"] for body in actions]:
        yield "its observations do not belong to its actions one by one"
        return
    if any(after["id"] != before["id"] + 1 for before, after in zip(actions, observations, strict=True)):
        yield "something stands between an action and its observation"
    told = [line for body, line in zip(observations, wanted, strict=False) if not _is_interrupted(body)]
    # A command's output ends with a line end, whatever the command does.
    if [body["content"].removesuffix("\n") for body in observations if not _is_interrupted(body)] != told:
        yield "its observations are not those of its script, in order"


def turn_steps(log: SessionLog) -> list[TurnSteps]:
    """What the log says of the tool calls in a session's turns."""
    observations: dict[str, list[dict[str, Any]]] = {turn.id: [] for turn in log.turns}
    for event in log.events:
        body = json.loads(event.body)
        if "observation" in body:
            observations[event.turn_id].append(body)
    return [
        TurnSteps(
            scripts.file_of(turn.prompt),
            {
                line: not _is_interrupted(body)
                for line, body in zip(scripts.lines_of(turn.prompt), observations[turn.id], strict=False)
            },
        )
        for turn in log.turns
    ]


def check_effects(written: Mapping[str, str], steps: Iterable[TurnSteps]) -> Iterator[str]:
    """Check the files of effects: a finished step once, an interrupted one at most once or in part, nothing else.

    Args:
        written: What each file holds, by its name.
        steps: What the logs say.
    """
    known: set[str] = set()
    for turn in steps:
        known.add(turn.file)
        left = deque(written.get(turn.file, "").splitlines())
        for line, finished in turn.finished.items():
            # What a killed server had written of a line stays, without its end; the next line begins on its own.
            if left and (left[0] == line if finished else line.startswith(left[0])):
                left.popleft()
            elif finished:
                yield f"the finished step {line!r} left no effect in its place"
        yield from (f"{turn.file}: {line!r} was written once more, or by nobody" for line in left)
    yield from (f"{file} was written by a turn that is in no log" for file in written if file not in known)


def check_reading(reading: Reading, log: SessionLog) -> Iterator[str]:
    """Check that a reader got exactly the log, in its order, byte for byte: its turn's part, or all after an id."""
    where = f"{reading.reader}, {reading.prompt!r}" if reading.prompt is not None else reading.reader
    got = [item for item in reading.items if isinstance(item, Event)]
    if reading.prompt is None:
        wanted = [event for event in log.events if event.id > reading.after]
    else:
        ids = {turn.id for turn in log.turns if turn.prompt == reading.prompt}
        wanted = [event for event in log.events if event.turn_id in ids]
    if reading.gave_up is not None:
        wanted = wanted[: len(got)]
    if [item.id for item in got] != [event.id for event in wanted]:
        yield f"{where}: got the ids {_ranges([item.id for item in got])} of {_ranges([event.id for event in wanted])}"
    elif [item.raw for item in got] != [event.body for event in wanted]:
        yield f"{where}: an event is not byte for byte what the log holds"


def _closes(body: dict[str, Any]) -> bool:
    return body.get("action") == "message" and body["args"]["wait_for_response"] is True


def _is_interrupted(observation: dict[str, Any]) -> bool:
    return observation["message"] == INTERRUPTED


def _ranges(ids: Sequence[int | None]) -> str:
    """Ids for people: runs of them as `1..9`."""
    runs: list[list[int]] = []
    for number in ids:
        if number is None:
            continue
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    shown = [f"{first}..{last}" if last > first else str(first) for first, last in runs[:12]]
    return ", ".join(shown) + (" ..." if len(runs) > 12 else "")
