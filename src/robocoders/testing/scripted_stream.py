"""A model's answer that a test wrote down, as the model library streams it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pydantic_ai.messages import ModelResponse, ModelResponsePart, TextPart, ToolCallPart
from pydantic_ai.models import StreamedResponse
from pydantic_ai.usage import RequestUsage

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelResponseStreamEvent

__all__ = ["ScriptedStream", "Step", "ToolCall"]


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
        pieces: The same as it is streamed, piece by piece, where that matters; instead of `text`.
        calls: The tools it calls.
        error: Raised instead of the answer, or instead of its end where there are pieces.
        before: Awaited first, for instance an event's `wait`, so that a test decides when the model answers.
        between: Awaited before each piece but the first.
        input_tokens: What the request is said to have used.
        output_tokens: What the answer is said to have used.
        cost_usd: What both are said to cost, in US dollars; None for an unknown price.
    """

    text: str = ""
    pieces: Sequence[str] = ()
    calls: Sequence[ToolCall] = ()
    error: Exception | None = None
    before: Callable[[], Awaitable[object]] | None = None
    between: Callable[[], Awaitable[object]] | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal | None = Decimal(0)

    async def begin(self) -> None:
        """Wait for `before`; raise the error of a step that says nothing first."""
        if self.before is not None:
            await self.before()
        if self.error is not None and not self.pieces:
            raise self.error

    async def each_piece(self) -> AsyncIterator[str]:
        """The text as it is streamed; then the error, where there is one."""
        for place, piece in enumerate(self.pieces or (self.text,)):
            if place and self.between is not None:
                await self.between()
            yield piece
        if self.error is not None:
            raise self.error

    @property
    def usage(self) -> RequestUsage:
        """What the request is said to have used."""
        return RequestUsage(input_tokens=self.input_tokens, output_tokens=self.output_tokens, cost=self.cost_usd)

    async def response(self, model_name: str) -> ModelResponse:
        """The whole answer, after all that comes before and between."""
        await self.begin()
        text = "".join([piece async for piece in self.each_piece()])
        parts: list[ModelResponsePart] = [TextPart(text)] if text else []
        parts += [ToolCallPart(call.tool, dict(call.arguments)) for call in self.calls]
        return ModelResponse(parts=parts, usage=self.usage, model_name=model_name)


@dataclass
class ScriptedStream(StreamedResponse):
    """Streams a step, whose `begin` has been awaited."""

    step: Step
    scripted_name: str

    async def _get_event_iterator(self) -> AsyncIterator[ModelResponseStreamEvent]:
        async for piece in self.step.each_piece():
            for event in self._parts_manager.handle_text_delta(vendor_part_id=None, content=piece) if piece else ():
                yield event
        for place, call in enumerate(self.step.calls):
            yield self._parts_manager.handle_tool_call_part(
                vendor_part_id=f"call {place}", tool_name=call.tool, args=dict(call.arguments)
            )
        self._usage = self.step.usage

    async def close_stream(self) -> None:
        """There is no connection to close."""

    @property
    def model_name(self) -> str:
        return self.scripted_name

    @property
    def provider_name(self) -> None:
        return None

    @property
    def provider_url(self) -> None:
        return None

    @property
    def timestamp(self) -> datetime:
        return datetime.now(UTC)
