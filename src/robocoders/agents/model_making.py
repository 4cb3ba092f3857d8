"""Models of the agent library, made with the key and the address that were found for them."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic_ai.exceptions import UserError
from pydantic_ai.models import infer_model
from pydantic_ai.providers import infer_provider_class

from robocoders.agents.model_keys import COMPATIBLE, key_for, key_variables

if TYPE_CHECKING:
    from pydantic_ai.models import Model
    from pydantic_ai.providers import Provider

__all__ = ["is_provider", "make_model"]

_RESPONSES = frozenset({"openai", "openai-responses"})
_CHAT = frozenset({COMPATIBLE, "openai-chat"})

_ADDRESS: Mapping[str, str] = {"ollama": "base_url", "vllm": "base_url", "litellm": "api_base"}
"""Providers whose server is the user's own, and what the library calls its address."""

_KEY: Mapping[str, str] = {"snowflake": "token"}
"""What the library calls a key, where not `api_key`."""


def is_provider(name: str) -> bool:
    """Whether the library knows a provider of that name, installed or not."""
    try:
        infer_provider_class(name)
    except ValueError:
        return False
    except ImportError:
        pass
    return True


def make_model(provider: str, name: str, *, address: str | None) -> Model:
    """A model, with the key that is found for it, if any.

    Args:
        provider: A provider of the library, or `openai-compatible`.
        name: The model's own name.
        address: Where a server is that speaks OpenAI's dialects. Providers with an address of their own ignore it.

    Raises:
        ConfigurationError: The key is none.
        ImportError: The provider's library is missing; the library says which extra brings it.
        UserError, ValueError: The provider is unknown, or something is missing that the library names.
    """
    if address is not None and provider in _RESPONSES | _CHAT:
        # The key of that address: what belongs to OpenAI is not sent to anybody else.
        return _at(address, key_for(COMPATIBLE), name, is_responses=provider in _RESPONSES)
    key = key_for(provider)
    if key is None and key_variables(provider) == ("OPENAI_API_KEY",) and "OPENAI_API_KEY" in os.environ:
        # The library of OpenAI takes an empty variable for a key.
        raise UserError("Set the `OPENAI_API_KEY` environment variable: it is empty")
    given: dict[str, str] = {}
    if address is not None and provider in _ADDRESS:
        given[_ADDRESS[provider]] = address
    if key is not None:
        given[_KEY.get(provider, "api_key")] = key
    if not given:
        return infer_model(f"{provider}:{name}")

    def made(asked_for: str) -> Provider[Any]:
        if asked_for.startswith("gateway/"):
            # Its types name libraries that may be missing.
            gateway: Any = importlib.import_module("pydantic_ai.providers.gateway")
            return gateway.gateway_provider(asked_for.removeprefix("gateway/"), **given)
        return infer_provider_class(asked_for)(**given)

    return infer_model(f"{provider}:{name}", provider_factory=made)


def _at(address: str, key: str | None, name: str, *, is_responses: bool) -> Model:
    from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel  # noqa: PLC0415 - takes a second
    from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider  # noqa: PLC0415

    provider = OpenAICompatibleProvider(COMPATIBLE, base_url=address, api_key=key)
    return OpenAIResponsesModel(name, provider=provider) if is_responses else OpenAIChatModel(name, provider=provider)
