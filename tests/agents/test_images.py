from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from pydantic_ai.messages import BinaryContent, ImageUrl, ModelRequest, UserPromptPart

from robocoders.agents.compaction import size_of
from robocoders.agents.images import prompt_with, sees, takes_addresses
from robocoders.agents.models import resolve_model
from robocoders.agents.running import Outcome, TurnInput, run_turn
from robocoders.testing.model_server import ModelServer
from robocoders.testing.scripted_model import ScriptedModel
from robocoders.wire.wishes import Image, Wishes
from tests.agents.turns import Desk

if TYPE_CHECKING:
    from pydantic_ai.models import Model

_PNG = Image(b"\x89PNG\r\n\x1a\n rest", "image/png")
_SOMEWHERE = Image(url="http://127.0.0.1:9/never-fetched.png")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


async def _turn(
    desk: Desk,
    model: Model | str,
    images: Sequence[Image],
    prompt: str = "What is this?",
    messages: bytes | None = None,
) -> Outcome:
    turn = TurnInput(
        agent="GeneralCodingAgent",
        prompt=prompt,
        model=model,
        workspace=None,
        index_dir=desk.directory / "index",
        messages=messages,
        wishes=Wishes(images=tuple(images)),
    )
    return await run_turn(turn, desk.emit)


def _prompts(model: ScriptedModel, request: int = -1) -> list[object]:
    """What the user has said, as the model was told it."""
    return [
        part.content
        for message in model.requests[request]
        if isinstance(message, ModelRequest)
        for part in message.parts
        if isinstance(part, UserPromptPart)
    ]


async def test_a_model_that_sees_is_shown_the_image(desk: Desk) -> None:
    """Promise: README, OpenAI dialects: images of a request reach a model that takes images."""
    model = ScriptedModel(["A cat."])
    assert (await _turn(desk, model, [_PNG])).text == "A cat."
    [shown] = _prompts(model)
    assert shown == ["What is this?", BinaryContent(_PNG.data or b"", media_type="image/png")]


async def test_a_model_that_does_not_see_is_told_so(desk: Desk) -> None:
    """Promise: README, OpenAI dialects: where a model takes no images a text stands in their place, in each turn."""
    seeing = ScriptedModel(["A cat."])
    first = await _turn(desk, seeing, [_PNG])
    blind = ScriptedModel(["I cannot see it."], sees=False)
    await _turn(desk, blind, [_PNG, _SOMEWHERE], "And this?", first.messages)
    earlier, shown = _prompts(blind)
    assert isinstance(earlier, str)
    assert isinstance(shown, str)
    assert shown.startswith("And this?\n\n[An image belongs here. You cannot see images")
    assert (earlier.count("[An image"), shown.count("[An image")) == (1, 2)


async def test_a_later_turn_of_a_model_that_sees_still_has_the_image(desk: Desk) -> None:
    """Promise: README, sessions: the next prompt goes on with all that was said and shown."""
    first = await _turn(desk, ScriptedModel(["A cat."]), [_PNG])
    model = ScriptedModel(["Black."])
    await _turn(desk, model, [], "What colour?", first.messages)
    [text, image] = cast("list[Any]", _prompts(model)[0])
    assert (text, image.data, image.media_type) == ("What is this?", _PNG.data, "image/png")


async def test_offline_says_that_it_does_not_see(desk: Desk) -> None:
    """Promise: README, offline: it understands nothing, and says so of images; the prompt's words count as ever."""
    with_image = await _turn(desk, "offline", [_PNG, _SOMEWHERE], "hello")
    without = await _turn(desk, "offline", [], "hello")
    assert with_image.text.startswith(without.text)
    assert "cannot see the images" in with_image.text
    assert with_image.reason == without.reason


async def test_an_address_is_handed_on_and_never_fetched(desk: Desk) -> None:
    """Promise: README, OpenAI dialects: this server fetches no address that is in a request."""
    with ModelServer(["A dog."]) as server:
        model = resolve_model("openai-compatible:sees", server.base_url)
        assert (await _turn(desk, model, [_SOMEWHERE])).text == "A dog."
        assert _SOMEWHERE.url is not None
        assert _SOMEWHERE.url in str(server.received[0].body)


async def test_an_address_that_the_library_would_fetch_is_not_asked_for(desk: Desk) -> None:
    """Promise: README, OpenAI dialects: where the provider's library cannot hand an address on, a text stands there."""
    model = ScriptedModel(["I see none."])
    assert not takes_addresses(model)
    await _turn(desk, model, [_SOMEWHERE])
    shown = str(_prompts(model))
    assert "at an address that cannot be shown" in shown
    assert "127.0.0.1" not in shown


def test_what_a_model_takes_is_what_the_library_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: README, OpenAI dialects: a model's profile says whether it sees."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "none")
    for name in ("anthropic:claude-sonnet-4-5", "ollama:llava"):
        model = resolve_model(name)
        assert sees(model)
        assert takes_addresses(model)


def test_an_image_counts_by_what_it_costs_not_by_its_bytes() -> None:
    """Promise: README, sessions: a conversation is shortened by what a model reads of it."""
    large = Image(b"x" * 1_000_000, "image/png")
    prompt = prompt_with("What is this?", [large, _SOMEWHERE])
    assert isinstance(prompt, list)
    assert isinstance(prompt[2], ImageUrl)
    assert size_of([ModelRequest(parts=[UserPromptPart(prompt)])]) < 20_000
    assert prompt_with("Hello.", ()) == "Hello."
