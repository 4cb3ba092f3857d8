"""The `input` of a response: a text, or a list of items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from robocoders.wire.openai.content import read_content
from robocoders.wire.openai.conversation import Call, Role, Said
from robocoders.wire.openai.errors import ParameterError

__all__ = ["input_items", "read_input"]

_ROLES: Final[Mapping[str, Role]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
}

_OMITTED_IMAGE: Final = "data:,"
"""Stands in the place of an image's data where an input is shown again."""


def read_input(value: object) -> list[Said]:
    """Read the input of a response. Reasoning that a client sends back is left out: the agent knows what it thought.

    Raises:
        ParameterError: Something in it has not the form that it must have, or no agent can be given it.
    """
    if isinstance(value, str):
        return [Said("user", read_content(value, "input"))]
    if not isinstance(value, list):
        raise ParameterError("input", "The input is neither a text nor a list of items.", "invalid_type")
    said: list[Said] = []
    for place, item in enumerate(cast("list[Any]", value)):
        said += _read_item(item, f"input[{place}]")
    return said


def input_items(value: object, id_of: str) -> list[dict[str, Any]]:
    """Return an input that `read_input` could read as the items that a response shows of it.

    Without the data of images, and of each item only what its kind has.

    Args:
        value: The input.
        id_of: The hexadecimal part of the response's id, from which the items have theirs.
    """
    items: list[Any] = [{"role": "user", "content": value}] if isinstance(value, str) else cast("list[Any]", value)
    return [_shown(cast("dict[str, Any]", item), f"{id_of}{place:04x}") for place, item in enumerate(items)]


def _read_item(item: object, param: str) -> list[Said]:
    if not isinstance(item, Mapping):
        raise ParameterError(param, "An item of the input is an object.", "invalid_type")
    fields = cast("Mapping[str, Any]", item)
    match fields.get("type", "message"):
        case "message" | None:
            return [_read_message(fields, param)]
        case "function_call":
            call = Call(*(_text(fields, name, param) for name in ("call_id", "name", "arguments")))
            return [Said("assistant", calls=(call,))]
        case "function_call_output":
            output = fields.get("output")
            if not isinstance(output, str | list):
                raise ParameterError(f"{param}.output", "The output is a text or a list of parts.", "invalid_type")
            content = read_content(cast("object", output), f"{param}.output")
            return [Said("tool", content, call_id=_text(fields, "call_id", param))]
        case "reasoning":
            return []
        case _:
            text = "Items of the input are messages, reasoning, calls of functions and their outputs; this is another."
            raise ParameterError(f"{param}.type", text, "unsupported")


def _read_message(fields: Mapping[str, Any], param: str) -> Said:
    given = fields.get("role")
    role = _ROLES.get(given) if isinstance(given, str) else None
    if role is None:
        known = ", ".join(f"`{name}`" for name in _ROLES)
        raise ParameterError(f"{param}.role", f"The role of a message is one of {known}.")
    return Said(role, read_content(fields.get("content"), f"{param}.content"))


def _text(fields: Mapping[str, Any], name: str, param: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise ParameterError(f"{param}.{name}", f"`{name}` is a text.", "invalid_type")
    return value


def _shown(item: dict[str, Any], digits: str) -> dict[str, Any]:
    match item.get("type", "message"):
        case "function_call":
            kept = {name: item[name] for name in ("call_id", "name", "arguments")}
            return {"id": f"fc_{digits}", "type": "function_call", "status": "completed", **kept}
        case "function_call_output":
            kept = {"call_id": item["call_id"], "output": _shown_output(item["output"])}
            return {"id": f"fco_{digits}", "type": "function_call_output", "status": "completed", **kept}
        case "reasoning":
            return {"id": f"rs_{digits}", "type": "reasoning", "status": "completed", "summary": []}
        case _:
            said = {"role": item["role"], "content": _shown_content(item["role"], item.get("content"))}
            return {"id": f"msg_{digits}", "type": "message", "status": "completed", **said}


def _shown_output(output: Any) -> Any:
    return output if isinstance(output, str) else _shown_content("user", output)


def _shown_content(role: str, content: Any) -> list[dict[str, Any]]:
    parts: list[Any] = [content] if isinstance(content, str) else cast("list[Any]", content or [])
    return [_shown_part(role, part) for part in parts]


def _shown_part(role: str, part: Any) -> dict[str, Any]:
    fields: dict[str, Any] = cast("dict[str, Any]", part) if isinstance(part, dict) else {"text": part}
    if fields.get("type") in {"input_image", "image_url"}:
        address = fields["image_url"]
        url = cast("dict[str, Any]", address)["url"] if isinstance(address, dict) else cast("str", address)
        shown = _OMITTED_IMAGE if url[:5].lower() == "data:" else url
        return {"type": "input_image", "image_url": shown, "detail": "auto"}
    text = fields["refusal"] if fields.get("type") == "refusal" else fields["text"]
    if role == "assistant":
        return {"type": "output_text", "text": text, "annotations": []}
    return {"type": "input_text", "text": text}
