"""Tools that a client offers and carries out itself, as both dialects describe them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final, cast

from robocoders.wire.openai.errors import ParameterError
from robocoders.wire.wishes import AUTO, NONE, REQUIRED, ClientTool

__all__ = ["MOST_TOOLS", "read_tool_choice", "read_tools"]

MOST_TOOLS: Final = 128

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


def read_tools(value: object, *, nested: bool) -> tuple[ClientTool, ...]:
    """Read `tools`. Tools that are no functions are OpenAI's own to carry out: they are not there, so left out.

    Args:
        value: What stands there; None is none.
        nested: Whether a function's fields stand in an object `function` (chat completions) or beside `type`.

    Raises:
        ParameterError: It is no list of tools, a name is none or comes twice, or there are too many.
    """
    if value is None:
        return ()
    if not isinstance(value, list):
        raise ParameterError("tools", "`tools` is a list.", "invalid_type")
    tools: dict[str, ClientTool] = {}
    for place, item in enumerate(cast("list[Any]", value)):
        tool = _read_tool(item, f"tools[{place}]", nested=nested)
        if tool is None:
            continue
        if tool.name in tools:
            raise ParameterError(f"tools[{place}]", "Two tools have the same name.", "duplicate_name")
        tools[tool.name] = tool
    if len(tools) > MOST_TOOLS:
        raise ParameterError("tools", f"There are more than {MOST_TOOLS} tools.", "too_many")
    return tuple(tools.values())


def _read_tool(item: object, param: str, *, nested: bool) -> ClientTool | None:
    if not isinstance(item, Mapping):
        raise ParameterError(param, "A tool is an object.", "invalid_type")
    fields = cast("Mapping[str, Any]", item)
    kind = fields.get("type")
    if not isinstance(kind, str):
        raise ParameterError(f"{param}.type", "A tool says its `type`, for instance `function`.", "invalid_type")
    if kind != "function":
        return None
    if nested:
        function, param = fields.get("function"), f"{param}.function"
        if not isinstance(function, Mapping):
            raise ParameterError(param, "A tool of the type `function` describes it here.", "invalid_type")
        fields = cast("Mapping[str, Any]", function)
    name, description = fields.get("name"), fields.get("description")
    parameters, strict = fields.get("parameters"), fields.get("strict")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ParameterError(f"{param}.name", "A tool's name has 1 to 64 letters, digits, `_` and `-`.")
    if description is not None and not isinstance(description, str):
        raise ParameterError(f"{param}.description", "A description is a text.", "invalid_type")
    if parameters is not None and not isinstance(parameters, dict):
        raise ParameterError(f"{param}.parameters", "Parameters are an object, a JSON Schema.", "invalid_type")
    if strict is not None and not isinstance(strict, bool):
        raise ParameterError(f"{param}.strict", "`strict` is true, false or null.", "invalid_type")
    return ClientTool(name, description or "", cast("dict[str, Any]", parameters or {}), strict)


def read_tool_choice(value: object, names: Collection[str]) -> str:
    """Read `tool_choice`: `auto`, `none`, `required`, or the name of the tool that is to be called.

    Both forms of naming a function are understood: with its name in an object `function`, and beside `type`.

    Raises:
        ParameterError: It is none of these, or no such tool is offered.
    """
    if value is None:
        return AUTO
    if value in (AUTO, NONE):
        return cast("str", value)
    if value == REQUIRED:
        if not names:
            raise ParameterError("tool_choice", "A tool is required, but none is offered.")
        return REQUIRED
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, Any]", value)
        function = fields.get("function")
        holder = cast("Mapping[str, Any]", function) if isinstance(function, Mapping) else fields
        name = holder.get("name")
        if fields.get("type") == "function" and isinstance(name, str):
            if name not in names:
                raise ParameterError("tool_choice", "No function of that name is offered.")
            return name
    text = "`tool_choice` is `auto`, `none`, `required`, or an object of the type `function` with a name."
    raise ParameterError("tool_choice", text)
