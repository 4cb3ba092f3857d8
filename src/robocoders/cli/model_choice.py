"""Which language model a server starts with, so that nobody is billed by surprise.

A model is used because somebody named it, never because a key lies about: where a key or a local model server is
found, a person at a terminal is asked once and the answer is remembered; elsewhere a line says how to use it.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import urlsplit

from robocoders.agents.models import ollama_address
from robocoders.cli.terminal import is_terminal, printable, say
from robocoders.client.configuration import remember, resolve
from robocoders.errors import RobocodersError
from robocoders.wire.requests import Request
from robocoders.wire.retrying import RetryPolicy

__all__ = ["OFFLINE", "FoundModel", "choose_model", "found_models"]

OFFLINE: Final = "offline"

_BY_KEY: Final = (
    ("OPENAI_API_KEY", "openai:gpt-6.1-terra"),
    ("ANTHROPIC_API_KEY", "anthropic:claude-sonnet-5-5"),
)
"""A provider's variable, and the model to propose when it is set."""

_PATIENCE_SECONDS: Final = 0.5


@dataclass(frozen=True)
class FoundModel:
    """A language model that could be used.

    Args:
        model: In pydantic-ai's notation.
        reason: What was found, for a person; never the key itself.
    """

    model: str
    reason: str


def choose_model(flag: str | None, *, ask: bool) -> str:
    """The model to start with.

    Args:
        flag: What `--model` says.
        ask: Whether a person at a terminal may be asked.

    Returns:
        The model that was named or agreed to, else `offline`.
    """
    named = resolve("model", flag).value
    if named:
        return named
    found = found_models()
    if not found:
        return OFFLINE
    first = found[0]
    if not (ask and is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        say(f"{first.reason}. No language model is used; to use it: --model {first.model}")
        return OFFLINE
    say(f"{first.reason}.")
    chosen = first.model if _agrees(f"Use {first.model}? y/N ") else OFFLINE
    say(f"Remembered in {remember('model', chosen)}: model = {chosen}")
    return chosen


def found_models() -> list[FoundModel]:
    """What could be used here: a model for each key in the environment, and one of a local model server."""
    found = [
        FoundModel(model, f"{variable} is set")
        for name, model in _BY_KEY
        for variable in [next((known for known in (name, f"{name}_FILE") if os.environ.get(known)), None)]
        if variable is not None
    ]
    local = _ollama_model()
    if local is not None:
        found.append(FoundModel(f"ollama:{local}", "A local model server (Ollama) is running"))
    return found


def _agrees(question: str) -> bool:
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _ollama_model() -> str | None:
    """The first model that a local Ollama server offers; None where none answers at once."""
    try:
        address = ollama_address()
        parts = urlsplit(address)
        # Most machines have none: that is found out without loading an HTTP client.
        with socket.create_connection((parts.hostname or "", parts.port or 0), _PATIENCE_SECONDS):
            pass
        return _first_name(json.loads(asyncio.run(_tags(address))))
    except (OSError, ValueError, RobocodersError):
        return None


async def _tags(address: str) -> bytes:
    from robocoders.client.exchange import Exchange  # noqa: PLC0415 - loads the HTTP client
    from robocoders.client.transport import Timeouts, Transport  # noqa: PLC0415

    transport = Transport(timeouts=Timeouts(connect=_PATIENCE_SECONDS, idle=_PATIENCE_SECONDS))
    try:
        exchange = Exchange(transport, address, policy=RetryPolicy(max_retries=0))
        return await exchange.fetch(Request("GET", "/api/tags", ()))
    finally:
        await transport.close()


def _first_name(answer: object) -> str | None:
    """The first name in `{"models": [{"name": ...}, ...]}`; None for anything else."""
    if not isinstance(answer, dict):
        return None
    models = cast("dict[str, Any]", answer).get("models")
    if not isinstance(models, list) or not models or not isinstance(models[0], dict):
        return None
    name = cast("dict[str, Any]", models[0]).get("name")
    return printable(name).strip() or None if isinstance(name, str) else None
