"""Seeing that a model makes the same failing call again and again."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, cast

from pydantic_ai.messages import ToolReturnPart

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelRequest, ModelResponse, ToolCallPart

__all__ = ["MOST_FAILURES", "RepeatedFailureError", "Repetition"]

MOST_FAILURES = 5
"""So often the same call may fail in the same way, with no call in between that succeeds."""


class RepeatedFailureError(Exception):
    """A model goes round in a circle.

    Args:
        text: The same for the user.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Repetition:
    """Counts calls that fail, each with what it was called with and what came of it."""

    def __init__(self) -> None:
        self._failures: Counter[str] = Counter()

    def look(self, response: ModelResponse | None, request: ModelRequest) -> None:
        """Look at what came of a response's calls.

        Args:
            response: It made the calls.
            request: It is to tell the model what came of them.

        Raises:
            RepeatedFailureError: One of them has failed too often.
        """
        calls = {} if response is None else {call.tool_call_id: call for call in response.tool_calls}
        for part in request.parts:
            if not isinstance(part, ToolReturnPart) or part.tool_call_id not in calls:
                continue
            if not _has_failed(part):
                self._failures.clear()
                continue
            self._failures[key := _key(calls[part.tool_call_id], part)] += 1
            if self._failures[key] >= MOST_FAILURES:
                raise RepeatedFailureError(
                    f"I stopped: the same call of `{part.tool_name}` failed {MOST_FAILURES} times in the same way, and "
                    "nothing else helped. Tell me what to do differently, or use another model."
                )


def _has_failed(part: ToolReturnPart) -> bool:
    metadata: object = part.metadata
    data = cast("dict[str, Any]", metadata) if isinstance(metadata, dict) else {}
    return part.outcome != "success" or "error" in data or data.get("exit_code", 0) != 0


def _key(call: ToolCallPart, part: ToolReturnPart) -> str:
    try:
        arguments = {**call.args_as_dict(), "thought": ""}
    except (ValueError, AssertionError):
        arguments = {"malformed": call.args_as_json_str()}
    return json.dumps([call.tool_name, arguments, part.model_response_str()], sort_keys=True, default=str)
