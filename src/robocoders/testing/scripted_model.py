"""A model that says what a test wrote down, step by step."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic_ai.messages import ModelMessage, ModelResponse, ModelResponsePart, TextPart, ToolCallPart
from pydantic_ai.models import CompletedStreamedResponse, Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.usage import RequestUsage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from pydantic_ai.settings import ModelSettings
    from pydantic_ai.tools import RunContext

__all__ = ["ScriptedModel", "Step", "ToolCall"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a tool that the model asks for."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The answer to one request.

    Args:
        text: What the model says; without calls it is the answer that ends the turn.
        calls: The tools it calls.
        error: Raised instead of an answer.
        before: Awaited first, for instance an event's `wait`, so that a test decides when the model answers.
        input_tokens: What the request is said to have used.
        output_tokens: What the answer is said to have used.
    """

    text: str = ""
    calls: Sequence[ToolCall] = ()
    error: Exception | None = None
    before: Callable[[], Awaitable[object]] | None = None
    input_tokens: int = 0
    output_tokens: int = 0


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
        return await self._next(messages, model_request_parameters)

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,  # noqa: ARG002 - a script heeds no settings
        model_request_parameters: ModelRequestParameters,
        run_context: RunContext[Any] | None = None,  # noqa: ARG002 - a script asks for nothing
    ) -> AsyncGenerator[StreamedResponse]:
        yield CompletedStreamedResponse(
            await self._next(messages, model_request_parameters),
            model_request_parameters=model_request_parameters,
            replay_events=True,
        )

    async def _next(self, messages: list[ModelMessage], parameters: ModelRequestParameters) -> ModelResponse:
        assert len(self.requests) < len(self._steps), "the script has no further step"
        step = self._steps[len(self.requests)]
        self.requests.append(list(messages))
        self.tools = tuple(tool.name for tool in parameters.function_tools)
        if step.before is not None:
            await step.before()
        if step.error is not None:
            raise step.error
        parts: list[ModelResponsePart] = [TextPart(step.text)] if step.text else []
        parts += [ToolCallPart(call.tool, dict(call.arguments)) for call in step.calls]
        usage = RequestUsage(input_tokens=step.input_tokens, output_tokens=step.output_tokens)
        return ModelResponse(parts=parts, usage=usage, model_name=self.model_name)
