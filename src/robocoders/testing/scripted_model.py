"""A model that says what a test wrote down, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse

from robocoders.testing.scripted_stream import ScriptedStream, Step, ToolCall

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from pydantic_ai.messages import ModelMessage, ModelResponse
    from pydantic_ai.settings import ModelSettings
    from pydantic_ai.tools import RunContext

__all__ = ["ScriptedModel", "Step", "ToolCall"]


class ScriptedModel(Model[None]):
    """Answers each request with the next step; asking for more steps than there are is an `AssertionError`.

    Args:
        steps: The answers in order; a plain string is a step that says it.

    Attributes:
        requests: The messages of every request so far.
        tools: The names of the tools that the last request offered.
    """

    def __init__(self, steps: Sequence[Step | str]) -> None:
        super().__init__()
        self._steps = [Step(text=step) if isinstance(step, str) else step for step in steps]
        self.requests: list[list[ModelMessage]] = []
        self.tools: tuple[str, ...] = ()

    @property
    def model_name(self) -> str:
        return "scripted"

    @property
    def system(self) -> str:
        return "robocoders"

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,  # noqa: ARG002 - a script heeds no settings
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        return await self._next(messages, model_request_parameters).response(self.model_name)

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,  # noqa: ARG002 - a script heeds no settings
        model_request_parameters: ModelRequestParameters,
        run_context: RunContext[Any] | None = None,  # noqa: ARG002 - a script asks for nothing
    ) -> AsyncGenerator[StreamedResponse]:
        step = self._next(messages, model_request_parameters)
        await step.begin()
        yield ScriptedStream(model_request_parameters, step=step, scripted_name=self.model_name)

    def _next(self, messages: list[ModelMessage], parameters: ModelRequestParameters) -> Step:
        assert len(self.requests) < len(self._steps), "the script has no further step"
        step = self._steps[len(self.requests)]
        self.requests.append(list(messages))
        self.tools = tuple(tool.name for tool in parameters.function_tools)
        return step
