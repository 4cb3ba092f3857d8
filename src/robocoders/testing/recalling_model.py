"""A model without a memory of its own: what it says depends on the conversation alone, in whatever process it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, UserPromptPart
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse

from robocoders.agents.images import text_of
from robocoders.testing.scripted_stream import ScriptedStream, Step, ToolCall

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from pydantic_ai.settings import ModelSettings
    from pydantic_ai.tools import RunContext

__all__ = ["RecallingModel", "Script", "Step", "ToolCall"]

Script = Callable[[str, int], Step | str]
"""From the turn's prompt and the number of answers it has had already, from 0, to the next answer."""


class RecallingModel(Model[None]):
    """Answers by a script, so that a turn that goes on in another process gets the answer it would have had here.

    Args:
        script: Gives the answers; a plain string is a step that says it.

    Attributes:
        requests: The prompt and the number of every request to this object, oldest first.
    """

    def __init__(self, script: Script) -> None:
        super().__init__()
        self._script = script
        self.requests: list[tuple[str, int]] = []

    @property
    def model_name(self) -> str:
        return "recalling"

    @property
    def system(self) -> str:
        return "robocoders"

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,  # noqa: ARG002 - a script heeds no settings
        model_request_parameters: ModelRequestParameters,  # noqa: ARG002 - it knows the tools
    ) -> ModelResponse:
        return await self._step(messages).response(self.model_name)

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,  # noqa: ARG002 - a script heeds no settings
        model_request_parameters: ModelRequestParameters,
        run_context: RunContext[Any] | None = None,  # noqa: ARG002 - a script asks for nothing
    ) -> AsyncGenerator[StreamedResponse]:
        step = self._step(messages)
        await step.begin()
        yield ScriptedStream(model_request_parameters, step=step, scripted_name=self.model_name)

    def _step(self, messages: Sequence[ModelMessage]) -> Step:
        prompt, number = _read(messages)
        self.requests.append((prompt, number))
        step = self._script(prompt, number)
        return Step(text=step) if isinstance(step, str) else step


def _read(messages: Sequence[ModelMessage]) -> tuple[str, int]:
    """The last prompt, and how many answers came since."""
    prompt, number = "", 0
    for message in messages:
        if not isinstance(message, ModelRequest):
            number += 1
            continue
        for part in message.parts:
            # Exactly this type: the library adds notes of its own as a subclass.
            if type(part) is UserPromptPart:
                prompt, number = text_of(part.content), 0
    return prompt, number
