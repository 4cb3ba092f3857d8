from __future__ import annotations

import asyncio

import pytest

from robocoders import APIConnectionError, APITimeoutError, NotFoundError, StreamError
from robocoders.client.resumption import MOST_BARREN
from tests.client.fronts import Front, collect
from tests.standin import events, faults
from tests.standin.faults import Fault
from tests.standin.server import StandIn

LOG = [events.message(1, "a"), events.message(4, "b"), events.observation(5, 4, "c"), events.closing(9)]
ROUTE = "GET /sessions/{sid}/events"


async def test_the_log_is_read_from_any_event_on(front: Front, announcing: StandIn) -> None:
    """Promise: `after` gives every event with a greater id, 0 all of them."""
    announcing.log = LOG
    async with front.connect(announcing.url) as client:
        session = await client.create_session()
        assert [event.id for event in await collect(session.events(follow=False))] == [1, 4, 5, 9]
        assert [event.id for event in await collect(session.events(after=4, follow=False))] == [5, 9]


async def test_following_stays_until_it_is_left(front: Front, announcing: StandIn) -> None:
    """Promise: `follow` goes on with what comes; closing the iterator closes the connection."""
    announcing.log = LOG[:2]
    async with front.connect(announcing.url) as client:
        session = await client.create_session()
        stream = session.events()
        first, second = await stream.next(), await stream.next()
        assert first is not None
        assert second is not None
        assert (first.id, second.id) == (1, 4)
        assert await asyncio.to_thread(announcing.hanging.wait, 5)
        await stream.close()
        assert await asyncio.to_thread(announcing.departed.wait, 5)
    assert announcing.asked(ROUTE)[0].query == {"after": "0", "follow": "true"}


@pytest.mark.parametrize(
    "fault",
    [
        faults.no_answer(),
        faults.broken(LOG[0] + LOG[1], "reset"),
        faults.broken(LOG[0] + LOG[1][:-30], "close"),
        faults.whole(LOG[0] + LOG[1][:-30]),
        faults.status(503),
        faults.status(401),
    ],
)
async def test_a_broken_log_goes_on_where_it_was(front: Front, announcing: StandIn, fault: Fault) -> None:
    """Promise: whoever lost the connection gets everything after the last id, no gap and no repeat."""
    announcing.log = LOG
    announcing.fail(ROUTE, fault)
    async with front.connect(announcing.url) as client:
        session = await client.create_session()
        assert [event.id for event in await collect(session.events(follow=False))] == [1, 4, 5, 9]


async def test_a_log_that_breaks_again_and_again_is_an_error(front: Front, announcing: StandIn) -> None:
    """Promise: errors, `last_event_id` says from where to go on."""
    announcing.log = LOG
    announcing.fail(ROUTE, faults.broken(LOG[0], "reset"), *[faults.broken(b"", "reset")] * (MOST_BARREN + 4))
    async with front.connect(announcing.url) as client:
        session = await client.create_session()
        with pytest.raises(StreamError) as caught:
            await collect(session.events(follow=False))
    assert (caught.value.last_event_id, caught.value.session_id) == (1, session.id)


async def test_a_log_that_cannot_be_opened_is_an_error_with_its_place(front: Front, announcing: StandIn) -> None:
    """Promise: errors, `last_event_id` says from where to go on."""
    announcing.fail(ROUTE, *[faults.no_answer()] * 30)
    async with front.connect(announcing.url) as client:
        session = await client.create_session()
        with pytest.raises(APIConnectionError) as caught:
            await collect(session.events(after=7, follow=False))
        assert caught.value.last_event_id == 7


async def test_the_log_of_an_unknown_session_is_not_found(front: Front, announcing: StandIn) -> None:
    """Promise: errors, one class a status."""
    async with front.connect(announcing.url) as client:
        with pytest.raises(NotFoundError):
            await collect(client.session("nobody").events())


async def test_the_total_timeout_bounds_following_too(front: Front, announcing: StandIn) -> None:
    """Promise: README, timeouts (total)."""
    announcing.tokens.add("given")
    announcing.sessions.append("s")
    async with front.connect(announcing.url, "given", total_timeout_seconds=1.0) as client:
        with pytest.raises(APITimeoutError):
            await collect(client.session("s").events())
