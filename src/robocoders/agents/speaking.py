"""A model whose text is shown while it comes."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from pydantic_ai.messages import ModelResponse, PartDeltaEvent, PartStartEvent, TextPart, TextPartDelta
from pydantic_ai.models import CompletedStreamedResponse
from pydantic_ai.models.wrapper import WrapperModel

from robocoders.agents.model_errors import AnswerBrokeOffError
from robocoders.agents.speech import Speech, spoken_text

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage, ModelResponseStreamEvent
    from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
    from pydantic_ai.settings import ModelSettings

    from robocoders.agents.steps import Live

__all__ = ["SpeakingModel", "said_by"]


def said_by(response: ModelResponse) -> str:
    """What a response says: the text of its event, and what was shown of it, piece by piece, before."""
    return spoken_text(part.content for part in response.parts if isinstance(part, TextPart))


class SpeakingModel(WrapperModel):
    """Answers with the whole response, as its model does, and shows the text of it on the way.

    A request takes back first what an earlier one had shown without an event coming of it: one that failed, or one
    whose server was killed. What is shown in the end is exactly `said_by` the response; where a model takes back
    words, it is withdrawn and shown anew. Of an answer that comes in one piece nothing is shown: its event follows.

    Args:
        wrapped: Gives the answers.
        live: Where the text goes.
    """

    def __init__(self, wrapped: Model, live: Live) -> None:
        super().__init__(wrapped)
        self._live = live

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """Answer a request.

        Raises:
            AnswerBrokeOffError: The answer broke off.
            StoreError: Its text cannot be committed.
        """
        await self._live.withdraw()
        if messages and isinstance(messages[-1], ModelResponse):
            # The rest of a response that the provider interrupted: the library joins the two.
            return await self.wrapped.request(messages, model_settings, model_request_parameters)
        async with AsyncExitStack() as stack:
            opening = self.wrapped.request_stream(messages, model_settings, model_request_parameters)
            try:
                stream = await stack.enter_async_context(opening)
            except NotImplementedError:
                # Some models of the library do not stream.
                return await self.wrapped.request(messages, model_settings, model_request_parameters)
            if isinstance(stream, CompletedStreamedResponse):
                return stream.get()
            try:
                return await self._show(stream)
            except Exception:
                await self._live.withdraw()
                raise

    async def _show(self, stream: StreamedResponse) -> ModelResponse:
        speech = Speech()
        async for event in stream:
            if shown := speech.hear(_text_of(event)):
                await self._live.write(shown)
        response = stream.get()
        if response.state == "incomplete":
            raise AnswerBrokeOffError("the answer broke off")
        whole = said_by(response)
        if not whole.startswith(speech.shown):
            await self._live.withdraw()
            await self._live.write(whole)
        elif rest := whole[len(speech.shown) :]:
            await self._live.write(rest)
        await self._live.flush()
        return response


def _text_of(event: ModelResponseStreamEvent) -> str:
    match event:
        case PartStartEvent(part=TextPart(content=text)) | PartDeltaEvent(delta=TextPartDelta(content_delta=text)):
            return text
        case _:
            return ""
