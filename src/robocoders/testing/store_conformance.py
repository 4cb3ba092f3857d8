"""What every database under the store must keep, as tests that can be run on any.

A subclass opens its database in `open_store`; each method whose name begins with `test_` is a test of its own, on a
database of its own, and fails by an assertion.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from robocoders.errors import StoreError
from robocoders.events import MessageAction, MessageArgs, RunAction, RunArgs, RunObservation
from robocoders.store import (
    CancelBound,
    Keyed,
    KeyReusedError,
    KnownKey,
    LiveReset,
    NewTurn,
    Place,
    SessionBusyError,
    SessionGoneError,
    SessionRow,
    StepMismatchError,
    Store,
    StoredEvent,
    TurnEndedError,
    TurnRow,
)

__all__ = ["StoreConformance"]

_DAY_US = 24 * 3600 * 1_000_000
_SESSION = "session-1"
_OTHER = "session-2"


class StoreConformance(ABC):
    """The rules; see the module."""

    def __init__(self) -> None:
        self._moments = itertools.count(1_700_000_000_000_000)
        self._ahead_us = 0

    @abstractmethod
    async def open_store(self, now_us: Callable[[], int]) -> Store:
        """Open the database of this object: a new one the first time, the same one every other time.

        Args:
            now_us: The clock that the store is to use, in UTC microseconds.
        """

    def _now_us(self) -> int:
        return next(self._moments) + self._ahead_us

    @asynccontextmanager
    async def _opened(self) -> AsyncGenerator[Store]:
        store = await self.open_store(self._now_us)
        try:
            yield store
        finally:
            await store.close()

    async def test_ids_are_consecutive_in_each_session(self) -> None:
        """The ids of a session's events are 1, 2, 3, ... whoever appends, and a call's events are together."""
        async with self._opened() as store:
            turns = [await _turn(store), await _turn(store, _OTHER)]
            calls = await asyncio.gather(
                *(store.append(turns[call % 2], [_said(f"{call}.{part}") for part in range(3)]) for call in range(60))
            )
            for turn in turns:
                log = await _log(store, turn.session_id)
                assert [event.id for event in log] == list(range(1, 91))
                mine = [event for events in calls for event in events if event.session_id == turn.session_id]
                assert sorted(mine, key=lambda event: event.id) == log
            for events in calls:
                assert [event.id - events[0].id for event in events] == [0, 1, 2]

    async def test_a_failing_call_harms_no_neighbour(self) -> None:
        """Whoever shares a commit with a call that fails is not harmed, and the failed one leaves no number unused."""
        async with self._opened() as store:
            turn = await _turn(store)
            bad = MessageAction(args=MessageArgs(extras={"score": float("nan")}))
            results = await asyncio.gather(
                *(store.append(turn, [_said("good")]) for _ in range(10)),
                store.append(turn, [_said("good, but with"), bad]),
                *(store.append(turn, [_said("good")]) for _ in range(10)),
                return_exceptions=True,
            )
            assert isinstance(results[10], ValueError)
            assert [event.id for event in await _log(store)] == list(range(1, 21))

    async def test_what_was_returned_outlives_a_crash(self) -> None:
        """Whatever a call has returned is there for who opens the database without the first having closed it."""
        async with self._opened() as store:
            turn = await _turn(store, key="k")
            stored = await store.append(turn, [_said("one")], place=Place(0, 0))
            await store.begin_step(turn, 1, fingerprint="f", action=_running())
            await store.write_live_text(turn, "half a l")
            async with self._opened() as again:
                assert await again.turn(turn.id) == turn
                assert (await again.open_turns()) == [turn]
                assert (await _log(again))[:1] == stored
                assert await again.append(turn, [_said("other words")], place=Place(0, 0)) == stored
                begun = await again.begin_step(turn, 1, fingerprint="f", action=_running())
                assert (begun.state, begun.output) == ("unfinished", "half a l")
                assert (await again.begin_turn(_new(key="k"))).existing

    async def test_pages_are_read_from_any_id(self) -> None:
        """A page begins after the id that was asked for, in order, and only the log's end is empty."""
        async with self._opened() as store:
            turn = await _turn(store)
            await store.append(turn, [_said(str(number)) for number in range(10)])
            log = await _log(store)
            for after, limit in itertools.product(range(12), (1, 3, 100)):
                assert await store.events(_SESSION, after=after, limit=limit) == log[after : after + limit]
            assert await store.last_event_id(_SESSION) == 10
            assert await store.last_event_id("never was") == 0

    async def test_a_place_is_taken_once(self) -> None:
        """What is at a place already is returned as it is; what is missing behind it is added."""
        async with self._opened() as store:
            turn = await _turn(store)
            first = await store.append(turn, [_said("a"), _said("b")], place=Place(0, 0))
            again = await store.append(turn, [_said("x"), _said("y"), _said("c")], place=Place(0, 0))
            assert again[:2] == first
            assert [event.id for event in again] == [1, 2, 3]
            elsewhere = await store.append(turn, [_said("d")], place=Place(1, 0))
            unplaced = [await store.append(turn, [_said("e")]) for _ in range(2)]
            assert [event.id for event in (*elsewhere, *unplaced[0], *unplaced[1])] == [4, 5, 6]
            assert [_text(event) for event in await _log(store)] == ["a", "b", "c", "d", "e", "e"]

    async def test_many_who_take_one_place_at_once_take_it_once(self) -> None:
        """A place is taken once, however many come at the same time."""
        async with self._opened() as store:
            turn = await _turn(store)
            calls = await asyncio.gather(
                *(store.append(turn, [_said(str(call))], place=Place(0, call % 2)) for call in range(40))
            )
            assert {events[0].id for events in calls} == {1, 2}
            assert [_text(event) for event in await _log(store)] == ["0", "1"]

    async def test_places_are_those_of_one_turn(self) -> None:
        """Two turns have places of their own."""
        async with self._opened() as store:
            first, second = await _turn(store), await _turn(store)
            await store.append(first, [_said("a")], place=Place(0, 0))
            await store.append(second, [_said("b")], place=Place(0, 0))
            assert [_text(event) for event in await _log(store)] == ["a", "b"]

    async def test_a_step_is_on_record_before_it_is_carried_out(self) -> None:
        """A step's states follow one another: new, unfinished, finished; each is told with the step's action."""
        async with self._opened() as store:
            turn = await _turn(store)
            new = await store.begin_step(turn, 1, fingerprint="f", action=_running())
            assert (new.state, new.result, new.action.id) == ("new", None, 1)
            cut_off = await store.begin_step(turn, 1, fingerprint="f", action=_running())
            assert (cut_off.state, cut_off.action) == ("unfinished", new.action)
            told = await store.finish_step(turn, 1, RunObservation(content="done", cause=1), b"result")
            assert (told.id, told.cause, told.visibility) == (2, 1, "observation")
            finished = await store.begin_step(turn, 1, fingerprint="f", action=_running())
            assert (finished.state, finished.result, finished.action) == ("finished", b"result", new.action)
            assert await _log(store) == [new.action, told]

    async def test_a_finished_step_stays_as_it_is(self) -> None:
        """Whoever finishes a step again gets the event that it was finished with, and changes nothing."""
        async with self._opened() as store:
            turn = await _turn(store)
            await store.begin_step(turn, 1, fingerprint="f", action=_running())
            results = await asyncio.gather(
                *(
                    store.finish_step(turn, 1, RunObservation(content=str(call), cause=1), str(call).encode())
                    for call in range(20)
                )
            )
            assert {event.id for event in results} == {2}
            begun = await store.begin_step(turn, 1, fingerprint="f", action=_running())
            assert begun.result == b"0"
            assert _field(results[-1], "content") == "0"

    async def test_another_step_in_a_steps_place_is_refused(self) -> None:
        """A turn that is played again must take the same steps; nothing is added where it does not."""
        async with self._opened() as store:
            turn = await _turn(store)
            await store.begin_step(turn, 1, fingerprint="f", action=_running())
            await _refused(StepMismatchError, store.begin_step(turn, 1, fingerprint="g", action=_running()))
            await _refused(StepMismatchError, store.finish_step(turn, 2, RunObservation(cause=1), b""))
            assert await store.last_event_id(_SESSION) == 1

    async def test_the_output_of_a_step_that_was_cut_off_is_kept(self) -> None:
        """A step that is begun again is told what its live text had said, and not what was said before it."""
        async with self._opened() as store:
            turn = await _turn(store)
            await store.write_live_text(turn, "Let me see.")
            await store.begin_step(turn, 1, fingerprint="f", action=_running())
            assert (await store.begin_step(turn, 1, fingerprint="f", action=_running())).output == ""
            await store.write_live_text(turn, "line 1\n")
            await store.write_live_text(turn, "line 2")
            assert (await store.begin_step(turn, 1, fingerprint="f", action=_running())).output == "line 1\nline 2"
            await store.finish_step(turn, 1, RunObservation(cause=1), b"")
            assert (await store.begin_step(turn, 1, fingerprint="f", action=_running())).output == ""

    async def test_live_text_grows_and_says_where_each_piece_begins(self) -> None:
        """Pieces have offsets in characters, and the id that their event will have."""
        async with self._opened() as store:
            turn = await _turn(store)
            await store.append(turn, [_said("one")])
            pieces = [await store.write_live_text(turn, text) for text in ("Grü", "ß 🐍 ", "dich")]
            assert [piece.offset for piece in pieces] == [0, 3, 7]
            assert {(piece.event_id, piece.generation) for piece in pieces} == {(2, 0)}
            whole = await store.live_text(_SESSION)
            assert whole is not None
            assert (whole.turn_id, whole.event_id, whole.offset, whole.text) == (turn.id, 2, 0, "Grüß 🐍 dich")
            assert await store.live_text(_OTHER) is None

    async def test_live_text_goes_with_the_event_that_it_announced(self) -> None:
        """Live text and the event that follows it are never both there, however the event comes."""
        async with self._opened() as store:
            turn = await _turn(store)
            await store.write_live_text(turn, "a")
            await store.append(turn, [_said("a")])
            assert await store.live_text(_SESSION) is None
            await store.write_live_text(turn, "b")
            await store.begin_step(turn, 1, fingerprint="f", action=_running())
            assert await store.live_text(_SESSION) is None
            await store.write_live_text(turn, "c")
            await store.finish_step(turn, 1, RunObservation(cause=2), b"")
            assert await store.live_text(_SESSION) is None
            piece = await store.write_live_text(turn, "d")
            assert (piece.event_id, piece.offset) == (4, 0)
            await _end(store, turn)
            assert await store.live_text(_SESSION) is None

    async def test_withdrawn_live_text_begins_anew(self) -> None:
        """What is withdrawn is gone; what follows has the next generation and begins at 0."""
        async with self._opened() as store:
            turn = await _turn(store)
            assert await store.withdraw_live_text(turn) is None
            await store.write_live_text(turn, "wrong")
            assert await store.withdraw_live_text(turn) == LiveReset(_SESSION, 1, 1)
            assert await store.withdraw_live_text(turn) is None
            piece = await store.write_live_text(turn, "right")
            assert (piece.event_id, piece.generation, piece.offset) == (1, 1, 0)
            whole = await store.live_text(_SESSION)
            assert whole is not None
            assert (whole.generation, whole.text) == (1, "right")

    async def test_nothing_follows_the_end_of_a_turn(self) -> None:
        """A closing message is its turn's last event, and there is exactly one."""
        async with self._opened() as store:
            turn = await _turn(store)
            await store.append(turn, [_said("a")], place=Place(0, 0))
            await store.begin_step(turn, 1, fingerprint="f", action=_running())
            ends = await asyncio.gather(*(_end(store, turn) for _ in range(5)), return_exceptions=True)
            assert sum(isinstance(end, TurnEndedError) for end in ends) == 4
            for late in _everything_in(store, turn):
                await _refused(TurnEndedError, late)
            assert await store.withdraw_live_text(turn) is None
            log = await _log(store)
            assert [event.closes_turn for event in log] == [False, False, True]
            ended = await store.turn(turn.id)
            assert ended is not None
            assert (ended.state, ended.reason, ended.last_event_id) == ("ended", "finished", 3)

    async def test_a_deleted_session_leaves_no_words(self) -> None:
        """Prompts, events, steps and live text go; the row stays, and nothing follows."""
        async with self._opened() as store:
            turn = await _turn(store)
            await store.begin_step(turn, 1, fingerprint="f", action=_running())
            await store.write_live_text(turn, "half")
            await store.delete_session(_SESSION)
            assert await _log(store) == []
            assert await store.live_text(_SESSION) is None
            assert await store.open_turns() == []
            gone = await store.turn(turn.id)
            assert gone is not None
            assert (gone.state, gone.reason, gone.prompt) == ("ended", "cancelled", "")
            row = await store.get_or_create_session(_session(owner="eve"))
            assert row.owner == "ada"
            assert row.deleted_at_us is not None
            for late in _everything_in(store, turn):
                await _refused(SessionGoneError, late)
            await _refused(SessionGoneError, store.begin_turn(_new()))

    async def test_turns_are_numbered_and_can_be_resumed(self) -> None:
        """Turns of a session have an order; new ones can go on after a crash."""
        async with self._opened() as store:
            await store.get_or_create_session(_session())
            begun = await asyncio.gather(*(store.begin_turn(_new()) for _ in range(20)))
            assert sorted(one.turn.number for one in begun) == list(range(1, 21))
            assert all(one.turn.durable for one in begun)
            assert [turn.number for turn in await store.open_turns()] == list(range(1, 21))
            await _refused(SessionBusyError, store.begin_turn(_new(refuse_if_busy=True)))

    async def test_a_summary_says_where_the_present_answer_begins(self) -> None:
        """It is that of the running turn, else of the one that waits longest, else of the newest."""
        async with self._opened() as store:
            first = await _turn(store)
            await store.mark_running(first.id)
            await store.append(first, [_said("1.1")])
            second, third = await _turn(store), await _turn(store)
            assert await _answer_after(store) == 0
            await store.append(first, [_said("1.2")])
            await _end(store, first)
            assert await _answer_after(store) == 3
            await store.mark_running(second.id)
            await _end(store, second)
            assert await _answer_after(store) == 4
            await _end(store, third)
            assert await _answer_after(store) == 4
            assert [one.last_turn_after for one in await store.sessions("ada")] == [4]
            await store.get_or_create_session(_session(_OTHER))
            assert await _answer_after(store, _OTHER) is None

    async def test_a_turn_that_never_began_hides_no_answer(self) -> None:
        """Where the newest turn ended while it waited, the answer to be shown includes its closing message."""
        async with self._opened() as store:
            first, second = await _turn(store), await _turn(store)
            await store.mark_running(first.id)
            closing = await _end(store, second)
            await store.append(first, [_said("1.1")])
            await _end(store, first)
            after = await _answer_after(store)
            assert after is not None
            assert after < closing.id

    async def test_a_prompt_with_a_key_is_accepted_once(self) -> None:
        """The same key begins one turn, whoever comes first; another body is refused."""
        async with self._opened() as store:
            await store.get_or_create_session(_session())
            begun = await asyncio.gather(*(store.begin_turn(_new(key="k")) for _ in range(50)))
            assert len({one.turn.id for one in begun}) == 1
            assert sum(not one.existing for one in begun) == 1
            await _refused(KeyReusedError, store.begin_turn(_new(key="k", body_hash="other")))
            await _refused(KeyReusedError, store.known_key(Keyed("ada", "k", "other")))
            known = KnownKey(turn_id=begun[0].turn.id, session_id=_SESSION, answer=None)
            assert await store.known_key(Keyed("ada", "k", "hash")) == known
            assert await store.known_key(Keyed("eve", "k", "hash")) is None

    async def test_a_key_makes_one_session(self) -> None:
        """The same key returns the session of the first time, deleted or not, whatever id comes with it."""
        async with self._opened() as store:
            rows = await asyncio.gather(
                *(store.session_once(_session(f"session-{call}"), Keyed("ada", "k", "h")) for call in range(20))
            )
            assert len({row.id for row in rows}) == 1
            assert len(await store.sessions("ada")) == 1
            await _refused(KeyReusedError, store.session_once(_session("another"), Keyed("ada", "k", "i")))
            await store.delete_session(rows[0].id)
            again = await store.session_once(_session("another"), Keyed("ada", "k", "h"))
            assert (again.id, again.deleted_at_us is None) == (rows[0].id, False)
            assert (await store.session_once(_session("free"), None)).id == "free"

    async def test_a_cancel_means_the_turns_of_its_first_time(self) -> None:
        """A request to cancel that comes again cancels no prompt that came in between."""
        async with self._opened() as store:
            keyed = Keyed("ada", "k", "h")
            first, _ = await _turn(store), await _turn(store)
            assert await store.bind_cancel(_SESSION, keyed) == CancelBound(up_to=2, any_open=True)
            await _end(store, first)
            await _turn(store)
            assert await store.bind_cancel(_SESSION, keyed) == CancelBound(up_to=2, any_open=True)
            assert await store.bind_cancel(_SESSION, None) == CancelBound(up_to=3, any_open=True)
            await _refused(KeyReusedError, store.bind_cancel(_SESSION, Keyed("ada", "k", "i")))
            nothing = CancelBound(up_to=0, any_open=False)
            assert await store.bind_cancel("never was", Keyed("ada", "l", "h")) == nothing
            assert await store.bind_cancel(_OTHER, None) == nothing

    async def test_a_deletion_with_a_key_happens_once(self) -> None:
        """A deletion's key is remembered with it, and is good for nothing else."""
        async with self._opened() as store:
            await _turn(store)
            await _turn(store, _OTHER)
            await store.delete_session(_SESSION, Keyed("ada", "k", "h"))
            deleted = await store.session(_SESSION)
            await store.delete_session(_SESSION, Keyed("ada", "k", "h"))
            assert await store.session(_SESSION) == deleted
            await _refused(KeyReusedError, store.delete_session(_OTHER, Keyed("ada", "k", "i")))
            assert await store.session_summary(_OTHER) is not None
            assert await store.known_key(Keyed("ada", "k", "h")) == KnownKey(None, _SESSION, None)

    async def test_keys_live_as_long_as_their_session_and_a_day(self) -> None:
        """Keys of every route stay while their session does; a day after its end they may be used anew."""
        async with self._opened() as store:
            await _turn(store, key="prompt")
            await store.session_once(_session(_OTHER), Keyed("ada", "make", "hash"))
            self._ahead_us += 30 * _DAY_US
            await store.delete_session("never was", Keyed("ada", "nothing", "hash"))
            await store.delete_session(_SESSION, Keyed("ada", "delete", "hash"))
            known = {"prompt", "make", "nothing", "delete"}
            for passed_us in (_DAY_US - 3_600_000_000, 7_200_000_000):
                assert {key for key in known if await store.known_key(Keyed("ada", key, "hash"))} == known
                self._ahead_us += passed_us
                await store.delete_session("never was")
            assert {key for key in known if await store.known_key(Keyed("ada", key, "hash"))} == {"make"}
            begun = await store.begin_turn(_new(_OTHER, key="prompt", body_hash="other"))
            assert not begun.existing


def _session(session_id: str = _SESSION, *, owner: str = "ada") -> SessionRow:
    return SessionRow(
        id=session_id,
        owner=owner,
        workspace_kind="private",
        workspace_ref=None,
        model=None,
        limits={},
        created_at_us=1,
    )


def _new(
    session_id: str = _SESSION, *, key: str | None = None, body_hash: str = "hash", refuse_if_busy: bool = False
) -> NewTurn:
    return NewTurn(
        session_id=session_id,
        owner="ada",
        agent="RepoAgent",
        model="offline",
        prompt="Why?",
        key=key,
        body_hash=body_hash,
        refuse_if_busy=refuse_if_busy,
    )


async def _turn(store: Store, session_id: str = _SESSION, *, key: str | None = None) -> TurnRow:
    await store.get_or_create_session(_session(session_id))
    return (await store.begin_turn(_new(session_id, key=key))).turn


def _said(text: str) -> MessageAction:
    return MessageAction(message=text, args=MessageArgs(content=text))


def _running() -> RunAction:
    return RunAction(args=RunArgs(command="make"))


async def _end(store: Store, turn: TurnRow) -> StoredEvent:
    closing = MessageAction(message="Done.", args=MessageArgs(content="Done.", wait_for_response=True))
    return await store.end_turn(turn, closing, reason="finished")


async def _log(store: Store, session_id: str = _SESSION) -> list[StoredEvent]:
    events: list[StoredEvent] = []
    while page := await store.events(session_id, after=events[-1].id if events else 0, limit=7):
        events.extend(page)
    return events


async def _answer_after(store: Store, session_id: str = _SESSION) -> int | None:
    summary = await store.session_summary(session_id)
    assert summary is not None
    return summary.last_turn_after


def _field(event: StoredEvent, name: str) -> str:
    return str(json.loads(event.body)[name])


def _text(event: StoredEvent) -> str:
    return _field(event, "message")


def _everything_in(store: Store, turn: TurnRow) -> list[Awaitable[object]]:
    """All that can be added to a turn."""
    return [
        store.append(turn, [_said("late")]),
        store.append(turn, [_said("a")], place=Place(0, 0)),
        store.begin_step(turn, 1, fingerprint="f", action=_running()),
        store.begin_step(turn, 2, fingerprint="f", action=_running()),
        store.finish_step(turn, 1, RunObservation(cause=1), b""),
        store.write_live_text(turn, "late"),
        _end(store, turn),
    ]


async def _refused(error: type[StoreError], call: Awaitable[object]) -> None:
    """Await what must be refused with this error."""
    try:
        await call
    except error:
        return
    raise AssertionError(f"{error.__name__} was expected")
