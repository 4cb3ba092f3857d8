from __future__ import annotations

from contextlib import aclosing
from pathlib import Path

import aiohttp
import pytest

from robocoders import APIStatusError, MissingRequirementsError, ProtocolError
from robocoders.client.access import CachedAccess, GivenAccess
from robocoders.client.conversation import Conversation, Prompt
from robocoders.client.credentials import CredentialCache
from robocoders.client.exchange import Exchange
from robocoders.client.own_session import NamedSession
from robocoders.client.sign_in_lock import sign_in_lock
from robocoders.client.transport import Transport
from robocoders.errors import InvalidLineError
from robocoders.testing.clock import FakeClock
from tests.standin import events, faults
from tests.standin.server import StandIn


class OfferingSession(NamedSession):
    """Offers another session for any refusal."""

    async def replace(self, lost: str, error: APIStatusError) -> str | None:
        self.id = f"{lost}-{error.status}"
        return self.id


async def _converse(conversation: Conversation) -> list[int | None]:
    async with aclosing(conversation.events()) as found:
        return [event.id async for event in found]


async def test_a_callers_own_session_carries_it_and_is_left_as_it_was(original: StandIn) -> None:
    """Promise: `_get_or_create_access_and_session` takes a session that is neither closed nor changed."""
    original.tokens.add("given")
    async with aiohttp.ClientSession(headers={"X-Mine": "yes"}) as mine:
        transport = Transport(session=mine)
        conversation = Conversation(
            Exchange(transport, original.url), GivenAccess("given"), NamedSession("s"), Prompt("Hi")
        )
        assert await _converse(conversation) == [1]
        await transport.close()
        assert not mine.closed
        async with mine.get(f"{original.url}/auth") as response:
            assert response.status == 200
    assert original.asked("POST /chat")[0].headers["x-mine"] == "yes"


async def test_a_callers_own_timeout_is_kept(original: StandIn) -> None:
    """Promise: provider, `timeout` may be an `aiohttp.ClientTimeout`."""
    original.tokens.add("given")
    original.fail("POST /chat", faults.no_answer("hang"))
    transport = Transport(timeouts=aiohttp.ClientTimeout(total=0.5))
    conversation = Conversation(
        Exchange(transport, original.url), GivenAccess("given"), NamedSession("s"), Prompt("Hi")
    )
    with pytest.raises(Exception, match="no answer in time"):
        await _converse(conversation)
    assert conversation.end is None
    await transport.close()


async def test_invalid_lines_can_be_told_and_skipped(original: StandIn) -> None:
    """Promise: provider, a line that is no JSON is logged and skipped."""
    original.tokens.add("given")
    original.answer([events.message(1, "a"), b"null\n", b"nonsense\n", events.closing(4)], [b"nonsense\n"])
    told: list[InvalidLineError] = []
    transport = Transport()
    exchange = Exchange(transport, original.url)
    conversation = Conversation(
        exchange, GivenAccess("given"), NamedSession("s"), Prompt("Hi"), on_invalid_line=told.append
    )
    assert await _converse(conversation) == [1, 4]
    assert len(told) == 2
    assert conversation.end is not None
    assert (conversation.session_id, conversation.last_event_id) == ("s", 4)
    nothing = Conversation(exchange, GivenAccess("given"), NamedSession("s"), Prompt("Hi"), on_invalid_line=told.append)
    with pytest.raises(ProtocolError, match="no event"):
        await _converse(nothing)
    assert len(told) == 3
    await transport.close()


async def test_a_server_that_marks_nothing_is_continued_as_often_as_asked(original: StandIn) -> None:
    """Promise: provider, on a server that gives no reason it continues once."""
    original.tokens.add("given")
    original.answer([events.closing(1)], [events.closing(2)], [events.closing(3)])
    transport = Transport()
    conversation = Conversation(
        Exchange(transport, original.url),
        GivenAccess("given"),
        NamedSession("s"),
        Prompt("User: Hi\nAssistant:", history_in_prompt=True),
        unmarked_continues=1,
    )
    assert await _converse(conversation) == [1, 2]
    assert [run.prompt for run in original.runs] == ["User: Hi\nAssistant:", "continue"]
    assert original.asked("POST /chat")[0].fields["history"] == "in_prompt"
    await transport.close()


@pytest.mark.parametrize("status", [400, 403, 404, 410])
async def test_a_policy_may_offer_another_session(original: StandIn, status: int) -> None:
    """Repaired defect of the old provider: a 400, 403 or 404 left a dead session in the cache for good."""
    original.tokens.add("given")
    original.fail("POST /chat", faults.status(status))
    transport = Transport()
    exchange = Exchange(transport, original.url, clock=FakeClock())
    conversation = Conversation(exchange, GivenAccess("given"), OfferingSession("s"), Prompt("Hi"))
    assert await _converse(conversation) == [1]
    assert original.runs[0].sid == conversation.session_id == f"s-{status}"
    first, second = original.asked("POST /chat")
    assert first.headers["idempotency-key"] != second.headers["idempotency-key"]
    await transport.close()


@pytest.mark.parametrize("status", [409, 422, 429, 500])
async def test_a_policy_is_not_asked_where_the_session_is_not_to_blame(original: StandIn, status: int) -> None:
    """Promise: a prompt is never run twice."""
    original.tokens.add("given")
    original.fail("POST /chat", *[faults.status(status)] * 9)
    transport = Transport()
    exchange = Exchange(transport, original.url, clock=FakeClock())
    session = OfferingSession("s")
    with pytest.raises(APIStatusError):
        await _converse(Conversation(exchange, GivenAccess("given"), session, Prompt("Hi")))
    assert session.id == "s"
    await transport.close()


async def test_an_answer_beyond_all_measure_is_refused(original: StandIn) -> None:
    """Promise: no input makes the client use memory without bound."""
    original.fail("GET /create-session", faults.body(b" " * (64 * 1024 * 1024 + 1)))
    async with aiohttp.ClientSession() as mine:
        from robocoders.wire import requests  # noqa: PLC0415 - only here

        with pytest.raises(ProtocolError, match="longer than"):
            await Exchange(Transport(session=mine), original.url).fetch(requests.create_session("given"))


async def test_a_missing_page_reader_is_named_before_any_request(
    original: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise: MissingRequirementsError before any request when beautifulsoup4 is missing."""
    import sys  # noqa: PLC0415 - only here

    monkeypatch.setitem(sys.modules, "bs4", None)
    transport = Transport()
    access = CachedAccess(Exchange(transport, original.url), CredentialCache(tmp_path / "cache.json"))
    with pytest.raises(MissingRequirementsError, match="pip install beautifulsoup4"):
        await access.token()
    assert original.seen == []
    await transport.close()


async def test_whoever_waits_too_long_for_a_sign_in_goes_on_alone(tmp_path: Path) -> None:
    """Promise: a sign-in that hangs in one process does not stop the others for good."""
    path = tmp_path / "cache.json"
    async with sign_in_lock(path, "http://a:1"), sign_in_lock(path, "http://b:1"):
        entered = False
        async with sign_in_lock(path, "http://a:1", longest_wait_seconds=0.05):
            entered = True
        assert entered
