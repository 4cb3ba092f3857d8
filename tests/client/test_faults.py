from __future__ import annotations

import asyncio
import socket
from contextlib import ExitStack, closing
from typing import Any

import pytest

from robocoders import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    ConfigurationError,
    ConflictError,
    PermissionDeniedError,
    ProtocolError,
    RateLimitError,
    RobocodersError,
    ServerError,
    StreamError,
    ValidationError,
)
from robocoders.client import places
from robocoders.client.credentials import CredentialCache
from robocoders.client.resumption import MOST_BARREN
from robocoders.errors import InvalidLineError, LineTooLongError, TruncatedLineError
from tests.client.fronts import Front, collect
from tests.standin import events, faults
from tests.standin.faults import Fault
from tests.standin.server import StandIn

TURN = [events.message(3, "One."), events.run_python(5, "2"), events.closing(8, "Three.", reason="finished")]
PART = b"".join(TURN[:2])
PATIENCE = [0.3125, 0.625, 1.25, 2.5, 5.0, 10.0, 10.0, 10.0]
"""The longest waits for the rest of an answer."""


async def _chat(front: Front, server: StandIn, **options: Any) -> list[int | None]:
    """Ask once and return the ids of the events."""
    async with front.connect(server.url, **options) as client:
        session = await client.create_session()
        return [event.id for event in await collect(session.chat("Count"))]


async def _chat_alone(front: Front, server: StandIn, **timeouts: Any) -> None:
    """Ask once, with nothing before the prompt that the timeouts could hit."""
    server.tokens.add("given")
    async with front.connect(server.url, "given", **timeouts) as client:
        await client.session("s").ask("Count")


BROKEN: list[tuple[Fault, type[RobocodersError], int | None]] = [
    (faults.no_answer("reset"), APIConnectionError, None),
    (faults.no_answer("close"), APIConnectionError, None),
    (faults.broken(b"", "reset", announced=True), StreamError, None),
    (faults.broken(b"", "close", announced=True), StreamError, None),
    (faults.broken(PART, "reset", announced=True), StreamError, 5),
    (faults.broken(PART, "close", announced=True), StreamError, 5),
    (faults.broken(PART[:-20], "reset", announced=True), StreamError, 3),
    (faults.cut_in_chunk(PART, announced=True), StreamError, 5),
    (faults.whole(PART[:-20], announced=True), TruncatedLineError, 3),
]


def _unannounced(fault: Fault) -> Fault:
    assert isinstance(fault, faults.Raw)
    return faults.Raw(fault.data.replace(faults.ANNOUNCEMENT, b""), fault.ending)


@pytest.mark.parametrize(("fault", "kind", "last_id"), BROKEN)
async def test_a_broken_answer_is_an_error_where_nothing_is_announced(
    front: Front, original: StandIn, fault: Fault, kind: type[RobocodersError], last_id: int | None
) -> None:
    """Promise: errors, StreamError with `last_event_id`; the prompt is not sent again."""
    original.answer(TURN)
    original.fail("POST /chat", _unannounced(fault))
    with pytest.raises(kind) as caught:
        await _chat(front, original)
    assert type(caught.value) is kind
    assert (caught.value.last_event_id, caught.value.session_id) == (last_id, original.sessions[0])
    assert "Count" not in str(caught.value)
    assert len(original.asked("POST /chat")) == len(original.runs) == 1
    assert front.clock.slept == []


@pytest.mark.parametrize(("fault", "kind", "last_id"), BROKEN)
async def test_a_broken_answer_is_mended_where_idempotency_is_announced(
    front: Front, announcing: StandIn, fault: Fault, kind: type[RobocodersError], last_id: int | None
) -> None:
    """Promise: a prompt is never run twice and no event is lost or repeated."""
    announcing.answer(TURN)
    announcing.fail("POST /chat", fault)
    assert await _chat(front, announcing) == [3, 5, 8]
    first, second = announcing.asked("POST /chat")
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.body == second.body
    assert second.query.get("after") == (None if last_id is None else str(last_id))
    assert len(announcing.runs) == 1
    assert front.clock.slept == PATIENCE[:1]


async def test_events_in_hand_give_new_patience(front: Front, announcing: StandIn) -> None:
    """Promise: retries are counted anew after progress, so a bad line does not end a long answer."""
    turn = [events.message(number, "x") for number in range(1, 9)] + [events.closing(9)]
    announcing.answer(turn)
    parts = [b"".join(turn[:number]) for number in range(1, 9)]
    announcing.fail("POST /chat", *(faults.broken(part, "reset", announced=True) for part in parts))
    assert await _chat(front, announcing) == list(range(1, 10))
    assert len(announcing.runs) == 1
    assert front.clock.slept == PATIENCE[:1] * 8


async def test_an_answer_that_breaks_again_and_again_ends_as_an_error(front: Front, announcing: StandIn) -> None:
    """Promise: a server that takes the request and brings nothing new is asked again for long, but not for ever."""
    announcing.answer(TURN)
    announcing.fail("POST /chat", *[faults.broken(PART, "reset", announced=True)] * (MOST_BARREN + 5))
    with pytest.raises(StreamError) as caught:
        await _chat(front, announcing)
    assert caught.value.last_event_id == 5
    assert len(announcing.asked("POST /chat")) == MOST_BARREN + 5
    # None of the waits is shorter than four fifths of these.
    assert front.clock.slept == [*PATIENCE[:3], *PATIENCE[3:4] * (MOST_BARREN - 3), *PATIENCE[4:]]


async def test_a_body_without_its_closing_message_is_read_again(front: Front, announcing: StandIn) -> None:
    """Promise: on servers of this project every turn ends with one waiting message."""
    announcing.answer(TURN)
    announcing.fail("POST /chat", faults.whole(PART, announced=True))
    assert await _chat(front, announcing) == [3, 5, 8]
    assert len(announcing.runs) == 1


async def test_what_the_cache_remembers_lets_a_first_prompt_be_sent_again(front: Front, announcing: StandIn) -> None:
    """Promise: that a server is idempotent is remembered in the cache."""
    announcing.tokens.add("given")
    async with front.connect(announcing.url, "given") as client:
        assert (await client.session("s").ask("First")).text == "Hello."
    assert CredentialCache(places.credentials_file()).get(announcing.url).idempotent
    announcing.fail("POST /chat", faults.no_answer())
    async with front.connect(announcing.url, "given") as client:
        assert (await client.session("s").ask("Second")).text == "Hello."
    assert [run.prompt for run in announcing.runs] == ["First", "Second"]


async def test_a_server_that_stops_announcing_is_no_longer_trusted(front: Front, original: StandIn) -> None:
    """Promise: a prompt is sent again only where idempotency is announced."""
    CredentialCache(places.credentials_file()).update(original.url, idempotent=True)
    original.fail("POST /chat", faults.no_answer())
    with pytest.raises(APIConnectionError):
        await _chat(front, original)
    assert len(original.runs) == 1
    assert not CredentialCache(places.credentials_file()).get(original.url).idempotent


@pytest.mark.parametrize("fixture", ["original", "announcing"])
async def test_silence_after_the_head_ends_by_the_idle_timeout(
    front: Front, request: pytest.FixtureRequest, fixture: str
) -> None:
    """Promise: README, timeouts (idle: between two bytes of an answer)."""
    server: StandIn = request.getfixturevalue(fixture)
    server.answer(TURN)
    server.fail("POST /chat", *[faults.broken(TURN[0], "hang", announced=server.announced)] * 9)
    with pytest.raises(APITimeoutError) as caught:
        await _chat_alone(front, server, idle_timeout_seconds=0.3)
    assert caught.value.last_event_id == 3
    assert len(server.asked("POST /chat")) == (9 if server.announced else 1)
    assert len(server.runs) == 1
    assert await asyncio.to_thread(server.departed.wait, 5)


async def test_silence_instead_of_an_answer_ends_by_the_idle_timeout(front: Front, original: StandIn) -> None:
    """Promise: README, timeouts (idle: also for the first byte)."""
    original.fail("POST /chat", faults.no_answer("hang"))
    with pytest.raises(APITimeoutError):
        await _chat_alone(front, original, idle_timeout_seconds=0.5)
    assert len(original.runs) == 1


async def test_the_total_timeout_bounds_a_call_however_busy_it_is(front: Front, original: StandIn) -> None:
    """Promise: README, timeouts (total: retries and continuations included)."""
    original.fail("POST /chat", faults.broken(TURN[0], "hang"))
    with pytest.raises(APITimeoutError, match=r"longer than the 1\.5 s") as caught:
        await _chat_alone(front, original, total_timeout_seconds=1.5)
    assert caught.value.last_event_id == 3
    assert await asyncio.to_thread(original.departed.wait, 5)


async def test_the_total_timeout_bounds_plain_calls_too(front: Front, original: StandIn) -> None:
    """Promise: README, timeouts (total)."""
    original.fail("GET /create-session", faults.no_answer("hang"))
    async with front.connect(original.url, total_timeout_seconds=0.3) as client:
        with pytest.raises(APITimeoutError, match=r"longer than the 0\.3 s"):
            await client.create_session()


@pytest.mark.parametrize("fixture", ["original", "announcing"])
async def test_nothing_listening_is_named_with_its_address(
    front: Front, request: pytest.FixtureRequest, fixture: str
) -> None:
    """Promise: errors, APIConnectionError names the address that was tried."""
    server: StandIn = request.getfixturevalue(fixture)
    with closing(socket.socket()) as placeholder:
        placeholder.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{placeholder.getsockname()[1]}"
        async with front.connect(address, "given") as client:
            with pytest.raises(APIConnectionError, match=f"{address}: connection refused"):
                await client.session("s").ask("Anybody?")
    # A refused connection shows that the prompt did not leave, so trying again is safe anywhere.
    assert front.clock.slept == [0.5, 1.0]
    assert server.seen == []


async def test_a_connection_that_nobody_accepts_ends_by_the_connect_timeout(front: Front) -> None:
    """Promise: README, timeouts (connect); the prompt did not leave, so trying again is safe anywhere."""
    with ExitStack() as opened:
        listener = opened.enter_context(closing(socket.socket()))
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        # Whoever comes after those in the queue gets no answer from the kernel.
        for _ in range(4):
            waiting = opened.enter_context(closing(socket.socket()))
            waiting.settimeout(0)
            waiting.connect_ex(listener.getsockname())
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with front.connect(address, "given", connect_timeout_seconds=0.2) as client:
            with pytest.raises(APITimeoutError, match="too long to accept"):
                await client.session("s").ask("Anybody?")
    assert front.clock.slept == [0.5, 1.0]


async def test_an_address_that_no_library_takes_is_refused(front: Front) -> None:
    """Promise: errors, ConfigurationError for what was given here."""
    async with front.connect("http://1.2.3.4.5", "given") as client:
        with pytest.raises(ConfigurationError, match="no address"):
            await client.create_session()
    assert front.clock.slept == []


STATUSES: list[tuple[int, type[APIStatusError]]] = [
    (400, APIStatusError),
    (403, PermissionDeniedError),
    (409, ConflictError),
    (422, ValidationError),
    (500, ServerError),
    (503, ServerError),
]


@pytest.mark.parametrize(("code", "kind"), STATUSES)
async def test_a_refused_prompt_is_an_error_of_its_status(
    front: Front, original: StandIn, code: int, kind: type[APIStatusError]
) -> None:
    """Promise: errors, one class a status; on the original the prompt is not sent again."""
    original.fail("POST /chat", faults.status(code, "because", x_request_id="r-1"))
    with pytest.raises(kind) as caught:
        await _chat(front, original)
    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.body) == (code, {"detail": "because"})
    assert (caught.value.request_id, caught.value.session_id) == ("r-1", original.sessions[0])
    assert len(original.asked("POST /chat")) == 1


async def test_a_refusal_that_quotes_the_prompt_is_cleaned(front: Front, original: StandIn) -> None:
    """Promise: SECURITY, no error holds a token or a prompt."""
    original.tokens.add("secret-token")
    quoted = [{"loc": ["body", "prompt"], "msg": "too Count", "type": "value", "input": "Count"}]
    original.fail("POST /chat", faults.status(422, quoted))
    async with front.connect(original.url, "secret-token") as client:
        with pytest.raises(ValidationError) as caught:
            await client.session("s").ask("Count")
    assert "Count" not in repr(caught.value.__dict__)
    assert "secret-token" not in repr(caught.value.__dict__)


async def test_a_refusal_with_a_huge_body_is_still_that_refusal(front: Front, original: StandIn) -> None:
    """Promise: errors, one class a status, with Retry-After; a 401 is mended by a new token."""
    huge = b"Count " * 100_000
    original.fail("POST /chat", faults.Reply(401, huge), faults.Reply(503, huge, {"Retry-After": "500"}))
    with pytest.raises(ServerError) as caught:
        await _chat(front, original)
    assert (caught.value.status, caught.value.retry_after_seconds, caught.value.body) == (503, 500, None)
    assert len(original.asked("GET /auth")) == 2


async def test_a_status_whose_body_breaks_off_is_still_that_status(front: Front, original: StandIn) -> None:
    """Promise: errors, one class a status."""
    head = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nno"
    original.fail("POST /chat", faults.Raw(head, "close"))
    with pytest.raises(PermissionDeniedError):
        await _chat(front, original)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (faults.page(), ProtocolError),
        (faults.body(b"<html>", "application/json"), InvalidLineError),
        (faults.body(b"null\n"), ProtocolError),
        (faults.body(b"[]\n"), ProtocolError),
        (faults.body(b'{"detail": "no"}'), ProtocolError),
        (faults.body(b""), ProtocolError),
        (faults.body(b"\n \n\r\n"), ProtocolError),
        (faults.no_http(), ProtocolError),
    ],
)
async def test_an_answer_of_another_protocol_is_a_protocol_error(
    front: Front, original: StandIn, fault: Fault, kind: type[RobocodersError]
) -> None:
    """Promise: errors, ProtocolError for an answer that is not of this protocol."""
    original.fail("POST /chat", fault)
    with pytest.raises(kind) as caught:
        await _chat(front, original)
    assert type(caught.value) is kind
    assert len(original.asked("POST /chat")) == 1


async def test_a_line_that_is_no_event_is_skipped(
    front: Front, original: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    """Promise: docs/client.md, no event is lost because of a line that is none; the log does not tell its content."""
    original.answer([TURN[0], b"null\n", b"<p>private</p>\n", TURN[2]])
    with caplog.at_level("WARNING", "robocoders.client"):
        assert await _chat(front, original) == [3, 8]
    assert len(caplog.records) == 2
    assert "private" not in caplog.text


async def test_blank_lines_and_odd_line_ends_are_no_events(front: Front, original: StandIn) -> None:
    """Protocol fact: blank lines are heartbeats; CRLF and a missing last line end are tolerated."""
    original.answer([b"\n", TURN[0][:-1] + b"\r\n", b" \n", TURN[2][:-1]])
    assert await _chat(front, original) == [3, 8]


async def test_one_pretty_printed_object_is_one_event(front: Front, original: StandIn) -> None:
    """Protocol fact: an answer of one event may be one JSON object over several lines."""
    original.answer([b'{\n  "id": 4,\n  "action": "message",\n', b'  "args": {"content": "Hi"}\n}\n'])
    assert await _chat(front, original) == [4]


async def test_live_text_that_nobody_asked_for_is_left_out(front: Front, original: StandIn) -> None:
    """Promise: README, client (events; live text is not asked for)."""
    original.answer([b'{"delta_of": 3, "offset": 0, "text": "On"}\n', *TURN])
    assert await _chat(front, original) == [3, 5, 8]


async def test_a_line_above_the_cap_is_an_error(front: Front, original: StandIn) -> None:
    """Promise: README, client (`max_line_bytes`)."""
    original.answer([TURN[0], events.closing(9, "x" * 5000)])
    with pytest.raises(LineTooLongError) as caught:
        await _chat(front, original, max_line_bytes=1000)
    assert caught.value.last_event_id == 3


@pytest.mark.parametrize("code", [401, 429, 500, 503, 408])
@pytest.mark.parametrize("route", ["GET /auth", "GET /create-session"])
async def test_safe_requests_are_tried_again(front: Front, original: StandIn, route: str, code: int) -> None:
    """Promise: retries (408, 409, 429, 5xx); a 401 at sign-in is final, elsewhere it signs in again."""
    original.fail(route, faults.status(code))
    if (route, code) == ("GET /auth", 401):
        with pytest.raises(AuthenticationError, match="robocoders login"):
            await _chat(front, original)
        return
    await _chat(front, original)
    assert len(original.asked(route)) == 2
    assert front.clock.slept == ([] if code == 401 else [0.5])


@pytest.mark.parametrize("fault", [faults.no_answer("reset"), faults.no_answer("close"), faults.cut_in_chunk(b"{")])
@pytest.mark.parametrize("route", ["GET /auth", "GET /create-session"])
async def test_safe_requests_survive_broken_connections(
    front: Front, original: StandIn, route: str, fault: Fault
) -> None:
    """Promise: retries (connection errors of safe requests)."""
    original.fail(route, fault)
    assert await _chat(front, original) == [1]


@pytest.mark.parametrize(
    ("route", "fault", "kind"),
    [
        ("GET /auth", faults.page(), AuthenticationError),
        ("GET /auth", faults.body(b'{"token": "x"}'), AuthenticationError),
        ("GET /auth", faults.page('<pre id="token"> </pre>'), AuthenticationError),
        ("GET /create-session", faults.page(), ProtocolError),
        ("GET /create-session", faults.body(b"null"), ProtocolError),
        ("GET /create-session", faults.body(b'{"sid": ""}'), ProtocolError),
        ("GET /create-session", faults.body(b'{"sid": 7}'), ProtocolError),
        ("GET /create-session", faults.status(403), PermissionDeniedError),
        ("POST /get-session-code", faults.body(b"[]"), ProtocolError),
    ],
)
async def test_odd_answers_before_the_prompt_are_clear_errors(
    front: Front, original: StandIn, route: str, fault: Fault, kind: type[RobocodersError]
) -> None:
    """Repaired defect of the old provider: a missing token or sid went on as None."""
    original.fail(route, fault)
    async with front.connect(original.url) as client:
        with pytest.raises(kind) as caught:
            await (await client.create_session()).code("octocat")
    assert type(caught.value) is kind
    assert original.runs == []


async def test_a_request_that_may_have_effects_is_not_repeated_after_it_left(front: Front, original: StandIn) -> None:
    """Promise: retries (only safe requests are sent again)."""
    original.fail("POST /get-session-code", faults.no_answer())
    async with front.connect(original.url) as client:
        with pytest.raises(APIConnectionError):
            await client.session("s").code("octocat")
    assert len(original.asked("POST /get-session-code")) == 1


@pytest.mark.parametrize(
    ("headers", "waited"),
    [
        ({"Retry_After": "7"}, 7.0),
        ({"retry_after_ms": "1500", "Retry_After": "7"}, 1.5),
        ({"Retry_After": "Tue, 14 Nov 2023 22:13:30 GMT"}, 10.0),
        ({"Retry_After": "120"}, 120.0),
        ({"Retry_After": "soon"}, 0.5),
        ({}, 0.5),
    ],
)
async def test_too_many_requests_waits_as_asked(
    front: Front, original: StandIn, headers: dict[str, str], waited: float
) -> None:
    """Promise: retries (Retry-After in seconds, as a date, in milliseconds); 429 shows the prompt was not taken."""
    original.fail("POST /chat", faults.status(429, "slow down", **headers))
    assert await _chat(front, original) == [1]
    assert front.clock.slept == [waited]
    assert len(original.runs) == 1


async def test_a_longer_wait_than_two_minutes_is_the_callers_business(front: Front, original: StandIn) -> None:
    """Promise: retries (Retry-After up to 120 s)."""
    original.fail("POST /chat", faults.status(429, "later", Retry_After="121"))
    with pytest.raises(RateLimitError) as caught:
        await _chat(front, original)
    assert caught.value.retry_after_seconds == 121
    assert front.clock.slept == []


async def test_unavailable_with_a_time_is_waited_for(front: Front, original: StandIn) -> None:
    """Promise: retries (503 with Retry-After shows that the prompt was not taken)."""
    original.fail("POST /chat", faults.status(503, "starting", Retry_After="2"))
    assert await _chat(front, original) == [1]
    assert front.clock.slept == [2.0]


async def test_a_server_may_forbid_trying_again(front: Front, announcing: StandIn) -> None:
    """Promise: retries (`x-should-retry`); a busy session answers 409."""
    announcing.fail("POST /chat", faults.status(409, "busy", x_should_retry="false"))
    async with front.connect(announcing.url) as client:
        session = await client.create_session()
        with pytest.raises(ConflictError):
            await collect(session.chat("Now", if_busy_refuse=True))
    (request,) = announcing.asked("POST /chat")
    assert request.query == {"events": "all", "if_busy": "refuse"}


async def test_retries_grow_and_end(front: Front, original: StandIn) -> None:
    """Promise: retries (half a second doubling to eight, as many as asked for)."""
    original.fail("GET /create-session", *[faults.status(500)] * 9)
    async with front.connect(original.url, max_retries=6) as client:
        with pytest.raises(ServerError):
            await client.create_session()
    assert front.clock.slept == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]


async def test_no_retries_where_none_are_wanted(front: Front, original: StandIn) -> None:
    """Promise: README, client (`max_retries`)."""
    original.fail("GET /create-session", faults.status(500))
    async with front.connect(original.url, max_retries=0) as client:
        with pytest.raises(ServerError):
            await client.create_session()
    assert front.clock.slept == []
