"""From a model's name to a model."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from robocoders.errors import ConfigurationError, MissingRequirementsError

if TYPE_CHECKING:
    from pydantic_ai.models import Model

__all__ = ["OFFLINE", "ollama_address", "resolve_model"]

OFFLINE = "offline"
"""The name of the model that needs no language model."""

_OLLAMA_PORT = 11434
_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound here


def resolve_model(name: str) -> Model:
    """The model of that name.

    Nothing is sent anywhere: a key that is wrong shows at the first request only.

    Args:
        name: `offline`, or `provider:model` in pydantic-ai's notation (`openai:NAME`, `anthropic:NAME`,
            `ollama:NAME`, ...).

    Raises:
        ConfigurationError: The name is not of that form, the provider is unknown, or its key or address is missing.
        MissingRequirementsError: The provider's library is not installed.
    """
    from robocoders.agents.offline.model import OfflineModel  # noqa: PLC0415 - loads the model library

    if name == OFFLINE:
        return OfflineModel()
    provider, colon, model = name.partition(":")
    if not (colon and provider and model):
        raise ConfigurationError(
            f"{name!r} is no model. Write `offline`, or `PROVIDER:NAME`, for instance `openai:NAME`, `anthropic:NAME` "
            "or `ollama:NAME`."
        )
    from pydantic_ai.exceptions import UserError  # noqa: PLC0415
    from pydantic_ai.models import infer_model  # noqa: PLC0415

    try:
        if provider == "ollama" and not os.environ.get("OLLAMA_BASE_URL"):
            return _ollama_model(model)
        return infer_model(name)
    except ImportError as error:
        raise MissingRequirementsError(
            f"The library for models of {provider!r} is not installed: "
            f"`pip install 'pydantic-ai-slim[{provider.partition('-')[0]}]'`."
        ) from error
    except (UserError, ValueError) as error:
        raise ConfigurationError(f"The model {name!r} cannot be used. {_mending_line(provider, str(error))}") from error


def ollama_address(environment: Mapping[str, str] = os.environ) -> str:
    """Where a local Ollama server listens: what `OLLAMA_HOST` names, else Ollama's own default.

    Source: Ollama's documentation: scheme, host and port may each be missing. A server that listens on every address
    is reached on loopback.

    Returns:
        `http://HOST:PORT` and the path, where there is one, without a slash at its end.

    Raises:
        ConfigurationError: `OLLAMA_HOST` is no address.
    """
    named = environment.get("OLLAMA_HOST", "").strip()
    scheme, separator, _ = named.partition("://")
    usual = {"http": 80, "https": 443}.get(scheme, _OLLAMA_PORT) if separator else _OLLAMA_PORT
    try:
        parts = urlsplit(named if separator else f"http://{named}")
        host, port = parts.hostname or "127.0.0.1", parts.port or usual
    except ValueError as error:
        raise ConfigurationError("OLLAMA_HOST is no address: write HOST:PORT") from error
    host = _EVERY_ADDRESS.get(host, host)
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port}{parts.path.rstrip('/')}"


def _ollama_model(name: str) -> Model:
    """A model of the server that Ollama's own programs would talk to: it needs no key, so nothing has to be set."""
    from pydantic_ai.models.ollama import OllamaModel  # noqa: PLC0415 - loads the model library
    from pydantic_ai.providers.ollama import OllamaProvider  # noqa: PLC0415

    return OllamaModel(name, provider=OllamaProvider(base_url=f"{ollama_address()}/v1"))


def _mending_line(provider: str, message: str) -> str:
    """What to do about a refused name; the library's own messages name the variable that is missing."""
    for word in message.replace("`", " ").replace("'", " ").split():
        if word.isupper() and word.isascii() and word.endswith(("_API_KEY", "_BASE_URL", "_TOKEN", "_ENDPOINT")):
            return f"Set it up first: `export {word}=...`."
    if message.startswith("Unknown model"):
        hint = message.partition("Did you mean")[2].strip(" ?'")
        suggestion = f" Did you mean `{hint}`?" if hint else ""
        return f"No provider is called {provider!r}.{suggestion} Known ones are openai, anthropic, ollama and others."
    return message
