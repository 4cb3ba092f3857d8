"""The JSON body of a request for a response.

Unknown parameters are ignored. Of the known ones those that concern the sampling of a language model, the form of its
text or the service's tier are accepted and make no difference; a response repeats what was asked for.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, cast

from pydantic import ConfigDict, Field, StringConstraints, WithJsonSchema

from robocoders.server.bodies import RequestBody
from robocoders.wire.openai.errors import ParameterError
from robocoders.wire.openai.models import MOST_NAME_CHARACTERS

__all__ = ["ReasoningBody", "ResponseBody", "TextBody"]

_TEXT_PART: Final = {
    "type": "object",
    "properties": {"type": {"enum": ["input_text", "output_text"]}, "text": {"type": "string"}},
    "required": ["type", "text"],
}
_IMAGE_PART: Final = {
    "type": "object",
    "properties": {
        "type": {"const": "input_image"},
        "image_url": {
            "type": "string",
            "description": "`data:image/TYPE;base64,DATA`, or an address, which is handed to the language model.",
        },
    },
    "required": ["type", "image_url"],
}
_PARTS: Final = {"type": "array", "items": {"anyOf": [_TEXT_PART, _IMAGE_PART]}}
_CONTENT: Final = {"anyOf": [{"type": "string"}, _PARTS]}
_ITEM: Final = {
    "anyOf": [
        {
            "type": "object",
            "properties": {
                "type": {"const": "message"},
                "role": {"enum": ["user", "assistant", "system", "developer"]},
                "content": _CONTENT,
            },
            "required": ["role", "content"],
        },
        {
            "type": "object",
            "properties": {
                "type": {"const": "function_call"},
                "call_id": {"type": "string"},
                "name": {"type": "string"},
                "arguments": {"type": "string"},
            },
            "required": ["type", "call_id", "name", "arguments"],
        },
        {
            "type": "object",
            "properties": {
                "type": {"const": "function_call_output"},
                "call_id": {"type": "string"},
                "output": _CONTENT,
            },
            "required": ["type", "call_id", "output"],
        },
        {"type": "object", "properties": {"type": {"const": "reasoning"}}, "required": ["type"]},
    ]
}
_INPUT: Final = {"anyOf": [{"type": "string", "minLength": 1}, {"type": "array", "minItems": 1, "items": _ITEM}]}
_TOOL: Final = {
    "type": "object",
    "properties": {
        "type": {"const": "function"},
        "name": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
        "description": {"type": ["string", "null"]},
        "parameters": {"type": ["object", "null"], "description": "JSON Schema."},
        "strict": {"type": ["boolean", "null"]},
    },
    "required": ["type", "name"],
}
_TOOL_CHOICE: Final = {
    "anyOf": [
        {"enum": ["auto", "none", "required", None]},
        {
            "type": "object",
            "properties": {"type": {"const": "function"}, "name": {"type": "string"}},
            "required": ["type", "name"],
        },
    ]
}

_SESSION_ID: Final = {"type": "string", "format": "uuid"}
_CONVERSATION: Final = {
    "anyOf": [
        _SESSION_ID,
        {"type": "object", "properties": {"id": _SESSION_ID}, "required": ["id"]},
        {"type": "null"},
    ]
}

_MetadataKey = Annotated[str, StringConstraints(max_length=64)]
_MetadataValue = Annotated[str, StringConstraints(max_length=512)]


class ReasoningBody(RequestBody):
    """What is to be told of the agent's steps."""

    effort: str | None = Field(default=None, max_length=64, description="`none` is as if nothing was asked for.")
    summary: str | None = Field(default=None, max_length=64)


class TextBody(RequestBody):
    """The form of the text; an agent's is plain text whatever is asked for."""

    format: dict[str, Any] | None = None
    verbosity: Literal["low", "medium", "high"] | None = None


class ResponseBody(RequestBody):
    """What an agent is asked, and how the response is to be given."""

    model_config = ConfigDict(extra="ignore", strict=True, allow_inf_nan=False)

    model: str = Field(
        min_length=1,
        max_length=MOST_NAME_CHARACTERS,
        description="An agent, or `AGENT/PROVIDER:NAME` to choose its language model, too.",
    )
    input: Annotated[
        Any,
        Field(description="A text, or items. Where the last ones are outputs of functions, only these are read."),
        WithJsonSchema(_INPUT),
    ]
    instructions: str | None = Field(default=None, description="What the agent is told beside its own instructions.")
    stream: bool | None = Field(default=None, description="Answer in server-sent events while it comes.")
    background: bool | None = Field(default=None, description="Answer at once; the response is fetched by its id.")
    store: bool | None = Field(default=None, description="`false`: the response cannot be fetched by its id.")
    previous_response_id: str | None = Field(
        default=None, description="Goes on in that response's session, which has all that was said in it so far."
    )
    conversation: Annotated[
        Any,
        Field(description="The session, a UUID; one that nobody has yet is made for the caller."),
        WithJsonSchema(_CONVERSATION),
    ] = None
    tools: Annotated[
        list[Any] | None,
        Field(description="Functions that the client carries out. Tools of other types are left out."),
        WithJsonSchema({"anyOf": [{"type": "array", "items": _TOOL}, {"type": "null"}]}),
    ] = None
    tool_choice: Annotated[Any, WithJsonSchema(_TOOL_CHOICE)] = None
    parallel_tool_calls: bool | None = None
    reasoning: ReasoningBody | None = Field(default=None, description="Shows the agent's steps as reasoning items.")
    metadata: Annotated[dict[_MetadataKey, _MetadataValue], Field(max_length=16)] | None = None
    text: TextBody | None = Field(default=None, description="Accepted, without effect, as all that follow.")
    temperature: float | None = None
    top_p: float | None = None
    max_output_tokens: int | None = None
    max_tool_calls: int | None = None
    top_logprobs: int | None = None
    truncation: Literal["auto", "disabled"] | None = None
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    service_tier: str | None = None

    @property
    def shows_steps(self) -> bool:
        """Whether the steps of the agent are asked for."""
        return self.reasoning is not None and self.reasoning.effort != "none"

    @property
    def conversation_id(self) -> str | None:
        """The session as the request names it.

        Raises:
            ParameterError: It names it by what is no name.
        """
        named = self.conversation
        if isinstance(named, dict):
            named = cast("dict[str, Any]", named).get("id", 0)
        if named is None or isinstance(named, str):
            return named
        raise ParameterError("conversation", "A conversation is an id, or an object with an `id`.", "invalid_type")
