from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from robocoders.events import Event, TextDelta, TextReset
from robocoders.wire.codec import decode_event
from tests.chaos import scripts
from tests.chaos.checking import INTERRUPTED, check_effects, check_log, check_reading, turn_steps
from tests.chaos.live_text_checking import LiveTextFigures, check_live_text
from tests.chaos.log_file import LoggedEvent, LoggedTurn, SessionLog
from tests.chaos.readings import Item, Reading

Spoil = Callable[[list[dict[str, Any]]], object]

_PROMPTS = (scripts.prompt_of("one"), scripts.prompt_of("two"))


def _bodies(prompt: str) -> list[dict[str, Any]]:
    """A turn as its script has it, without ids."""
    found: list[dict[str, Any]] = []
    for number, saying in enumerate(scripts.sayings_of(prompt)):
        ends = number == scripts.REQUESTS - 1
        extras = {"reason": "finished"} if ends else {}
        args = {"content": saying.text, "wait_for_response": ends, "extras": extras}
        found.append({"message": saying.text, "action": "message", "args": args})
        for line in saying.lines:
            found.append(
                {"message": "Appending", "action": "run", "args": {"command": f"slow_append {scripts.file_of(prompt)}"}}
            )
            found.append({"message": "Done", "observation": "run", "content": line, "cause": "the one before"})
    return found


def _log(spoil: Spoil | None = None) -> SessionLog:
    """A session of two turns; the first one's bodies can be spoiled before they get their ids."""
    log = SessionLog("session")
    for place, prompt in enumerate(_PROMPTS):
        bodies, turn_id = _bodies(prompt), f"turn-{place}"
        if spoil is not None and place == 0:
            spoil(bodies)
        for body in bodies:
            number = len(log.events) + 1
            cause = {"cause": number - 1} if "cause" in body else {}
            line = json.dumps({"id": number, **body, **cause}).encode()
            log.events.append(LoggedEvent(number, turn_id, line))
        log.turns.append(LoggedTurn(turn_id, prompt, "ended", "finished", len(log.events)))
    return log


def _written(log: SessionLog) -> dict[str, str]:
    return {scripts.file_of(turn.prompt): "\n".join([*scripts.lines_of(turn.prompt), ""]) for turn in log.turns}


def _event(line: bytes) -> Event:
    item = decode_event(line)
    assert isinstance(item, Event)
    return item


def _reading(log: SessionLog, **given: Any) -> Reading:
    reading = Reading("a reader", "session", **given)
    turn_ids = {turn.id for turn in log.turns if reading.prompt in {None, turn.prompt}}
    for event in log.events:
        if event.turn_id in turn_ids and event.id > reading.after:
            reading.add(_event(event.body))
    return reading


def test_a_log_as_its_script_has_it_is_sound() -> None:
    """Promise: ours: the judge of a storm condemns nothing that is right."""
    log = _log()
    assert list(check_log(log, _PROMPTS)) == []
    assert list(check_effects(_written(log), turn_steps(log))) == []
    for given in ({}, {"after": 9}, {"prompt": _PROMPTS[0]}, {"prompt": _PROMPTS[1]}):
        assert list(check_reading(_reading(log, **given), log)) == []


def _swap(bodies: list[dict[str, Any]]) -> None:
    bodies[2], bodies[5] = bodies[5], bodies[2]


_SPOILT: list[tuple[Spoil, str]] = [
    (lambda bodies: bodies.insert(0, bodies[0]), "texts that are not those of its script"),
    (lambda bodies: bodies.pop(0), "texts that are not those of its script"),
    (lambda bodies: bodies.pop(2), "do not belong to its actions"),
    (lambda bodies: bodies.insert(1, bodies[1]), "are not the"),
    (_swap, "are not those"),
    (lambda bodies: bodies.append(bodies[-1]), "closing messages are"),
    (lambda bodies: bodies.pop(), "closing messages are"),
    (lambda bodies: bodies[-1]["args"]["extras"].update(reason="error"), "it ended with"),
]


@pytest.mark.parametrize(("spoil", "said"), _SPOILT)
def test_a_turn_that_differs_from_its_script_is_found(spoil: Spoil, said: str) -> None:
    """Promise: ours: a turn that lost, repeated or swapped anything does not pass."""
    assert any(said in fault for fault in check_log(_log(spoil), _PROMPTS))


def test_a_prompt_that_is_lost_or_ran_twice_is_found() -> None:
    """Promise: ours: every accepted prompt is one turn."""
    log = _log()
    log.turns.append(replace(log.turns[0], id="turn-2"))
    assert any("became 2 turns" in fault for fault in check_log(log, _PROMPTS))
    assert any("is lost" in fault for fault in check_log(_log(), [*_PROMPTS, "another"]))


def test_a_gap_in_the_log_and_mixed_turns_are_found() -> None:
    """Promise: ours: ids are 1, 2, 3, ... and a session's turns follow one another."""
    log = _log()
    del log.events[3]
    assert any("gap" in fault for fault in check_log(log, _PROMPTS))
    log = _log()
    log.events[3] = replace(log.events[3], turn_id="turn-1")
    assert any("mixed" in fault for fault in check_log(log, _PROMPTS))


def test_a_step_that_ran_twice_or_never_is_found() -> None:
    """Promise: ours: a finished step ran exactly once, an interrupted one at most once, and none in secret."""
    log = _log(lambda bodies: bodies[2].update(message=INTERRUPTED))
    written, steps = _written(log), turn_steps(log)
    file = steps[0].file
    lines = written[file].splitlines()
    assert steps[0].interrupted == lines[:1]

    def faults(*told: str, **more: str) -> list[str]:
        return list(check_effects({**written, file: "\n".join(told), **more}, steps))

    assert faults(*lines) == faults(*lines[1:]) == faults(lines[0][:9], *lines[1:]) == []
    assert "once more" in faults(lines[0], *lines)[-1]
    assert "once more" in faults(*lines, lines[-1])[-1]
    assert "left no effect" in faults(*lines[:-1])[0]
    assert "left no effect" in faults(*lines[:-1], lines[-1][:9])[0]
    assert "in no log" in faults(*lines, secret="x")[0]


@pytest.mark.parametrize("place", [0, 5, -1])
def test_a_reader_who_misses_or_repeats_an_event_is_found(place: int) -> None:
    """Promise: ours: every reader's sequence is exactly the log's."""
    log = _log()
    for change in ("miss", "repeat", "swap", "alter"):
        reading = _reading(log, prompt=_PROMPTS[0])
        items = reading.items
        if change == "miss":
            del items[place]
        elif change == "repeat":
            items.insert(place, items[place])
        elif change == "swap":
            items[place], items[3] = items[3], items[place]
        else:
            items[place] = _event(log.events[place].body.replace(b'"message"', b' "message"'))
        assert list(check_reading(reading, log)) != []


_FIRST = scripts.say(_PROMPTS[0], 0).text


@pytest.mark.parametrize(
    ("live", "said"),
    [
        ([TextDelta(delta_of=1, offset=0, text=_FIRST)], ""),
        ([TextDelta(delta_of=1, offset=0, text=_FIRST[:5])], ""),
        ([TextDelta(delta_of=1, offset=0, text="no"), TextReset(delta_of=1)], ""),
        ([TextDelta(delta_of=1, offset=0, text="no")], "does not begin with what was shown"),
        ([TextDelta(delta_of=1, offset=2, text=_FIRST[2:])], "goes on at 2"),
        ([TextDelta(delta_of=1, offset=0, text="a"), TextDelta(delta_of=1, offset=0, text="a")], "goes on at 0"),
        ([TextDelta(delta_of=2, offset=0, text="a")], "while live text of 2 stood"),
        ([TextDelta(delta_of=0, offset=0, text="a")], "after the event 0"),
    ],
)
def test_live_text_that_stays_wrong_is_found(live: list[Item], said: str) -> None:
    """Promise: ours: nobody keeps half of an answer that never was."""
    reading = Reading("a reader", "session", prompt=_PROMPTS[0])
    reading.items = [*live, *_reading(_log(), prompt=_PROMPTS[0]).items]
    faults = list(check_live_text(reading, LiveTextFigures()))
    assert any(said in fault for fault in faults) if said else not faults


def test_live_text_that_no_event_ends_is_found() -> None:
    """Promise: ours: an answer does not end with words that no event says."""
    reading = _reading(_log(), prompt=_PROMPTS[0])
    reading.add(TextDelta(delta_of=99, offset=0, text="left over"))
    assert any("stayed" in fault for fault in check_live_text(reading, LiveTextFigures()))
