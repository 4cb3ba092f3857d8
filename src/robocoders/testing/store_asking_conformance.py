"""What every database must keep of questions, withdrawn text, wishes and responses: see `store_conformance`."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from robocoders.errors import StoreError
from robocoders.events import (
    CallToolAction,
    CallToolArgs,
    MessageAction,
    MessageArgs,
    ToolResultExtras,
    ToolResultObservation,
)
from robocoders.store import (
    AnswerConflictError,
    BegunWait,
    NewTurn,
    ResponseRow,
    SessionGoneError,
    SessionRow,
    StepMismatchError,
    Store,
    StoredEvent,
    TurnEndedError,
    TurnRow,
    UnknownQuestionError,
    Withdrawn,
)
from robocoders.testing.clock import HandClock
from robocoders.wire.wishes import ClientTool, Image, Wishes

__all__ = ["StoreAskingConformance"]

_SESSION = "session-1"
_WISHES = Wishes(
    instructions="Be brief.",
    images=(Image(b"\x89PNG\x00\xff", "image/png"), Image(url="https://example.org/a.png")),
    tools=(ClientTool("get_weather", "Says it.", {"type": "object", "properties": {}}, strict=True),),
    tool_choice="required",
)


class StoreAskingConformance(ABC):
    """The rules; see the module."""

    @abstractmethod
    async def open_store(self, now_us: Callable[[], int]) -> Store:
        """Open the database of this object: a new one the first time, the same one every other time."""

    @asynccontextmanager
    async def _opened_to_ask(self) -> AsyncGenerator[tuple[Store, HandClock]]:
        clock = HandClock()
        store = await self.open_store(clock)
        try:
            yield store, clock
        finally:
            await store.close()

    async def test_questions_are_asked_at_once_and_only_once(self) -> None:
        """All questions of a step are together in the log; whoever asks them again gets them as they are."""
        async with self._opened_to_ask() as (store, _):
            turn = await _turn(store)
            begun = await _ask(store, turn, "ab")
            assert [event.id for event in begun.asked] == [1, 2]
            assert begun.answers == (None, None)
            assert not begun.complete
            assert await _ask(store, turn, "ab") == begun == await store.wait(turn, 1)
            await _refused(StepMismatchError, _ask(store, turn, "ac"))
            assert await store.last_event_id(_SESSION) == 2
            assert await store.wait(turn, 2) == BegunWait((), ())

    async def test_answers_come_in_any_order_and_tell_their_question(self) -> None:
        """An answer is an event of the turn whose cause is its question; the questions are complete with the last."""
        async with self._opened_to_ask() as (store, _):
            turn = await _turn(store)
            await _ask(store, turn, "abc")
            half, [new] = await store.answer(turn, 1, {2: _result("C")})
            assert (new.id, new.cause, new.turn_id, new.visibility) == (4, 3, turn.id, "observation")
            assert half.answers == (None, None, new)
            whole, rest = await store.answer(turn, 1, {1: _result("B"), 0: _result("A")})
            assert [(event.id, event.cause) for event in rest] == [(5, 1), (6, 2)]
            assert whole.complete
            assert whole == await _ask(store, turn, "abc") == await store.wait(turn, 1)
            assert await store.events(_SESSION) == [*whole.asked, new, *rest]

    async def test_the_same_answer_is_kept_once_and_another_is_refused(self) -> None:
        """An answer that comes again adds nothing, also when the turn has ended; another one changes nothing."""
        async with self._opened_to_ask() as (store, _):
            turn = await _turn(store)
            await _ask(store, turn, "ab")
            calls = await asyncio.gather(*(store.answer(turn, 1, {0: _result("A")}) for _ in range(20)))
            assert sum(len(new) for _, new in calls) == 1
            await _refused(AnswerConflictError, store.answer(turn, 1, {0: _result("X"), 1: _result("B")}))
            assert await store.last_event_id(_SESSION) == 3
            await _end(store, turn)
            assert (await store.answer(turn, 1, {0: _result("A")}))[1] == []
            await _refused(AnswerConflictError, store.answer(turn, 1, {0: _result("X")}))
            await _refused(TurnEndedError, store.answer(turn, 1, {1: _result("B")}))

    async def test_only_what_was_asked_can_be_answered(self) -> None:
        """A step that asked nothing, a question that was not asked and a deleted session take no answer."""
        async with self._opened_to_ask() as (store, _):
            turn = await _turn(store)
            await _ask(store, turn, "a")
            for step, index in ((1, 1), (1, -1), (2, 0), (1, 1 << 20)):
                await _refused(UnknownQuestionError, store.answer(turn, step, {index: _result("A")}))
            await store.delete_session(_SESSION)
            await _refused(UnknownQuestionError, store.answer(turn, 1, {0: _result("A")}))

    async def test_questions_and_answers_outlive_a_crash(self) -> None:
        """What was asked and answered is there for who opens the database without the first having closed it."""
        async with self._opened_to_ask() as (store, clock):
            turn = await _turn(store)
            await _ask(store, turn, "ab")
            half, _ = await store.answer(turn, 1, {0: _result("A")})
            again = await self.open_store(clock)
            assert await again.wait(turn, 1) == half == await _ask(again, turn, "ab")
            await again.close()

    async def test_wishes_are_kept_as_they_came(self) -> None:
        """What a prompt asks for beside its words stays with its turn until its session is deleted."""
        async with self._opened_to_ask() as (store, _):
            turn = await _turn(store, wishes=_WISHES)
            assert turn.wishes == _WISHES
            assert await store.open_turns() == [turn]
            assert await store.turn(turn.id) == await store.last_turn(_SESSION) == turn
            assert "Be brief" not in repr(turn)
            await _end(store, turn)
            [closed] = await store.closed_turns(_SESSION, before_number=2)
            assert closed.turn.wishes is None
            await store.delete_session(_SESSION)
            left = await store.turn(turn.id)
            assert left is not None
            assert left.wishes is None

    async def test_withdrawn_text_stays_on_record(self) -> None:
        """How much text was shown in vain, of which event, is known in the order of showing."""
        async with self._opened_to_ask() as (store, _):
            turn = await _turn(store)
            await store.append(turn, [_said("first")])
            for text in ("half an", "a whole"):
                await store.write_live_text(turn, text)
                await store.write_live_text(turn, " answer")
                await store.withdraw_live_text(turn)
                assert await store.withdraw_live_text(turn) is None
            await store.write_live_text(turn, "second")
            await store.append(turn, [_said("second")])
            await store.write_live_text(turn, "th")
            await store.withdraw_live_text(turn)
            first, second, third = Withdrawn(2, 0, 14), Withdrawn(2, 1, 14), Withdrawn(3, 0, 2)
            assert await store.withdrawn(_SESSION) == [first, second, third]
            assert await store.withdrawn(_SESSION, 2) == await store.withdrawn(_SESSION, 2, 3) == [third]
            assert await store.withdrawn(_SESSION, 1, 2) == [first, second]
            assert await store.withdrawn("never was") == []
            await store.delete_session(_SESSION)
            assert await store.withdrawn(_SESSION) == []

    async def test_text_that_the_last_event_contradicts_is_withdrawn(self) -> None:
        """A turn that is ended with other words withdraws what was shown; one that goes on from it does not."""
        async with self._opened_to_ask() as (store, _):
            for said, told, expected in (
                ("Half an an", "Cancelled.", [Withdrawn(1, 0, 10)]),
                ("Don", "Done.", [Withdrawn(1, 0, 10)]),
                ("Done.", "Done.", [Withdrawn(1, 0, 10)]),
            ):
                turn = await _turn(store)
                await store.write_live_text(turn, said)
                await _end(store, turn, told)
                assert await store.withdrawn(_SESSION) == expected
                assert await store.live_text(_SESSION) is None

    async def test_a_segment_of_a_turn_has_one_name(self) -> None:
        """A response is found by its owner alone; its segment keeps the name it has, however often it is named."""
        async with self._opened_to_ask() as (store, clock):
            turn = await _turn(store)
            row = _response(turn, "resp_1", clock())
            calls = [replace(row, id=f"resp_{number}") for number in range(1, 9)]
            named = await asyncio.gather(*(store.add_response(call) for call in calls))
            assert len({one.id for one in named}) == 1
            found = await asyncio.gather(*(store.response("ada", call.id) for call in calls))
            [kept] = [one for one in found if one is not None]
            assert kept == named[0]
            assert await store.response("eve", named[0].id) is None
            assert "secret" not in repr(kept)

    async def test_the_newest_response_of_a_session_is_known(self) -> None:
        """The newest one that was not deleted is the session's last; what is deleted is known to nobody."""
        async with self._opened_to_ask() as (store, clock):
            turn = await _turn(store)
            assert await store.last_response(_SESSION) is None
            rows: list[ResponseRow] = []
            for number in range(3):
                clock.advance(1)
                previous = rows[-1].id if rows else None
                row = _response(turn, f"resp_{number}", clock(), after=number, previous=previous)
                rows.append(await store.add_response(row))
                assert await store.last_response(_SESSION) == rows[-1] == row
            assert not await store.delete_response("eve", "resp_2")
            assert await store.delete_response("ada", "resp_2")
            assert not await store.delete_response("ada", "resp_2")
            assert await store.last_response(_SESSION) == rows[1]
            assert await store.response("ada", "resp_2") is None
            again = await store.add_response(replace(rows[2], id="resp_9"))
            assert (again.id, again.request, again.deleted_at_us) == ("resp_2", {}, clock())

    async def test_responses_go_with_their_session(self) -> None:
        """Nothing of a deleted session's responses is left, and none is added to it."""
        async with self._opened_to_ask() as (store, clock):
            turn = await _turn(store)
            await store.add_response(_response(turn, "resp_1", clock()))
            await store.delete_session(_SESSION)
            assert await store.response("ada", "resp_1") is None
            assert await store.last_response(_SESSION) is None
            await _refused(SessionGoneError, store.add_response(_response(turn, "resp_2", clock(), after=1)))


async def _turn(store: Store, *, wishes: Wishes | None = None) -> TurnRow:
    await store.get_or_create_session(SessionRow(_SESSION, "ada", "private", None, None, {}, created_at_us=1))
    new = NewTurn(session_id=_SESSION, owner="ada", agent="RepoAgent", model="offline", prompt="Why?", wishes=wishes)
    return (await store.begin_turn(new)).turn


async def _ask(store: Store, turn: TurnRow, names: str) -> BegunWait:
    questions = [
        CallToolAction(args=CallToolArgs(name=name, arguments="{}", call_id=f"call_{name}", index=index, of=len(names)))
        for index, name in enumerate(names)
    ]
    return await store.begin_wait(turn, 1, fingerprint=names, questions=questions)


def _result(text: str) -> ToolResultObservation:
    return ToolResultObservation(content=text, extras=ToolResultExtras(call_id="call"))


def _said(text: str) -> MessageAction:
    return MessageAction(message=text, args=MessageArgs(content=text))


async def _end(store: Store, turn: TurnRow, text: str = "Done.") -> StoredEvent:
    closing = MessageAction(message=text, args=MessageArgs(content=text, wait_for_response=True))
    stored = await store.end_turn(turn, closing, reason="finished")
    assert json.loads(stored.body)["message"] == text
    return stored


def _response(turn: TurnRow, name: str, at_us: int, *, after: int = 0, previous: str | None = None) -> ResponseRow:
    return ResponseRow(name, "ada", _SESSION, turn.id, after, {"said": "secret"}, at_us, previous_id=previous)


async def _refused(error: type[StoreError], call: Awaitable[object]) -> None:
    try:
        await call
    except error:
        return
    raise AssertionError(f"{error.__name__} was expected")
