from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_ai.exceptions import ModelAPIError
from pydantic_ai.messages import ModelRequest, ModelResponse, TextPart
from pydantic_ai.models import ModelRequestParameters, StreamedResponse

from robocoders.agents.speaking import SpeakingModel, said_by
from robocoders.agents.speech import Speech, spoken_text
from robocoders.errors import StoreFullError
from robocoders.testing.scripted_model import ScriptedModel, Step, ToolCall
from tests.agents.turns import FILES, Desk, Screen

_WORDS = st.text(st.sampled_from(" \n\t\u3000ab\ud83dé"), max_size=12)


@given(st.lists(_WORDS, max_size=8))
def test_however_a_text_is_cut_the_pieces_are_the_text_of_its_event(pieces: list[str]) -> None:
    """Promise: README, live text: what was shown is, joined, what the event says."""
    speech = Speech()
    shown = [speech.hear(piece) for piece in pieces]
    assert "".join(shown) == speech.shown == spoken_text(["".join(pieces)]) == spoken_text(pieces)
    assert speech.shown.encode().decode() == speech.shown


@settings(deadline=None, max_examples=50)
@given(st.lists(_WORDS, min_size=1, max_size=6))
def test_the_pieces_of_an_answer_are_its_closing_message(pieces: list[str]) -> None:
    """Promise: README, live text: what was shown is, joined, what the event says."""

    async def turn() -> tuple[str, Screen]:
        screen = Screen()
        outcome = await Desk(Path("/nowhere"), screen=screen).turn(
            "x", ScriptedModel([Step(pieces=pieces, output_tokens=1), Step(text="A word.")])
        )
        return outcome.text, screen

    text, screen = asyncio.run(turn())
    # The library asks again where an answer says nothing.
    assert screen.text == text == (spoken_text(pieces) or "A word.")
    assert screen.flushed == text


async def test_text_is_shown_before_the_answer_is_whole(desk: Desk) -> None:
    """Promise: README, live text: text is shown while the model still speaks."""
    screen, spoken, go_on = Screen(), asyncio.Event(), asyncio.Event()

    async def between() -> None:
        spoken.set()
        await go_on.wait()

    desk.screen = screen
    async with asyncio.timeout(30):
        turn = asyncio.create_task(desk.turn("x", ScriptedModel([Step(pieces=("It is ", "here."), between=between)])))
        await spoken.wait()
        assert (screen.text, turn.done()) == ("It is", False)
        go_on.set()
        assert (await turn).text == screen.text == "It is here."


async def test_what_is_said_beside_calls_is_shown_and_becomes_a_message(desk: Desk) -> None:
    """Promise: README, live text: the words before a step are an event of their own."""
    desk.screen = Screen()
    looks = Step(pieces=(" Let ", "me look.\n"), calls=[ToolCall("list")])
    outcome = await desk.turn("x", ScriptedModel([looks, Step(pieces=("Do", "ne."))]), files=FILES)
    assert desk.names == ["message", "read", "read<-2"]
    assert desk.events[0].text == "Let me look."
    assert desk.screen.log == ["Let", " me look.", "Do", "ne."]
    assert outcome.text == "Done."


async def test_what_a_failed_request_had_said_is_withdrawn(desk: Desk) -> None:
    """Promise: README, live text: nobody keeps half of an answer that never was."""
    desk.screen = Screen()
    broken = Step(pieces=("Half of", " an"), error=ModelAPIError("scripted", "broken"))
    outcome = await desk.turn("x", ScriptedModel([broken]))
    assert (outcome.reason, desk.screen.text) == ("error", "")
    assert desk.screen.log == ["Half of", " an", None]


async def test_a_cancelled_request_leaves_what_it_said_to_whoever_cancelled_it(desk: Desk) -> None:
    """Promise: README, stop: a turn that is only suspended keeps its text until it goes on."""
    desk.screen, spoken, never = Screen(), asyncio.Event(), asyncio.Event()

    async def between() -> None:
        spoken.set()
        await never.wait()

    async with asyncio.timeout(30):
        turn = asyncio.create_task(desk.turn("x", ScriptedModel([Step(pieces=("Half", "."), between=between)])))
        await spoken.wait()
        turn.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turn
    assert desk.screen.log == ["Half"]


async def test_a_request_takes_back_what_a_killed_server_had_shown() -> None:
    """Promise: README, live text: a model step that is run again withdraws what it had said."""
    screen = Screen()
    await screen.write("Of a server that was killed")
    response = await _ask(SpeakingModel(ScriptedModel([Step(pieces=("An", "ew."))]), screen))
    assert said_by(response) == screen.text == "Anew."
    assert screen.log[1:] == [None, "An", "ew."]


async def test_text_that_cannot_be_committed_ends_the_turn(desk: Desk) -> None:
    """Promise: README, faults: nothing is shown that is not on disk."""

    class FullScreen(Screen):
        async def write(self, text: str) -> None:
            raise StoreFullError(f"No space is left for {len(text)} characters.")

    desk.screen = FullScreen()
    with pytest.raises(StoreFullError):
        await desk.turn("x", ScriptedModel(["Said."]))


async def test_a_model_that_does_not_stream_answers_all_the_same() -> None:
    """Promise: ours; of an answer that comes in one piece nothing is shown before its event."""
    screen = Screen()

    class Unstreamed(ScriptedModel):
        @asynccontextmanager
        async def request_stream(self, *_: object, **__: object) -> AsyncGenerator[StreamedResponse]:
            raise NotImplementedError
            yield

    assert said_by(await _ask(SpeakingModel(Unstreamed(["Whole."]), screen))) == "Whole."
    assert screen.log == []


async def test_the_rest_of_an_interrupted_response_is_not_shown_by_itself() -> None:
    """Promise: ours; a provider that pauses within an answer gives one event, not two halves."""
    screen = Screen()
    paused = ModelResponse(parts=[TextPart("First half")], state="suspended")
    response = await _ask(SpeakingModel(ScriptedModel(["and second."]), screen), paused)
    assert said_by(response) == "and second."
    assert screen.log == []


async def test_the_offline_model_shows_nothing_before_its_event(desk: Desk) -> None:
    """Promise: ours; an answer that comes in one piece is its event."""
    desk.screen = Screen()
    assert (await desk.turn("Hello", "offline")).reason == "finished"
    assert desk.screen.log == []


async def _ask(model: SpeakingModel, *more: ModelResponse) -> ModelResponse:
    return await model.request([ModelRequest.user_text_prompt("x"), *more], None, ModelRequestParameters())
