"""The JSON bodies of responses, as the OpenAPI description has them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["DeletedResponse", "InputItemList", "ResponseView"]


class _View(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OutputText(_View):
    """A part of what the agent says."""

    type: Literal["output_text"]
    text: str
    annotations: list[Any]
    logprobs: list[Any]


class OutputMessage(_View):
    """What the agent says; a later message begins with a blank line, so that all texts can be joined."""

    id: str
    type: Literal["message"]
    status: Literal["in_progress", "completed", "incomplete"]
    role: Literal["assistant"]
    content: list[OutputText]


class SummaryText(_View):
    """A sentence on a step."""

    type: Literal["summary_text"]
    text: str


class Reasoning(_View):
    """A step of the agent."""

    id: str
    type: Literal["reasoning"]
    status: Literal["in_progress", "completed", "incomplete"]
    summary: list[SummaryText]


class FunctionCall(_View):
    """A call that the client is to carry out; it sends the output as an item of the type `function_call_output`."""

    id: str
    type: Literal["function_call"]
    status: Literal["in_progress", "completed", "incomplete"]
    call_id: str
    name: str
    arguments: str = Field(description="JSON, as the language model wrote it.")


class ResponseFailure(_View):
    """Why there is no answer."""

    code: Literal["server_error"]
    message: str


class IncompleteDetails(_View):
    """Why the answer is cut off: a limit was reached."""

    reason: Literal["max_output_tokens"]


class InputDetails(_View):
    """Not counted apart."""

    cached_tokens: int
    cache_write_tokens: int


class OutputDetails(_View):
    """Not counted apart."""

    reasoning_tokens: int


class ResponseUsage(_View):
    """What the language models read and wrote, in tokens."""

    input_tokens: int
    input_tokens_details: InputDetails
    output_tokens: int
    output_tokens_details: OutputDetails
    total_tokens: int


class ConversationView(_View):
    """The response's session."""

    id: str


class AskedReasoning(_View):
    """What was asked for."""

    effort: str | None
    summary: str | None


class AskedTool(_View):
    """A function of the client's."""

    type: Literal["function"]
    name: str
    description: str
    parameters: dict[str, Any]
    strict: bool | None


class AskedToolChoice(_View):
    """The function that was to be called."""

    type: Literal["function"]
    name: str


class ResponseView(_View):
    """A response: what was asked for, how it is, and what came of it so far."""

    id: str
    object: Literal["response"]
    created_at: int = Field(description="Seconds since 1970.")
    status: Literal["queued", "in_progress", "completed", "failed", "incomplete", "cancelled"]
    completed_at: int | None
    error: ResponseFailure | None
    incomplete_details: IncompleteDetails | None
    model: str
    output: list[OutputMessage | Reasoning | FunctionCall]
    usage: ResponseUsage | None = Field(description="Null before the end.")
    conversation: ConversationView
    background: bool
    instructions: str | None
    max_output_tokens: int | None
    max_tool_calls: int | None
    metadata: dict[str, str]
    parallel_tool_calls: bool
    previous_response_id: str | None
    prompt_cache_key: str | None
    reasoning: AskedReasoning
    safety_identifier: str | None
    service_tier: str
    store: bool
    temperature: float | None
    text: dict[str, Any]
    tool_choice: Literal["auto", "none", "required"] | AskedToolChoice
    tools: list[AskedTool]
    top_logprobs: int | None
    top_p: float | None
    truncation: Literal["auto", "disabled"]
    user: str | None


class DeletedResponse(_View):
    """The response is gone; what was said in it stays in its session."""

    id: str
    object: Literal["response"]
    deleted: Literal[True]


class InputItemList(_View):
    """What a response was asked."""

    object: Literal["list"]
    data: list[dict[str, Any]] = Field(description="Items as the request had them; images without their data.")
    first_id: str | None
    last_id: str | None
    has_more: bool
