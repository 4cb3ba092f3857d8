# The provider's known surface begins with an underscore.
# pyright: reportPrivateUsage=false
from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from robocoders import (
    APIConnectionError,
    APIStatusError,
    AuthenticationError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RobocodersAPI,
    ServerError,
    StreamError,
    ValidationError,
)
from robocoders.client.leases import SessionLease
from tests.providers.asking import HELLO, pieces, provider_at
from tests.standin import events, faults
from tests.standin.server import StandIn

if TYPE_CHECKING:
    import aiohttp

FINISHED = [events.closing(1, "Done.", reason="finished")]


async def test_a_dead_cached_token_is_renewed_and_nobody_notices(
    server: StandIn, provider: type[RobocodersAPI]
) -> None:
    """Repaired defect of the old provider: no login again after a 401."""
    server.answer(FINISHED, FINISHED)
    await pieces(provider)
    server.tokens.clear()
    assert await pieces(provider) == ["Done."]
    assert len(server.asked("GET /auth")) == 2
    assert provider._get_cached_data()["access_token"] in server.tokens


async def test_a_dead_cached_token_is_renewed_when_it_asks_for_a_session(
    server: StandIn, provider: type[RobocodersAPI]
) -> None:
    """Repaired defect of the old provider: a token without sid was thrown away, a dead one never renewed."""
    provider._save_cached_data({"access_token": "dead"})
    server.answer(FINISHED)
    assert await pieces(provider) == ["Done."]
    assert [seen.route for seen in server.seen] == [
        "GET /create-session",
        "GET /auth",
        "GET /create-session",
        "POST /chat",
    ]


async def test_a_token_without_a_session_is_used(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Repaired defect of the old provider: a token without sid was thrown away."""
    server.tokens.add("good")
    provider._save_cached_data({"access_token": "good"})
    await pieces(provider)
    assert server.asked("GET /auth") == []


async def test_a_fresh_token_that_is_refused_ends_in_an_error(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Promise: the provider's documentation, 401; it signs in once and does not turn in circles."""
    server.fail("GET /create-session", faults.status(401), faults.status(401), faults.status(401))
    with pytest.raises(AuthenticationError):
        await pieces(provider)
    assert len(server.asked("GET /auth")) == 1


async def test_a_lasting_401_is_raised_after_one_new_sign_in_and_one_new_session(
    server: StandIn, provider: type[RobocodersAPI]
) -> None:
    """Promise: the provider's documentation, 401."""
    await pieces(provider)
    server.fail("POST /chat", *[faults.status(401)] * 9)
    with pytest.raises(AuthenticationError):
        await pieces(provider)
    assert len(server.asked("GET /auth")) == 2
    assert len(server.asked("GET /create-session")) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
async def test_a_lost_session_is_replaced_once(tmp_path: Path, status: int) -> None:
    """Repaired defect of the old provider: a dead sid stayed in the cache for good."""
    with StandIn(unknown_session=status) as server:
        provider = provider_at(server.url, tmp_path)
        await pieces(provider, max_continues=0)
        server.sessions.clear()
        server.answer(FINISHED)
        assert await pieces(provider) == ["Done."]
        assert provider._get_cached_data()["sid"] == server.runs[-1].sid


@pytest.mark.parametrize(("status", "refusals"), [(400, 2), (403, 2), (404, 2), (422, 1), (500, 1)])
async def test_no_failure_leaves_a_session_in_the_cache_for_good(
    server: StandIn, provider: type[RobocodersAPI], status: int, refusals: int
) -> None:
    """Repaired defect of the old provider: 400, 403, 404 and 5xx locked its user out."""
    await pieces(provider)
    server.fail("POST /chat", *[faults.status(status)] * refusals)
    with pytest.raises(Exception, match=str(status)):
        await pieces(provider)
    assert await pieces(provider)
    assert server.runs[-1].sid != server.runs[0].sid


async def test_a_new_session_that_is_refused_is_not_replaced(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Promise: the provider's guide, a session is replaced once."""
    server.fail("POST /chat", faults.status(404), faults.status(404))
    with pytest.raises(NotFoundError):
        await pieces(provider)
    assert len(server.asked("GET /create-session")) == 1


async def test_a_named_session_is_used_and_never_replaced(tmp_path: Path) -> None:
    """Promise: the provider's guide, session_id: no agent answers without the context it was asked in."""
    with StandIn(unknown_session=404) as server:
        server.sessions.append("mine")
        provider = provider_at(server.url, tmp_path)
        await pieces(provider, session_id="mine")
        assert {run.sid for run in server.runs} == {"mine"}
        server.sessions.clear()
        with pytest.raises(NotFoundError) as caught:
            await pieces(provider, session_id="mine")
        assert caught.value.session_id == "mine"
        assert server.asked("GET /create-session") == []


async def test_concurrent_conversations_never_share_a_session(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Repaired defect of the old provider: unrelated, concurrent conversations met in one session."""
    for repetition in (1, 2):
        server.answer(*[[events.message(1, "One."), *FINISHED]] * 8)
        running = [cast("AsyncGenerator[str]", provider.create_async_generator("", HELLO)) for _ in range(8)]
        await asyncio.gather(*(anext(generator) for generator in running))
        for generator in running:
            assert [piece async for piece in generator] == ["\nDone."]
        assert len({run.sid for run in server.runs[-8:]}) == 8, repetition
    assert len(server.asked("GET /auth")) == 1


async def test_while_a_conversation_runs_another_one_takes_an_uncached_session(
    server: StandIn, provider: type[RobocodersAPI]
) -> None:
    """Promise: the provider's guide, a cached session is leased."""
    server.answer([events.message(1, "One."), *FINISHED])
    first = cast("AsyncGenerator[str]", provider.create_async_generator("", HELLO))
    await anext(first)
    cached = provider._get_cached_data()["sid"]
    await pieces(provider, max_continues=0)
    assert server.runs[1].sid != cached
    assert provider._get_cached_data()["sid"] == cached
    assert [piece async for piece in first]
    await pieces(provider, max_continues=0)
    assert server.runs[2].sid == cached


async def test_a_session_leased_by_another_process_is_left_to_it(
    server: StandIn, provider: type[RobocodersAPI]
) -> None:
    """Promise: the provider's guide, a cached session is leased across processes."""
    await pieces(provider, max_continues=0)
    cached = provider._get_cached_data()["sid"]
    with SessionLease.take(provider.CACHE_DIR / "leases", server.url, cached) or pytest.fail("it is not free"):
        await pieces(provider, max_continues=0)
    assert server.runs[1].sid != cached
    assert provider._get_cached_data()["sid"] == cached


async def test_a_session_that_somebody_takes_at_the_last_moment_is_left_to_him(
    server: StandIn, provider: type[RobocodersAPI]
) -> None:
    """Promise: the provider's guide, a cached session is leased; between the look and the lease somebody may come."""
    await pieces(provider, max_continues=0)
    cached = provider._get_cached_data()["sid"]

    class Late(provider):
        @staticmethod
        async def _get_or_create_access_and_session(session: aiohttp.ClientSession) -> tuple[str, str]:
            found = await provider._get_or_create_access_and_session(session)
            leases.append(SessionLease.take(provider.CACHE_DIR / "leases", server.url, found[1]))
            return found

    leases: list[SessionLease | None] = []
    await pieces(Late, max_continues=0)
    assert server.runs[1].sid != cached
    assert provider._get_cached_data()["sid"] == cached
    for lease in leases:
        assert lease is not None
        lease.release()


async def test_a_session_whose_turn_was_abandoned_is_not_used_again(
    server: StandIn, provider: type[RobocodersAPI]
) -> None:
    """Promise: the provider's guide: a new question does not wait for an old answer nobody reads."""
    server.fail("POST /chat", faults.broken(events.message(1, "I begin."), "hang"))
    generator = cast("AsyncGenerator[str]", provider.create_async_generator("", HELLO))
    await anext(generator)
    await generator.aclose()
    assert "sid" not in provider._get_cached_data()
    await pieces(provider)
    assert server.runs[1].sid != server.runs[0].sid


async def test_a_session_whose_stream_broke_is_not_used_again(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Promise: the provider's guide, no prompt is run twice, and none waits for one that may still run."""
    server.fail("POST /chat", faults.broken(events.message(1, "I begin."), "reset"))
    with pytest.raises(StreamError, match="not sent again"):
        await pieces(provider)
    assert "sid" not in provider._get_cached_data()


async def test_a_session_that_did_not_take_the_prompt_is_kept(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Promise: the provider's guide: 429 says that the prompt was not taken."""
    await pieces(provider, max_continues=0)
    server.fail("POST /chat", *[faults.status(429, Retry_After="0.01")] * 3)
    with pytest.raises(RateLimitError):
        await pieces(provider)
    await pieces(provider, max_continues=0)
    assert server.runs[1].sid == server.runs[0].sid


@pytest.mark.parametrize(
    "refusal",
    [
        faults.status(409, x_should_retry="false"),
        faults.status(413),
        faults.status(503, Retry_After="500"),
    ],
)
async def test_a_session_of_a_refused_prompt_is_kept(
    server: StandIn, provider: type[RobocodersAPI], refusal: faults.Reply
) -> None:
    """Promise: the provider's guide: only a session whose turn was abandoned, or an unusable one, is forgotten."""
    await pieces(provider, max_continues=0)
    cached = provider._get_cached_data()["sid"]
    server.fail("POST /chat", refusal)
    with pytest.raises(APIStatusError):
        await pieces(provider)
    assert provider._get_cached_data()["sid"] == cached
    assert len(server.sessions) == 1


async def test_a_new_session_that_is_refused_like_the_old_one_is_kept(
    server: StandIn, provider: type[RobocodersAPI]
) -> None:
    """Promise: the provider's guide: only a session whose turn was abandoned, or an unusable one, is forgotten."""
    await pieces(provider, max_continues=0)
    server.fail("POST /chat", faults.status(403), faults.status(403))
    with pytest.raises(PermissionDeniedError):
        await pieces(provider)
    assert provider._get_cached_data()["sid"] == server.sessions[-1] != server.sessions[0]


async def test_a_named_session_that_cannot_be_used_is_not_found(tmp_path: Path) -> None:
    """Promise: errors, NotFoundError for a session that is not there: its caller is signed in."""
    with StandIn(announced=True, unknown_session=401) as server:
        with pytest.raises(NotFoundError, match="does not know the session not-mine"):
            await pieces(provider_at(server.url, tmp_path), session_id="not-mine")
        assert len(server.asked("GET /auth")) == 1
        assert server.sessions == []


async def test_a_session_whose_prompt_never_left_is_kept(tmp_path: Path) -> None:
    """Promise: the provider's guide: only a session whose turn was abandoned, or an unusable one, is forgotten."""
    with ExitStack() as opened:
        server = opened.enter_context(StandIn())
        provider = provider_at(server.url, tmp_path)

        class Gone(provider):
            @staticmethod
            async def _get_or_create_access_and_session(session: aiohttp.ClientSession) -> tuple[str, str]:
                found = await provider._get_or_create_access_and_session(session)
                await asyncio.to_thread(opened.close)
                return found

        with pytest.raises(APIConnectionError, match="refused"):
            await pieces(Gone)
    assert [provider._get_cached_data()["sid"]] == server.sessions


@pytest.mark.parametrize("fault", [faults.status(500), faults.status(503), faults.no_answer()])
async def test_a_session_whose_prompt_may_have_been_taken_is_not_used_again(
    server: StandIn, provider: type[RobocodersAPI], fault: faults.Fault
) -> None:
    """Promise: the provider's guide: a new question does not wait for an old answer nobody reads."""
    server.fail("POST /chat", fault)
    with pytest.raises((APIConnectionError, ServerError)):
        await pieces(provider)
    assert "sid" not in provider._get_cached_data()


async def test_a_refusal_after_a_lost_answer_does_not_prove_that_nothing_runs(tmp_path: Path) -> None:
    """Promise: the provider's guide: a new question does not wait for an old answer nobody reads."""
    with StandIn(announced=True) as server:
        provider = provider_at(server.url, tmp_path)
        await pieces(provider, max_continues=0)
        server.fail("POST /chat", faults.no_answer(), faults.status(422))
        with pytest.raises(ValidationError):
            await pieces(provider)
        assert "sid" not in provider._get_cached_data()


async def test_a_token_of_the_environment_is_used_and_never_cached(
    server: StandIn, provider: type[RobocodersAPI], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise: the page about the environment, ROBOCODERS_API_TOKEN."""
    monkeypatch.setenv("ROBOCODERS_API_TOKEN", "mine")
    server.tokens.add("mine")
    await pieces(provider)
    assert server.asked("GET /auth") == []
    assert "mine" not in str(provider._get_cached_data())
    server.tokens.clear()
    with pytest.raises(AuthenticationError):
        await pieces(provider)
    assert server.asked("GET /auth") == []


async def test_an_announced_idempotency_is_remembered(tmp_path: Path) -> None:
    """Promise: the provider's guide, cache format."""
    with StandIn(announced=True) as server:
        provider = provider_at(server.url, tmp_path)
        await pieces(provider, max_continues=0)
        assert provider._get_cached_data()["idempotent"] is True


async def test_no_secret_is_in_the_log(
    server: StandIn, provider: type[RobocodersAPI], caplog: pytest.LogCaptureFixture
) -> None:
    """Promise: SECURITY, no token, prompt or key in a log or an error."""
    caplog.set_level(0)
    prompt = "A very private prompt of many words"
    await pieces(provider, [{"role": "user", "content": prompt}])
    server.fail("POST /chat", faults.status(500, f"You sent {prompt} with a token"))
    with pytest.raises(Exception, match="500") as caught:
        await pieces(provider, [{"role": "user", "content": prompt}])
    for secret in (*server.tokens, prompt):
        assert secret not in caplog.text
        assert secret not in str(caught.value)
