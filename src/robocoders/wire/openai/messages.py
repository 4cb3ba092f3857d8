"""The `messages` of a chat completion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from robocoders.wire.openai.content import read_content
from robocoders.wire.openai.conversation import Call, Role, Said
from robocoders.wire.openai.errors import ParameterError

__all__ = ["read_messages"]

_ROLES: Final[dict[str, Role]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}


def read_messages(value: Sequence[object]) -> list[Said]:
    """Read a conversation.

    Raises:
        ParameterError: Something in it has not the form that it must have; nothing else is looked at.
    """
    return [_read_message(message, f"messages[{place}]") for place, message in enumerate(value)]


def _read_message(message: object, param: str) -> Said:
    if not isinstance(message, Mapping):
        raise ParameterError(param, "A message is an object.", "invalid_type")
    fields = cast("Mapping[str, Any]", message)
    given = fields.get("role")
    role = _ROLES.get(given) if isinstance(given, str) else None
    if role is None:
        known = ", ".join(f"`{name}`" for name in _ROLES)
        raise ParameterError(f"{param}.role", f"The role of a message is one of {known}.")
    content = read_content(fields.get("content"), f"{param}.content")
    calls: tuple[Call, ...] = ()
    call_id: str | None = None
    if role == "assistant":
        calls = _read_calls(fields.get("tool_calls"), f"{param}.tool_calls")
    elif given == "tool":
        call_id = _text(fields, "tool_call_id", param)
    return Said(role, content, calls, call_id)


def _read_calls(value: object, param: str) -> tuple[Call, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise ParameterError(param, "`tool_calls` is a list.", "invalid_type")
    return tuple(_read_call(call, f"{param}[{place}]") for place, call in enumerate(cast("list[Any]", value)))


def _read_call(call: object, param: str) -> Call:
    fields: Mapping[str, Any] = cast("Mapping[str, Any]", call) if isinstance(call, Mapping) else {}
    function = fields.get("function")
    if not isinstance(function, Mapping):
        raise ParameterError(f"{param}.function", "A call of a tool names its `function`.", "invalid_type")
    named = cast("Mapping[str, Any]", function)
    at = f"{param}.function"
    return Call(_text(fields, "id", param), _text(named, "name", at), _text(named, "arguments", at))


def _text(fields: Mapping[str, Any], name: str, param: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise ParameterError(f"{param}.{name}", f"`{name}` is a text.", "invalid_type")
    return value
