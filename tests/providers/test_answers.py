from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, cast

import pytest

from robocoders import APITimeoutError, RobocodersAPI, ServerError, ValidationError
from robocoders.errors import ConfigurationError
from tests.providers.asking import HELLO, pieces
from tests.standin import events, faults
from tests.standin.server import StandIn

LIMIT = "iteration_limit"


async def test_the_pieces_joined_read_as_text(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Repaired defect of the old provider: pieces ran into each other."""
    server.answer(
        [events.message(1, "I look."), events.run_python(2, "1+1"), events.closing(3, "Two.", reason="finished")]
    )
    text = "".join(await pieces(provider))
    assert text == "I look.\nRunning Python code interactively: 1+1\nTwo."


async def test_a_written_file_is_named_and_not_poured_out(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Promise: the provider's guide, pieces hold no file bodies."""
    write: dict[str, Any] = {"id": 1, "source": "agent", "message": "Writing file: a.py", "action": "write"}
    write["args"] = {"path": "a.py", "content": "SECRET BODY"}
    server.answer([json.dumps(write).encode() + b"\n", events.closing(2, "Done.", reason="finished")])
    assert await pieces(provider) == ["Writing file: a.py", "\nDone."]


async def test_observations_are_not_shown(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Promise: the provider's guide, it reads all events and shows what the agent does and says."""
    server.answer([events.observation(1, 1, "output"), events.closing(2, "Done.", reason="finished")])
    assert await pieces(provider) == ["Done."]
    assert server.asked("POST /chat")[0].query == {"events": "all"}


async def test_without_steps_only_the_answer_is_shown(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Promise: the provider's guide, steps=False."""
    server.answer(
        [events.message(1, "I look."), events.run_python(2, "1+1"), events.closing(3, "Two.", reason="finished")]
    )
    assert await pieces(provider, steps=False) == ["Two."]


async def test_without_steps_the_notice_of_the_last_limit_is_shown(
    server: StandIn, provider: type[RobocodersAPI]
) -> None:
    """Promise: the provider's guide, steps=False: an answer is never empty without a word."""
    server.answer([events.closing(1, "Limit one.", reason=LIMIT)], [events.closing(2, "Limit two.", reason=LIMIT)])
    assert await pieces(provider, steps=False, max_continues=1) == ["Limit two."]


async def test_without_steps_and_without_an_answer_the_last_word_is_shown(
    server: StandIn, provider: type[RobocodersAPI]
) -> None:
    """Promise: the provider's guide, steps=False: an answer is never empty without a word."""
    server.answer([events.message(1, "I look."), events.message(2, "I looked.")])
    assert await pieces(provider, steps=False) == ["I looked."]


async def test_a_line_that_is_no_json_is_logged_and_skipped(
    server: StandIn, provider: type[RobocodersAPI], caplog: pytest.LogCaptureFixture
) -> None:
    """Promise: the provider's documentation, create_async_generator; the log never holds content."""
    server.answer([b"PRIVATE not json\n", b"null\n", events.closing(2, "Done.", reason="finished")])
    with caplog.at_level(logging.DEBUG, "robocoders.provider"):
        assert await pieces(provider) == ["Done."]
    told = [record for record in caplog.records if record.name == "robocoders.provider"]
    assert [record.levelname for record in told] == ["WARNING", "WARNING"]
    assert "PRIVATE" not in caplog.text


async def test_it_continues_at_each_marked_limit(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Repaired defect of the old provider: the continuation was one level deep."""
    limits = [[events.closing(number, f"Part {number}.", reason=LIMIT)] for number in (1, 2, 3)]
    server.answer(*limits, [events.closing(4, "Done.", reason="finished")])
    assert "".join(await pieces(provider)) == "Part 1.\nPart 2.\nPart 3.\nDone."
    assert [run.prompt for run in server.runs] == ["Hello", "continue", "continue", "continue"]
    assert len({run.sid for run in server.runs}) == 1


async def test_it_continues_at_most_as_often_as_said(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Promise: the provider's guide, max_continues."""
    server.answer(*[[events.closing(number, "Limit.", reason="budget_limit")] for number in range(1, 20)])
    await pieces(provider, max_continues=2)
    assert [run.prompt for run in server.runs] == ["Hello", "continue", "continue"]


async def test_max_continues_is_eight_by_default(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Promise: the provider's guide, max_continues."""
    server.answer(*[[events.closing(number, "Limit.", reason=LIMIT)] for number in range(1, 20)])
    await pieces(provider)
    assert len(server.runs) == 1 + 8


async def test_where_nothing_is_marked_it_continues_once(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Protocol fact: the original closes every turn with a waiting message; its users know one continuation."""
    server.answer([events.closing(1, "One.")], [events.closing(2, "Two.")], [events.closing(3, "Three.")])
    assert "".join(await pieces(provider)) == "One.\nTwo."
    assert [run.prompt for run in server.runs] == ["Hello", "continue"]


async def test_with_no_continues_allowed_it_never_continues(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Promise: the provider's guide, max_continues."""
    server.answer([events.closing(1, "One.")])
    await pieces(provider, max_continues=0)
    assert len(server.runs) == 1


@pytest.mark.parametrize("reason", ["finished", "question", "exhausted", "needs_model", "cancelled", "error"])
async def test_no_other_end_is_continued(server: StandIn, provider: type[RobocodersAPI], reason: str) -> None:
    """Promise: the provider's guide, only allowances are continued."""
    server.answer([events.closing(1, "Over.", reason=reason)])
    assert await pieces(provider) == ["Over."]
    assert len(server.runs) == 1


async def test_errors_of_a_continuation_are_raised(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Repaired defect of the old provider: it swallowed them."""
    server.answer([events.closing(1, "Limit.", reason=LIMIT)], [])
    generator = provider.create_async_generator("", HELLO)
    assert await anext(generator) == "Limit."
    server.fail("POST /chat", faults.status(422, "no"))
    with pytest.raises(ValidationError) as caught:
        await anext(generator)
    assert caught.value.last_event_id == 1


async def test_a_continuation_begins_after_the_body_before_it_was_read_to_its_end(
    server: StandIn, provider: type[RobocodersAPI]
) -> None:
    """Repaired defect of the old provider: it posted while the earlier body was open."""
    server.fail("POST /chat", faults.broken(events.closing(1, "Limit.", reason=LIMIT), "hang"))
    generator = provider.create_async_generator("", HELLO, timeout=0.2)
    assert await anext(generator) == "Limit."
    with pytest.raises(APITimeoutError):
        await anext(generator)
    assert [run.prompt for run in server.runs] == ["Hello"]


async def test_a_waiting_message_that_is_not_the_last_event_is_no_end(
    server: StandIn, provider: type[RobocodersAPI]
) -> None:
    """Protocol fact: the turn ends with the body."""
    server.answer([events.closing(1, "Wait.", reason=LIMIT), events.closing(2, "After all.", reason="finished")])
    assert "".join(await pieces(provider)) == "Wait.\nAfter all."
    assert [run.prompt for run in server.runs] == ["Hello"]


CONVERSATIONS: list[tuple[list[dict[str, Any]], str, str | None]] = [
    ([{"role": "user", "content": "Just this"}], "Just this", None),
    (
        [{"role": "system", "content": "Be brief"}, {"role": "user", "content": "Hi"}],
        "System: Be brief\nUser: Hi\nAssistant:",
        "in_prompt",
    ),
    (
        [{"role": "user", "content": [{"type": "text", "text": "Look"}, {"type": "image_url", "image_url": {}}]}],
        "Look",
        None,
    ),
]


@pytest.mark.parametrize(("messages", "prompt", "history"), CONVERSATIONS)
async def test_the_conversation_becomes_the_prompt(
    server: StandIn, provider: type[RobocodersAPI], messages: list[dict[str, Any]], prompt: str, history: str | None
) -> None:
    """Promise: the provider's guide, history as its users know it; the server is told that the prompt carries it."""
    server.answer([events.closing(1, "Done.", reason="finished")])
    await pieces(provider, messages)
    fields = server.asked("POST /chat")[0].fields
    assert fields["prompt"] == prompt
    assert fields.get("history") == history
    assert fields["agent"] == "GeneralCodingAgent"


@pytest.mark.parametrize("messages", [[], [{"role": "user", "content": ""}], [{"role": "user", "content": None}]])
async def test_messages_without_text_are_refused_before_any_request(
    server: StandIn, provider: type[RobocodersAPI], messages: list[dict[str, Any]]
) -> None:
    """Promise: the provider's guide, errors."""
    with pytest.raises(ConfigurationError, match="no text"):
        await pieces(provider, messages)
    assert server.seen == []


async def test_an_unknown_agent_is_refused_before_any_request(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Promise: the provider's documentation, get_model."""
    with pytest.raises(ConfigurationError, match="FrontEndAgent"):
        await anext(provider.create_async_generator("gpt-4", HELLO))
    assert server.seen == []


async def test_closing_the_generator_closes_the_connection(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Promise: the provider's guide: whoever goes away keeps no connection open."""
    server.fail("POST /chat", faults.broken(events.message(1, "I begin."), "hang"))
    generator = cast("AsyncGenerator[str]", provider.create_async_generator("", HELLO))
    assert await anext(generator) == "I begin."
    await generator.aclose()
    assert await asyncio.to_thread(server.departed.wait, 10)


async def test_create_async_joins_the_pieces(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Promise: the provider's documentation, create_async."""
    server.answer([events.message(1, "One."), events.closing(2, "Two.", reason="finished")])
    assert await provider.create_async("RepoAgent", HELLO) == "One.\nTwo."
    assert server.asked("POST /chat")[0].fields["agent"] == "RepoAgent"


async def test_a_server_that_fails_in_the_middle_is_told_of_and_its_prompt_not_sent_again(
    server: StandIn, provider: type[RobocodersAPI]
) -> None:
    """Promise: the provider's guide, no prompt is run twice."""
    server.fail("POST /chat", faults.status(500, "broken"))
    with pytest.raises(ServerError):
        await pieces(provider)
    assert len(server.asked("POST /chat")) == 1


async def test_a_broken_stream_of_a_server_that_knows_keys_is_resumed(tmp_path: Path) -> None:
    """Promise: the provider's guide: one driver for all fronts, nothing lost and nothing twice."""
    with StandIn(announced=True) as server:
        lines = [events.message(1, "One."), events.closing(2, "Two.", reason="finished")]
        server.answer(lines)
        server.fail("POST /chat", faults.broken(lines[0], "close", announced=True))
        text = await RobocodersAPI.create_async("", HELLO, base_url=server.url)
        assert text == "One.\nTwo."
        assert len(server.runs) == 1


@pytest.mark.parametrize("size", [0, 1, 150, 260, 330, 400, 600, 700])
async def test_the_providers_answer_goes_on_after_a_restart(size: int) -> None:
    """Promise: the user sees one unbroken answer, and the prompt ran once; a text that was shown is never withdrawn."""
    with StandIn(announced=True) as server:
        lines = [events.message(1, "One."), events.delta(2, 0, "Tw"), events.closing(2, "Two.", reason="finished")]
        server.answer(lines)
        server.fail("POST /chat", faults.Death(size, comes_back=True))
        text = await RobocodersAPI.create_async("", HELLO, base_url=server.url)
        assert text == "One.\nTwo."
        assert len(server.runs) == 1
        assert not [seen for seen in server.asked("POST /chat") if "deltas" in seen.query]
    assert server.asked("GET /create-session")[0].headers["idempotency-key"]
