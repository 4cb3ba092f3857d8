"""The model `offline` as a model of the agent library."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import CompletedStreamedResponse, Model, ModelRequestParameters, StreamedResponse

from robocoders.agents.images import text_of
from robocoders.agents.offline.policy import Answer, Calls, ToolResult, next_step
from robocoders.agents.worker_threads import in_worker_thread

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from pydantic_ai.settings import ModelSettings
    from pydantic_ai.tools import RunContext

__all__ = ["REASON_KEY", "OfflineModel"]

_BLIND = "(I cannot see the images that came with this: without a language model I only read text.)"

REASON_KEY = "robocoders_reason"
"""Where a response's metadata says why the turn ends."""


class OfflineModel(Model[None]):
    """Search plus what is spelled out; it talks to nobody and understands nothing.

    The policy, in this order, by words alone (`robocoders.agents.offline.prompts`):

    1. A prompt that is a conversation written out counts by its last user message.
    2. Fenced `sh` and `python` blocks and fenced files with a name: run and written in their order, to the first that
       fails, and reported with exit codes and output.
    3. A greeting: who I am, what I can do without a model, the one line that attaches one.
    4. A request to describe the repository, or how to build, run or test it: list it, read its README and its build
       files, say what they say.
    5. A where, what, which, who, how or when question, or a bare identifier: search once, then at most five places
       with `path:line`, enclosing symbol, excerpt and the terms searched; or "No strong match for" these terms.
    6. Anything else: reason `needs_model`.

    A question about a workspace where there is none is answered with how to give one. It never writes code of its
    own and never claims to have understood.
    """

    @property
    def model_name(self) -> str:
        return "offline"

    @property
    def system(self) -> str:
        return "robocoders"

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,  # noqa: ARG002 - nothing to set
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        return await in_worker_thread(self._respond, messages, model_request_parameters)

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,  # noqa: ARG002 - nothing to set
        model_request_parameters: ModelRequestParameters,
        run_context: RunContext[Any] | None = None,  # noqa: ARG002 - asks for nothing
    ) -> AsyncGenerator[StreamedResponse]:
        yield CompletedStreamedResponse(
            await in_worker_thread(self._respond, messages, model_request_parameters),
            model_request_parameters=model_request_parameters,
            replay_events=True,
        )

    def _respond(self, messages: list[ModelMessage], parameters: ModelRequestParameters) -> ModelResponse:
        prompt, results, images = _read(messages)
        tools = frozenset(tool.name for tool in parameters.function_tools)
        match next_step(prompt, results, tools):
            case Calls(calls):
                return ModelResponse(
                    parts=[ToolCallPart(call.tool, dict(call.arguments)) for call in calls], model_name=self.model_name
                )
            case Answer(text, reason):
                said = f"{text}\n\n{_BLIND}" if images else text
                return ModelResponse(parts=[TextPart(said)], model_name=self.model_name, metadata={REASON_KEY: reason})


def _read(messages: list[ModelMessage]) -> tuple[str, list[ToolResult], bool]:
    """The last prompt, what the tools returned since, and whether images came with the prompt."""
    prompt, images = "", False
    results: list[ToolResult] = []
    for message in messages:
        if not isinstance(message, ModelRequest):
            continue
        for part in message.parts:
            # Exactly this type: the library adds notes of its own as a subclass.
            if type(part) is UserPromptPart:
                prompt, results, images = text_of(part.content), [], not isinstance(part.content, str)
            elif isinstance(part, ToolReturnPart):
                results.append(ToolResult(part.tool_name, part.model_response_str(), part.metadata or {}))
    return prompt, results, images
