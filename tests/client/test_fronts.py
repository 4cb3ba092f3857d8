from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from robocoders import (
    APIStatusError,
    AsyncRobocoders,
    AsyncSession,
    AuthenticationError,
    Code,
    ConfigurationError,
    NotFoundError,
    ProtocolError,
    Robocoders,
    Session,
)
from robocoders.client import places
from robocoders.client.credentials import CredentialCache
from tests.client.fronts import Front, collect
from tests.standin import events, faults
from tests.standin.server import StandIn


def _surface(kind: type) -> dict[str, list[str]]:
    """Public names, and the arguments of those that take some."""
    found: dict[str, list[str]] = {}
    for name, member in inspect.getmembers(kind):
        if not name.startswith("_"):
            found[name] = list(inspect.signature(member).parameters) if inspect.isfunction(member) else []
    return found


@pytest.mark.parametrize(("asynchronous", "blocking"), [(AsyncRobocoders, Robocoders), (AsyncSession, Session)])
def test_both_fronts_have_the_same_methods_and_arguments(asynchronous: type, blocking: type) -> None:
    """Promise: README, the same method names on both fronts."""
    assert _surface(asynchronous) == _surface(blocking)
    assert _surface(asynchronous)


def test_both_clients_are_made_with_the_same_arguments() -> None:
    """Promise: README, the same method names on both fronts."""
    assert inspect.signature(AsyncRobocoders).parameters == inspect.signature(Robocoders).parameters


async def test_a_prompt_is_answered_with_typed_events(front: Front, original: StandIn) -> None:
    """Promise: README, client (typed events, `.text` on each)."""
    original.answer([events.run_python(3, "1 + 1"), events.observation(5, 3, "2"), events.closing(9, "It is 2.")])
    async with front.connect(original.url) as client:
        session = await client.create_session()
        found = await collect(session.chat("What is 1 + 1?", agent="RepoAgent"))
    assert [(event.id, event.name, event.text) for event in found] == [
        (3, "run_ipython", "Running Python code interactively: 1 + 1"),
        (5, "run", "2"),
        (9, "message", "It is 2."),
    ]
    (request,) = original.asked("POST /chat")
    assert request.fields == {"sid": session.id, "prompt": "What is 1 + 1?", "agent": "RepoAgent"}
    assert request.query == {"events": "all"}
    assert request.headers["user-agent"].startswith("robocoders/")
    assert request.headers["idempotency-key"]


async def test_ask_gives_the_whole_reply(front: Front, original: StandIn) -> None:
    """Promise: README, client (`reply.text`, `.events`, `.session_id`, `.reason`)."""
    original.answer([events.message(1, "Looking."), events.closing(2, "Here.", reason="finished")])
    async with front.connect(original.url) as client:
        reply = await client.ask("Where?")
    assert (reply.text, reply.reason, [event.id for event in reply.events]) == ("Here.", "finished", [1, 2])
    assert [reply.session_id] == original.sessions
    assert "Here." not in repr(reply)


async def test_an_answer_without_a_message_has_no_text(front: Front, original: StandIn) -> None:
    """Protocol fact: at a limit the original's body may simply end."""
    original.answer([events.run_python(1, "loop()")])
    async with front.connect(original.url) as client:
        reply = await client.ask("Run")
    assert (reply.text, reply.reason) == ("", None)


async def test_a_second_prompt_goes_to_the_same_session(front: Front, original: StandIn) -> None:
    """Promise: README, client (a session is a conversation)."""
    async with front.connect(original.url) as client:
        session = await client.create_session()
        await session.ask("One")
        await session.ask("Two")
    assert [(run.prompt, run.sid) for run in original.runs] == [("One", session.id), ("Two", session.id)]
    assert len({run.key for run in original.runs}) == 2


async def test_a_new_session_can_have_wishes(front: Front, announcing: StandIn) -> None:
    """Promise: HTTP interface, POST /sessions with workspace, model and limits."""
    async with front.connect(announcing.url) as client:
        session = await client.create_session(workspace="/srv/code", model="offline", limits={"steps": 3})
    (request,) = announcing.asked("POST /sessions")
    assert request.fields == {"workspace": "/srv/code", "model": "offline", "limits": {"steps": 3}}
    assert [session.id] == announcing.sessions


async def test_all_sessions_are_listed_over_pages(front: Front, announcing: StandIn) -> None:
    """Promise: HTTP interface, GET /sessions gives pages, newest first."""
    async with front.connect(announcing.url) as client:
        made = [(await client.create_session()).id for _ in range(5)]
        assert [info.id for info in await client.sessions()] == made[::-1]
    assert len(announcing.asked("GET /sessions")) == 3


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"sessions": 1}', b'{"sessions": [{}]}', b'{"sessions": [7]}', b"<html>"]
)
async def test_an_odd_list_of_sessions_is_a_protocol_error(front: Front, announcing: StandIn, body: bytes) -> None:
    """Promise: errors, an answer that is not of this protocol."""
    announcing.fail("GET /sessions", faults.body(body))
    async with front.connect(announcing.url) as client:
        with pytest.raises(ProtocolError):
            await client.sessions()


async def test_a_list_of_sessions_that_leads_in_circles_ends(front: Front, announcing: StandIn) -> None:
    """Promise: no input makes the client hang."""
    page = faults.body(b'{"sessions": [{"sid": "a", "turns": "many", "workspace": "odd"}], "next": 7}')
    announcing.fail("GET /sessions", page, page)
    async with front.connect(announcing.url) as client:
        found = await client.sessions()
    assert [(info.id, info.state, info.turns, info.workspace) for info in found] == [("a", "idle", 0, None)] * 2


async def test_a_session_is_shown_cancelled_and_deleted(front: Front, announcing: StandIn) -> None:
    """Promise: HTTP interface, routes of one session."""
    async with front.connect(announcing.url) as client:
        session = await client.create_session()
        info = await session.info()
        assert (info.id, info.state, info.last_event_id) == (session.id, "idle", 0)
        assert await session.cancel() is True
        await session.delete()
        with pytest.raises(NotFoundError) as caught:
            await session.info()
    assert caught.value.session_id == session.id


async def test_code_names_a_repository(front: Front, original: StandIn) -> None:
    """Protocol fact: get-session-code answers repo_url and message."""
    async with front.connect(original.url) as client:
        session = await client.create_session()
        code = await session.code("octocat")
    assert code == Code(f"https://git.example.org/{session.id}", "octocat may read it")


async def test_code_may_be_missing(front: Front, original: StandIn) -> None:
    """Protocol fact: get-session-code answers null when it fails."""
    original.fail("POST /get-session-code", faults.body(b"null"))
    async with front.connect(original.url) as client:
        assert await client.session("x").code("octocat") is None


async def test_a_named_session_is_used_without_asking(front: Front, original: StandIn) -> None:
    """Promise: README, client (a session that there is already)."""
    async with front.connect(original.url) as client:
        await client.session("the-old-one").ask("Go on")
    assert original.runs[0].sid == "the-old-one"
    assert original.asked("GET /create-session") == []


async def test_signing_in_keeps_the_token_and_signing_out_forgets_it(front: Front, announcing: StandIn) -> None:
    """Promise: command line, login and logout."""
    async with front.connect(announcing.url) as client:
        await client.sign_in()
        await client.sign_in()
        assert len(announcing.asked("GET /auth")) == 1
        assert CredentialCache(places.credentials_file()).get(announcing.url).access_token in announcing.tokens
        await client.sign_out()
        await client.sign_out()
    assert len(announcing.asked("DELETE /auth")) == 1
    assert announcing.tokens == set()
    assert CredentialCache(places.credentials_file()).get(announcing.url).access_token is None


async def test_signing_out_of_a_server_that_cannot_revoke_forgets_the_token(front: Front, original: StandIn) -> None:
    """Protocol fact: the original has no sign-out."""
    original.fail("DELETE /auth", faults.status(405))
    async with front.connect(original.url) as client:
        await client.sign_in()
        await client.sign_out()
        await client.sign_in()
    assert len(original.asked("GET /auth")) == 2


@pytest.mark.parametrize(("status", "attempts"), [(403, 1), (500, 3), (503, 3)])
async def test_signing_out_that_fails_says_so_and_keeps_the_token(
    front: Front, announcing: StandIn, status: int, attempts: int
) -> None:
    """Promise: command line, logout: a token that may still be valid is not said to be revoked."""
    announcing.fail("DELETE /auth", *[faults.status(status)] * attempts)
    async with front.connect(announcing.url) as client:
        await client.sign_in()
        with pytest.raises(APIStatusError) as caught:
            await client.sign_out()
        assert caught.value.status == status
        assert CredentialCache(places.credentials_file()).get(announcing.url).access_token in announcing.tokens
        await client.sign_out()
    assert announcing.tokens == set()


async def test_signing_out_with_a_given_token_revokes_it(front: Front, announcing: StandIn) -> None:
    """Promise: command line, logout."""
    announcing.tokens.add("given")
    async with front.connect(announcing.url, "given") as client:
        await client.sign_out()
        with pytest.raises(AuthenticationError):
            await client.sessions()
    assert announcing.tokens == set()


async def test_a_closed_client_says_so(front: Front, original: StandIn) -> None:
    """Promise: README, client (close may be called again; other calls then say that it is closed)."""
    async with front.connect(original.url) as client:
        await client.sign_in()
        await client.close()
        await client.close()
        with pytest.raises(ConfigurationError, match="closed"):
            await client.ask("Anybody?")


async def test_the_machines_own_clock_is_the_default(front: Front, original: StandIn) -> None:
    """Promise: retries (full jitter: a wait is anything from nothing to its bound)."""
    original.fail("GET /create-session", faults.status(500))
    async with front.connect(original.url, clock=None, chance=lambda: 0.0) as client:
        await client.create_session()
    assert front.clock.slept == []


async def test_a_client_that_was_never_used_closes(front: Front, original: StandIn) -> None:
    """Promise: README, client (nothing is sent when a client is made)."""
    async with front.connect(original.url) as client:
        assert client.base_url == original.url
    assert original.seen == []


def test_what_a_client_shows_of_itself_holds_no_token(original: StandIn, tmp_path: Path) -> None:
    """Promise: SECURITY, a token is in no repr."""
    with Robocoders(original.url, "a-secret-token") as blocking:
        assert repr(blocking) == f"Robocoders(base_url={original.url!r})"
        assert repr(blocking.session("s")) == "Session(id='s')"
    asynchronous = AsyncRobocoders(original.url, "a-secret-token")
    assert repr(asynchronous) == f"AsyncRobocoders(base_url={original.url!r})"
    assert repr(asynchronous.session("s")) == "AsyncSession(id='s')"
