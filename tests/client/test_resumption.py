"""Answers and logs over servers that die and come back, with and without live text."""

from __future__ import annotations

import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from robocoders import APIConnectionError, APIStatusError, NotFoundError, StreamError
from robocoders.client import places
from robocoders.client.credentials import CredentialCache
from robocoders.client.resumption import MOST_BARREN
from robocoders.events import TextDelta, TextReset
from robocoders.wire.codec import StreamItem
from tests.client.fronts import Front, collect, collect_live
from tests.standin import events, faults
from tests.standin.comeback import ComebackClock
from tests.standin.server import StandIn

FOLLOWED = "GET followed"
SCRIPT = [
    events.message(1, "Looking."),
    events.delta(2, 0, "Half an ans"),
    events.reset(2),
    events.delta(2, 0, "Here "),
    events.delta(2, 5, "is more."),
    events.message(2, "Here is more."),
    events.run_python(3, "1 + 1"),
    events.delta(4, 0, "2"),
    events.observation(4, 3, "2"),
    events.delta(5, 0, "It is"),
    events.closing(5, "It is 2.", reason="finished"),
]
WHOLE = [1, 2, 3, 4, 5]
LENGTH = len(b"".join(SCRIPT))


def _shown(items: list[StreamItem]) -> list[int | None]:
    """The ids of the events, after checking that whoever shows the live text holds the right one at each."""
    shown, of, ids = "", 0, list[int | None]()
    for item in items:
        if isinstance(item, TextDelta):
            assert item.offset == len(shown)
            shown, of = shown + item.text, item.delta_of
        elif isinstance(item, TextReset):
            shown = ""
        else:
            assert item.text.startswith(shown)
            assert not shown or item.id == of
            shown = ""
            ids.append(item.id)
    assert shown == ""
    return ids


async def test_live_text_comes_to_those_who_ask(front: Front, announcing: StandIn) -> None:
    """Promise: live text, `deltas=True` gives it as it comes, on both fronts."""
    announcing.answer(SCRIPT)
    async with front.connect(announcing.url) as client:
        items = await collect_live((await client.create_session()).live_chat("Where?"))
    assert [type(item) for item in items[1:4]] == [TextDelta, TextReset, TextDelta]
    assert _shown(items) == WHOLE
    assert announcing.asked("POST /chat")[0].query == {"events": "all", "deltas": "true"}


async def test_no_live_text_comes_without_being_asked_for(front: Front, announcing: StandIn) -> None:
    """Promise: live text, only to those who ask."""
    announcing.answer(SCRIPT)
    async with front.connect(announcing.url) as client:
        session = await client.create_session()
        assert [event.id for event in await collect(session.chat("Where?"))] == WHOLE
        await collect(session.events(follow=False))
    assert not [seen for seen in announcing.seen if "deltas" in seen.query]


async def test_asking_an_original_server_for_live_text_gives_the_events(front: Front, original: StandIn) -> None:
    """Protocol fact: the original ignores what it does not know, and its prompt is sent once."""
    original.answer([events.delta(7, 3, "gap"), *SCRIPT[5:6], events.closing(5)])
    async with front.connect(original.url) as client:
        items = await collect_live((await client.create_session()).live_chat("Where?"))
    assert [getattr(item, "id", None) for item in items] == [2, 5]
    assert len(original.runs) == 1


@pytest.mark.parametrize("live", [True, False])
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deaths=st.lists(st.integers(0, LENGTH), min_size=1, max_size=4))
async def test_a_server_that_dies_anywhere_is_not_noticed(
    front: Front,
    live: bool,  # noqa: FBT001 - pytest passes it by name
    deaths: list[int],
) -> None:
    """Promise: the stream goes on after a restart: no event lost or repeated, and the prompt ran once."""
    with StandIn(announced=True) as server:
        # As late as the patience allows, even if nothing new comes between the deaths.
        front.clock = ComebackClock(server, 8 // len(deaths))
        server.answer(SCRIPT)
        async with front.connect(server.url) as client:
            session = await client.create_session()
            server.fail("POST /chat", *map(faults.Death, deaths))
            if live:
                items = await collect_live(session.live_chat("Where?"))
            else:
                items = list[StreamItem](await collect(session.chat("Where?")))
        assert _shown(items) == WHOLE
        assert [run.prompt for run in server.runs] == ["Where?"]
        assert len({seen.headers["idempotency-key"] for seen in server.asked("POST /chat")}) == 1


async def test_the_rest_is_asked_for_by_id_and_offset(front: Front, announcing: StandIn) -> None:
    """Promise: live text, a reader resumes at `after=ID&offset=N`; a withdrawn text is told to it."""
    front.clock = ComebackClock(announcing, 3)
    announcing.answer(SCRIPT)
    read = threading.Event()
    announcing.fail("POST /chat", faults.Death(len(b"".join(SCRIPT[:5])), once_read=read))
    async with front.connect(announcing.url) as client:
        items = await collect_live((await client.create_session()).live_chat("Where?"), {5: read})
    assert _shown(items) == WHOLE
    again = announcing.asked("POST /chat")[-1]
    assert again.query == {"events": "all", "deltas": "true", "after": "1", "offset": "1"}
    # Two connections were refused in between.
    assert front.clock.slept == [0.3125, 0.625, 1.25]


async def test_a_server_that_does_not_come_back_is_an_error(front: Front, announcing: StandIn) -> None:
    """Promise: errors, no resumption goes on for ever; `last_event_id` says how far it came."""
    announcing.answer(SCRIPT)
    read = threading.Event()
    announcing.fail("POST /chat", faults.Death(len(SCRIPT[0]), once_read=read))
    async with front.connect(announcing.url) as client:
        session = await client.create_session()
        with pytest.raises(APIConnectionError, match="refused") as caught:
            await collect(session.chat("Where?"), {1: read})
    assert (caught.value.last_event_id, caught.value.session_id) == (1, session.id)
    assert len(front.clock.slept) == 8
    assert sum(front.clock.slept) / 1.25 > 30


async def test_no_resumption_where_no_retries_are_wanted(front: Front, announcing: StandIn) -> None:
    """Promise: README, client (`max_retries=0`: nothing is tried again)."""
    announcing.answer(SCRIPT)
    announcing.fail("POST /chat", faults.broken(SCRIPT[0], "reset", announced=True))
    async with front.connect(announcing.url, max_retries=0) as client:
        with pytest.raises(StreamError):
            await client.ask("Where?")
    assert front.clock.slept == []


async def test_an_answer_that_ends_before_its_first_event_is_taken_up(front: Front, announcing: StandIn) -> None:
    """Promise: streams just end when a server stops; its turns go on when it starts again."""
    announcing.answer(SCRIPT)
    announcing.fail("POST /chat", faults.whole(b"\n", announced=True))
    async with front.connect(announcing.url) as client:
        assert (await client.ask("Where?")).text == "It is 2."
    assert len(announcing.runs) == 1


@pytest.mark.parametrize("known", [True, False])
async def test_lost_data_is_a_clear_error_and_no_second_run(
    front: Front,
    announcing: StandIn,
    known: bool,  # noqa: FBT001 - pytest passes it by name
) -> None:
    """Promise: a resumption that finds less than what had come says so; the prompt is not run once more."""
    announcing.unknown_session = 404
    announcing.answer(SCRIPT)
    read = threading.Event()
    announcing.fail("POST /chat", faults.Death(len(b"".join(SCRIPT[:7])), once_read=read))

    def lose() -> None:
        announcing.told = {"last_event_id": 2}
        if not known:
            announcing.sessions.clear()

    front.clock = ComebackClock(announcing, 2, lose)
    async with front.connect(announcing.url) as client:
        session = await client.create_session()
        with pytest.raises(StreamError if known else NotFoundError) as caught:
            await collect(session.chat("Where?"), {3: read})
    assert (caught.value.last_event_id, caught.value.session_id) == (3, session.id)
    assert ("ends at event 2" if known else "not sent to another one") in str(caught.value)
    assert len(announcing.runs) == 1


async def test_a_log_goes_on_over_restarts(front: Front, announcing: StandIn) -> None:
    """Promise: `events(follow=True)` goes on at the last id seen when the server comes back."""
    front.clock = ComebackClock(announcing, 4)
    announcing.log = SCRIPT
    announcing.fail(FOLLOWED, *(faults.Death(size) for size in (0, 200, LENGTH // 2, 10)))
    async with front.connect(announcing.url) as client:
        session = await client.create_session()
        stream = session.live_events()
        items: list[StreamItem] = []
        while not items or getattr(items[-1], "id", None) != 5:
            item = await stream.next()
            assert item is not None
            items.append(item)
    assert _shown(items) == WHOLE


async def test_a_followed_log_that_is_shorter_than_asked_for_is_a_clear_error(
    front: Front, announcing: StandIn
) -> None:
    """Promise: a resumption that finds less than what had come says so, and does not hang."""
    announcing.log = SCRIPT
    async with front.connect(announcing.url) as client:
        session = await client.create_session()
        with pytest.raises(StreamError, match="ends at event 5, but event 9 had come"):
            await collect(session.events(after=9))
        assert await collect(session.events(after=9, follow=False)) == []


@pytest.mark.parametrize("state", ["running", "idle"])
async def test_attaching_gives_the_present_or_newest_answer(front: Front, announcing: StandIn, state: str) -> None:
    """Promise: `attach` gives the answer from its first event to its closing message, whoever asked."""
    announcing.state = state
    announcing.told = {"answering_after": 5}
    later = [events.delta(7, 0, "Mo"), events.closing(7, "More.")]
    announcing.log = [*SCRIPT, events.message(6, "Again."), *later, events.message(8, "Of the next turn.")]
    announcing.fail(FOLLOWED, faults.broken(announcing.log[-4], "reset"))
    async with front.connect(announcing.url) as client:
        session = await client.create_session()
        assert [event.id for event in await collect(session.attach())] == [6, 7]
        assert _shown(await collect_live(session.live_attach())) == [6, 7]


async def test_attaching_to_a_session_without_answers_gives_nothing(front: Front, announcing: StandIn) -> None:
    """Promise: `attach` gives nothing where nothing was asked yet; an unknown session is an error."""
    async with front.connect(announcing.url) as client:
        session = await client.create_session()
        assert await collect(session.attach()) == []
        announcing.told = {"answering_after": None}
        assert await collect(session.attach()) == []
        with pytest.raises(NotFoundError):
            await collect(client.session("nobody").attach())


@pytest.mark.parametrize(
    ("state", "log", "ids"),
    [
        ("idle", SCRIPT, WHOLE),
        ("idle", [*SCRIPT, events.message(6, "x"), events.closing(7)], [6, 7]),
        ("idle", [*SCRIPT, events.message(6, "cut")], [6]),
        ("running", [*SCRIPT, events.message(6, "x"), events.closing(7)], []),
        ("running", [*SCRIPT, events.message(6, "x")], [6]),
    ],
)
async def test_attaching_to_an_older_server_looks_for_the_answer_in_its_log(
    front: Front, announcing: StandIn, state: str, log: list[bytes], ids: list[int]
) -> None:
    """Promise: `attach` works from what there is where the server does not tell where the answer begins."""
    announcing.state, announcing.log = state, log
    async with front.connect(announcing.url) as client:
        session = await client.create_session()
        stream = session.attach()
        assert [event.id for event in [await stream.next() for _ in ids] if event is not None] == ids
        if state == "running":
            await stream.close()
        else:
            assert await stream.next() is None


async def test_whatever_changes_something_is_sent_again_with_its_key(front: Front, announcing: StandIn) -> None:
    """Promise: every changing request has a key, and is done once on servers that know keys."""
    routes = ["GET /create-session", "POST /sessions", "POST /sessions/{sid}/cancel", "DELETE /sessions/{sid}"]
    async with front.connect(announcing.url) as client:
        await client.sign_in()
        for route in [*routes, "POST /get-session-code"]:
            announcing.fail(route, faults.Lost())
        await client.create_session()
        session = await client.create_session(model="offline")
        assert await session.cancel() is True
        assert await session.code("octocat") is not None
        await session.delete()
    assert len(announcing.sessions) == 1
    keys: list[str] = []
    for route in [*routes, "POST /get-session-code"]:
        first, *more = announcing.asked(route)
        assert len(more) == 1
        assert {seen.headers["idempotency-key"] for seen in more} == {first.headers["idempotency-key"]}
        keys.append(first.headers["idempotency-key"])
    assert len(set(keys)) == len(keys)


async def test_what_changes_something_is_not_sent_again_where_nothing_is_announced(
    front: Front, original: StandIn
) -> None:
    """Promise: nothing changes with servers that announce nothing."""
    original.tokens.add("given")
    original.sessions.append("s")
    original.fail("POST /sessions/{sid}/cancel", faults.no_answer())
    original.fail("POST /sessions", faults.no_answer())
    async with front.connect(original.url, "given") as client:
        with pytest.raises(APIConnectionError):
            await client.session("s").cancel()
        with pytest.raises(APIConnectionError):
            await client.create_session(model="offline")
    assert len(original.asked("POST /sessions/{sid}/cancel")) == len(original.asked("POST /sessions")) == 1


async def test_a_prompt_that_may_have_run_is_not_sent_to_another_session(front: Front, announcing: StandIn) -> None:
    """Promise: the prompt ran once, also where the session is lost while it is sent."""
    announcing.unknown_session = 404
    CredentialCache(places.credentials_file()).update(announcing.url, idempotent=True)
    announcing.fail("POST /chat", faults.no_answer(), faults.status(404))
    async with front.connect(announcing.url) as client:
        session = await client.create_session()
        with pytest.raises(APIStatusError, match="may have run"):
            await session.ask("Once")
    assert len(announcing.runs) == 1
    assert len(announcing.sessions) == 1


async def test_live_text_whose_beginning_is_missing_is_asked_for_again(front: Front, announcing: StandIn) -> None:
    """Promise: live text, a gap is never shown; its beginning is asked for."""
    announcing.answer(SCRIPT)
    gap = events.message(1, "Looking.") + events.delta(2, 5, "is more.")
    announcing.fail("POST /chat", faults.broken(gap, "hang", announced=True))
    async with front.connect(announcing.url) as client:
        items = await collect_live((await client.create_session()).live_chat("Where?"))
    assert _shown(items) == WHOLE
    assert front.clock.slept == []
    assert len(announcing.runs) == 1


async def test_a_server_that_never_gives_the_beginning_is_not_asked_for_ever(front: Front, announcing: StandIn) -> None:
    """Promise: no server makes the client ask in circles."""
    announcing.answer(SCRIPT)
    odd = events.reset(2) + events.delta(2, 5, "is more.")
    announcing.fail("POST /chat", *[faults.whole(odd, announced=True)] * 100)
    async with front.connect(announcing.url) as client:
        with pytest.raises(StreamError):
            await collect_live((await client.create_session()).live_chat("Where?"))
    assert len(announcing.asked("POST /chat")) == 8 + MOST_BARREN + 5
