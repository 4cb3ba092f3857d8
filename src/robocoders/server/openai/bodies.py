"""The JSON bodies of models and chat completions.

Unknown parameters are ignored. Of the known ones those that concern the sampling of a language model (`temperature`,
`stop`, ...) are accepted and make no difference: an agent makes many requests to its model, each with its own settings.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from robocoders.server.bodies import RequestBody
from robocoders.wire.openai.models import MOST_NAME_CHARACTERS

__all__ = ["ChatCompletion", "ChatCompletionBody", "Model", "ModelList", "StreamOptions", "UsageView"]

_TEXT_PART: Final = {
    "type": "object",
    "properties": {"type": {"const": "text"}, "text": {"type": "string"}},
    "required": ["type", "text"],
}
_IMAGE_PART: Final = {
    "type": "object",
    "properties": {
        "type": {"const": "image_url"},
        "image_url": {
            "type": "object",
            "properties": {
                "url": {
                    "type": "string",
                    "description": "`data:image/TYPE;base64,DATA`, or an address for the language model.",
                }
            },
            "required": ["url"],
        },
    },
    "required": ["type", "image_url"],
}
_CONTENT: Final = {
    "anyOf": [
        {"type": "string"},
        {"type": "array", "items": {"anyOf": [_TEXT_PART, _IMAGE_PART]}},
        {"type": "null"},
    ]
}
_CALL: Final = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "type": {"const": "function"},
        "function": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "arguments": {"type": "string"}},
            "required": ["name", "arguments"],
        },
    },
    "required": ["id", "function"],
}
_MESSAGE: Final = {
    "anyOf": [
        {
            "type": "object",
            "properties": {"role": {"enum": ["system", "developer", "user"]}, "content": _CONTENT},
            "required": ["role"],
        },
        {
            "type": "object",
            "properties": {
                "role": {"const": "assistant"},
                "content": _CONTENT,
                "tool_calls": {"anyOf": [{"type": "array", "items": _CALL}, {"type": "null"}]},
            },
            "required": ["role"],
        },
        {
            "type": "object",
            "properties": {"role": {"const": "tool"}, "content": _CONTENT, "tool_call_id": {"type": "string"}},
            "required": ["role", "tool_call_id"],
        },
    ]
}
_TOOL: Final = {
    "type": "object",
    "properties": {
        "type": {"const": "function"},
        "function": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
                "description": {"type": ["string", "null"]},
                "parameters": {"type": ["object", "null"], "description": "JSON Schema."},
                "strict": {"type": ["boolean", "null"]},
            },
            "required": ["name"],
        },
    },
    "required": ["type", "function"],
}
_TOOL_CHOICE: Final = {
    "anyOf": [
        {"enum": ["auto", "none", "required", None]},
        {
            "type": "object",
            "properties": {
                "type": {"const": "function"},
                "function": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
            },
            "required": ["type", "function"],
        },
    ]
}


class StreamOptions(RequestBody):
    """What a stream is to have besides."""

    include_usage: bool | None = Field(
        default=None, description="A last chunk without choices says what was used up; all others have `usage: null`."
    )


class ChatCompletionBody(RequestBody):
    """A conversation, and what is to come of it."""

    model: str = Field(
        min_length=1,
        max_length=MOST_NAME_CHARACTERS,
        description="An agent, or `AGENT/PROVIDER:NAME` to choose its language model, too.",
    )
    messages: Annotated[
        list[Any],
        Field(min_length=1, description="Oldest first. Where the last ones are results of tools, only these are read."),
        WithJsonSchema({"type": "array", "minItems": 1, "items": _MESSAGE}),
    ]
    stream: bool | None = Field(default=None, description="Answer in chunks while it comes.")
    stream_options: StreamOptions | None = None
    n: int | None = Field(default=None, ge=1, le=1, description="One answer; there is no other number.")
    tools: Annotated[
        list[Any] | None,
        Field(description="Functions that the client carries out. Tools of other types are left out."),
        WithJsonSchema({"anyOf": [{"type": "array", "items": _TOOL}, {"type": "null"}]}),
    ] = None
    tool_choice: Annotated[Any, WithJsonSchema(_TOOL_CHOICE)] = None
    parallel_tool_calls: bool | None = None
    reasoning_effort: str | None = Field(
        default=None, description="Anything but `none` shows the agent's steps as `reasoning_content`."
    )
    reasoning: dict[str, Any] | None = Field(default=None, description="Shows the agent's steps, too.")
    include_reasoning: bool | None = Field(default=None, description="Shows the agent's steps, too.")
    temperature: float | None = Field(default=None, description="Accepted, without effect, as all that follow.")
    top_p: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    seed: int | None = None
    stop: Annotated[
        list[str] | None,
        BeforeValidator(lambda value: [value] if isinstance(value, str) else value),
        WithJsonSchema(
            {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}, {"type": "null"}]}
        ),
    ] = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    user: str | None = None
    store: bool | None = None
    metadata: dict[str, Any] | None = None
    response_format: dict[str, Any] | None = None

    @property
    def shows_steps(self) -> bool:
        """Whether the steps of the agent are asked for."""
        wanted = self.reasoning
        if wanted is not None:
            return wanted.get("effort") != "none" and wanted.get("enabled") is not False and not wanted.get("exclude")
        return bool(self.include_reasoning) or self.reasoning_effort not in (None, "none")


class Model(BaseModel):
    """An agent."""

    model_config = ConfigDict(extra="forbid")

    id: str
    object: Literal["model"] = "model"
    created: int = Field(description="Seconds since 1970.")
    owned_by: str


class ModelList(BaseModel):
    """All agents."""

    model_config = ConfigDict(extra="forbid")

    object: Literal["list"] = "list"
    data: list[Model]


class PromptDetails(BaseModel):
    """Not counted apart."""

    model_config = ConfigDict(extra="forbid")

    audio_tokens: int
    cached_tokens: int


class CompletionDetails(BaseModel):
    """Not counted apart."""

    model_config = ConfigDict(extra="forbid")

    accepted_prediction_tokens: int
    audio_tokens: int
    reasoning_tokens: int
    rejected_prediction_tokens: int


class UsageView(BaseModel):
    """What the language models read and wrote, in tokens."""

    model_config = ConfigDict(extra="forbid")

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptDetails
    completion_tokens_details: CompletionDetails


class CalledFunction(BaseModel):
    """What is called, and with what."""

    model_config = ConfigDict(extra="forbid")

    name: str
    arguments: str = Field(description="JSON, as the language model wrote it.")


class ToolCall(BaseModel):
    """A call that the client is to carry out; it sends the result in a message with the role `tool`."""

    model_config = ConfigDict(extra="forbid")

    id: str
    type: Literal["function"]
    function: CalledFunction


class AnswerMessage(BaseModel):
    """What the agent says."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["assistant"]
    content: str | None
    refusal: None
    tool_calls: list[ToolCall] = Field(default=[], description="Absent where there are none.")
    reasoning_content: str = Field(default="", description="The steps, a line each; absent unless asked for.")


class Choice(BaseModel):
    """The one answer."""

    model_config = ConfigDict(extra="forbid")

    index: Literal[0]
    message: AnswerMessage
    logprobs: None
    finish_reason: Literal["stop", "length", "tool_calls"]


class ChatCompletion(BaseModel):
    """A whole answer."""

    model_config = ConfigDict(extra="forbid")

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: UsageView
