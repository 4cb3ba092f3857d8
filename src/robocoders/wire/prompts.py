"""A conversation as one prompt, formatted as users of the provider know it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from robocoders.typing import Messages

__all__ = ["prompt_from_messages"]


def prompt_from_messages(messages: Messages) -> tuple[str, bool]:
    """Return the prompt and whether it carries a history.

    One message gives its content. Several give a line `Role: content` each, then `Assistant:`.

    Args:
        messages: Mappings with `role` and `content`; content is text or a list of parts, of which the text counts.
    """
    texts = [(str(message.get("role", "user")), _text(message.get("content"))) for message in messages]
    if len(texts) == 1:
        return texts[0][1], False
    lines = [f"{role.capitalize()}: {text}" for role, text in texts if text]
    return "\n".join([*lines, "Assistant:"]) if lines else "", bool(lines)


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "\n".join(filter(None, (_part_text(part) for part in cast("list[Any]", content))))


def _part_text(part: Any) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, Mapping):
        return ""
    text = cast("Mapping[str, Any]", part).get("text")
    return text if isinstance(text, str) else ""
