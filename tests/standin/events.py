"""Events as the original wrote them: keys in its order, default JSON separators, one line each."""

from __future__ import annotations

import json
from typing import Any

_TIME = "2024-12-18T10:00:00.000000"


def message(
    event_id: int, content: str, *, wait: bool = False, extras: dict[str, Any] | None = None, sid: str = ""
) -> bytes:
    """A message of the agent; with `wait` it ends its turn."""
    args = {"content": content, "wait_for_response": wait, "extras": extras or {}}
    return _line(event_id, content, "message", args, sid)


def closing(event_id: int, content: str = "Done.", *, reason: str | None = None, sid: str = "") -> bytes:
    """The waiting message at the end of a turn, with or without a reason."""
    return message(event_id, content, wait=True, extras=None if reason is None else {"reason": reason}, sid=sid)


def run_python(event_id: int, code: str, *, sid: str = "") -> bytes:
    """Python code that the agent runs."""
    args = {"code": code, "thought": "", "kernel_init_code": ""}
    return _line(event_id, f"Running Python code interactively: {code}", "run_ipython", args, sid)


def observation(event_id: int, cause: int, content: str, *, sid: str = "") -> bytes:
    """What came of a command."""
    fields = {
        "id": event_id,
        "timestamp": _TIME,
        "source": "agent",
        "message": "Command finished.",
        "cause": cause,
        "observation": "run",
        "content": content,
        "extras": {"command_id": 1, "command": "true", "exit_code": 0},
        "sid": sid,
    }
    return json.dumps(fields).encode() + b"\n"


def delta(delta_of: int, offset: int, text: str) -> bytes:
    """A piece of live text."""
    return json.dumps({"delta_of": delta_of, "offset": offset, "text": text}).encode() + b"\n"


def reset(delta_of: int) -> bytes:
    """The withdrawal of a live text."""
    return json.dumps({"delta_of": delta_of, "reset": True}).encode() + b"\n"


def _line(event_id: int, text: str, action: str, args: dict[str, Any], sid: str) -> bytes:
    fields = {
        "id": event_id,
        "timestamp": _TIME,
        "source": "agent",
        "message": text,
        "action": action,
        "args": args,
        "sid": sid,
    }
    return json.dumps(fields).encode() + b"\n"
