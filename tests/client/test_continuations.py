from __future__ import annotations

import asyncio

import pytest

from robocoders import NotFoundError, StreamError
from tests.client.fronts import Front, collect
from tests.standin import events, faults
from tests.standin.server import StandIn


@pytest.mark.parametrize("reason", ["iteration_limit", "budget_limit"])
async def test_a_turn_goes_on_by_itself_at_an_allowance(front: Front, original: StandIn, reason: str) -> None:
    """Promise: allowances are continued automatically; each continuation has a key of its own."""
    original.answer(
        [events.closing(1, "Limit.", reason=reason)],
        [events.closing(2, "Limit.", reason=reason)],
        [events.closing(3, "Done.", reason="finished")],
    )
    async with front.connect(original.url) as client:
        reply = await client.ask("Build")
    assert (reply.text, reply.reason, [event.id for event in reply.events]) == ("Done.", "finished", [1, 2, 3])
    assert [run.prompt for run in original.runs] == ["Build", "continue", "continue"]
    assert len({run.key for run in original.runs}) == 3
    assert len({run.sid for run in original.runs}) == 1


@pytest.mark.parametrize("reason", [None, "finished", "question", "exhausted", "needs_model", "cancelled", "error"])
async def test_no_other_end_is_continued(front: Front, original: StandIn, reason: str | None) -> None:
    """Promise: the typed client continues only where the server marks an allowance; never a ceiling."""
    original.answer([events.closing(1, "End.", reason=reason)])
    async with front.connect(original.url) as client:
        assert (await client.ask("Build")).reason == reason
    assert [run.prompt for run in original.runs] == ["Build"]


async def test_continuations_have_an_end(front: Front, original: StandIn) -> None:
    """Promise: at most `max_continues` times, of the client or of the call."""
    original.answer(*([events.closing(number, reason="iteration_limit")] for number in range(1, 20)))
    async with front.connect(original.url, max_continues=2) as client:
        assert (await client.ask("One")).reason == "iteration_limit"
        assert len(original.runs) == 3
        await client.ask("Two", max_continues=0)
        assert len(original.runs) == 4


@pytest.mark.parametrize("ending", ["reset", "close"])
@pytest.mark.parametrize("fixture", ["original", "announcing"])
async def test_a_connection_that_drops_after_the_closing_message_takes_nothing_with_it(
    front: Front, request: pytest.FixtureRequest, fixture: str, ending: faults.Ending
) -> None:
    """Promise: an answer whose closing message has come is whole, and is continued where it says so."""
    server: StandIn = request.getfixturevalue(fixture)
    limit, done = events.closing(1, "Limit.", reason="iteration_limit"), events.closing(2, "Done.", reason="finished")
    dropped = [faults.broken(line, ending, announced=server.announced) for line in (limit, done)]
    server.fail("POST /chat", *dropped)
    async with front.connect(server.url) as client:
        reply = await client.ask("Build")
    assert (reply.text, reply.reason) == ("Done.", "finished")
    assert [run.prompt for run in server.runs] == ["Build", "continue"]
    assert len(server.asked("POST /chat")) == 2


async def test_a_continuation_begins_after_the_earlier_body_was_read(front: Front, original: StandIn) -> None:
    """Promise: each continuation starts after the earlier body is read to its end."""
    limit = events.closing(1, "Limit.", reason="iteration_limit")
    original.fail("POST /chat", faults.broken(limit, "hang"))
    async with front.connect(original.url) as client:
        session = await client.create_session()
        stream = session.chat("Build")
        assert await stream.next() is not None
        assert len(original.runs) == 1
        await stream.close()
    assert await asyncio.to_thread(original.departed.wait, 5)
    assert len(original.runs) == 1


async def test_trouble_in_a_continuation_is_raised(front: Front, original: StandIn) -> None:
    """Repaired defect of the old provider: errors of a continuation were swallowed."""
    original.answer([events.closing(1, reason="iteration_limit")], [events.closing(2)])
    async with front.connect(original.url) as client:
        session = await client.create_session()
        stream = session.chat("Build")
        assert await stream.next() is not None
        original.fail("POST /chat", faults.broken(events.message(2, "x"), "reset"))
        with pytest.raises(StreamError) as caught:
            await collect(stream)
    assert caught.value.last_event_id == 2
    assert len(original.runs) == 2


async def test_a_session_lost_before_a_continuation_is_an_error(front: Front) -> None:
    """Promise: a session is never replaced when something was said in it."""
    with StandIn(unknown_session=404) as server:
        server.answer([events.closing(1, reason="iteration_limit")])
        async with front.connect(server.url) as client:
            session = await client.create_session()
            stream = session.chat("Build")
            assert await stream.next() is not None
            server.sessions.clear()
            with pytest.raises(NotFoundError):
                await stream.next()
    assert server.sessions == []


async def test_leaving_early_drops_the_connection(front: Front, original: StandIn) -> None:
    """Promise: closing the iterator closes the connection."""
    original.fail("POST /chat", faults.broken(events.message(1, "x"), "hang"))
    async with front.connect(original.url) as client:
        session = await client.create_session()
        stream = session.chat("Build")
        assert await stream.next() is not None
        await stream.close()
        assert await asyncio.to_thread(original.departed.wait, 5)
        assert await stream.next() is None
        assert (await session.ask("And now?")).text == "Hello."


async def test_nothing_happens_before_the_first_step(front: Front, original: StandIn) -> None:
    """Promise: README, client (an iterator that nobody steps sends nothing)."""
    async with front.connect(original.url) as client:
        stream = client.session("s").chat("Build")
        await stream.close()
        assert await stream.next() is None
    assert original.seen == []


async def test_an_event_of_64_mebibytes_passes(front: Front, original: StandIn) -> None:
    """Promise: no hard limit on one event's size."""
    content = "0123456789abcdef" * (4 * 1024 * 1024)
    original.answer([events.closing(1, content)])
    async with front.connect(original.url, idle_timeout_seconds=120.0) as client:
        reply = await client.ask("Everything")
    assert len(reply.text) == 64 * 1024 * 1024
    assert reply.text == content


async def test_a_prompt_that_cannot_be_sent_again_takes_a_new_connection(front: Front, original: StandIn) -> None:
    """Promise: a prompt is not lost in a connection that the server is just dropping, and runs once."""
    original.fail("POST /chat", faults.left_open(events.closing(1, "Limit.", reason="iteration_limit")))
    original.answer([], [events.closing(2, "Done.", reason="finished")])
    async with front.connect(original.url, idle_timeout_seconds=5) as client:
        reply = await client.ask("Build")
    assert reply.text == "Done."
    assert [seen.fields["prompt"] for seen in original.asked("POST /chat")] == ["Build", "continue"]
