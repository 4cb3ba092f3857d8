"""A model that says what a test wrote down, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.profiles import ModelProfile
from pydantic_ai.settings import ModelSettings

from robocoders.testing.scripted_stream import ScriptedStream, Step, ToolCall

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from pydantic_ai.messages import ModelMessage, ModelResponse
    from pydantic_ai.tools import RunContext, ToolDefinition

__all__ = ["ScriptedModel", "Step", "ToolCall"]


class ScriptedModel(Model[None]):
    """Answers each request with the next step; asking for more steps than there are is an `AssertionError`.

    Args:
        steps: The answers in order; a plain string is a step that says it. A step may call any tool that is offered,
            the client's included.
        sees: Whether it takes images.

    Attributes:
        requests: The messages of every request so far.
        tools: The names of the tools that the last request offered, the client's included.
        offered: Those tools themselves.
        endings: The tools that end a turn, which the last request offered.
        instructions: What the last request told it to be.
        settings_given: The settings of every request so far.
    """

    def __init__(self, steps: Sequence[Step | str], *, sees: bool = True) -> None:
        super().__init__(profile=ModelProfile(supports_image_input=sees))
        self._steps = [Step(text=step) if isinstance(step, str) else step for step in steps]
        self.requests: list[list[ModelMessage]] = []
        self.tools: tuple[str, ...] = ()
        self.offered: list[ToolDefinition] = []
        self.endings: list[ToolDefinition] = []
        self.instructions = ""
        self.settings_given: list[ModelSettings] = []

    @property
    def model_name(self) -> str:
        return "scripted"

    @property
    def system(self) -> str:
        return "robocoders"

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        return await self._next(messages, model_settings, model_request_parameters).response(self.model_name)

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: RunContext[Any] | None = None,  # noqa: ARG002 - a script asks for nothing
    ) -> AsyncGenerator[StreamedResponse]:
        step = self._next(messages, model_settings, model_request_parameters)
        await step.begin()
        yield ScriptedStream(model_request_parameters, step=step, scripted_name=self.model_name)

    def _next(
        self, messages: list[ModelMessage], settings: ModelSettings | None, parameters: ModelRequestParameters
    ) -> Step:
        assert len(self.requests) < len(self._steps), "the script has no further step"
        step = self._steps[len(self.requests)]
        self.requests.append(list(messages))
        self.offered, self.endings = parameters.function_tools, parameters.output_tools
        self.tools = tuple(tool.name for tool in self.offered)
        self.instructions = "\n\n".join(part.content for part in parameters.instruction_parts or ())
        self.settings_given.append(settings or ModelSettings())
        return step
