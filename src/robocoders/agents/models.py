"""From a model's name to a model."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from robocoders.agents.model_keys import COMPATIBLE, key_variables
from robocoders.agents.model_limits import limits_for
from robocoders.errors import ConfigurationError, MissingRequirementsError

if TYPE_CHECKING:
    from pydantic_ai.models import Model

__all__ = ["OFFLINE", "ollama_address", "resolve_model"]

OFFLINE = "offline"
"""The name of the model that needs no language model."""

_OLLAMA_PORT = 11434
_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound here

_FORMS = (
    f"Write `offline`, or `PROVIDER:NAME`, for instance `openai:NAME`, `anthropic:NAME` or `ollama:NAME`; or "
    f"`{COMPATIBLE}:NAME` with the address of a model server."
)
_NO_LANGUAGE_MODELS = frozenset({"elevenlabs", "sentence-transformers", "voyageai"})
"""Providers that the library knows for voices and embeddings."""

_VARIABLE = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
_EXTRA = re.compile(r"pydantic-ai-slim\[([a-z-]+)\]")


def resolve_model(
    name: str, url: str | None = None, *, limits: Mapping[str, Mapping[str, object]] | None = None
) -> Model:
    """The model of that name.

    Nothing is sent anywhere: a key that is wrong shows at the first request only. Keys are read here, from the
    provider's usual variables or the files that those with `_FILE` name.

    Args:
        name: `offline`, or `provider:model` in pydantic-ai's notation (`openai:NAME`, `anthropic:NAME`,
            `ollama:NAME`, ...), or `openai-compatible:NAME`. With `url` also a NAME alone.
        url: The address of a server that speaks OpenAI's dialects. It concerns a NAME alone, `openai-compatible:`,
            `openai-chat:` (all of them chat completions), `openai:`, `openai-responses:` (responses), `ollama:`,
            `vllm:` and `litellm:`; models of other providers are reached where their provider is.
        limits: As `robocoders.agents.model_limits.limits_for` takes them.

    Raises:
        ConfigurationError: The name is not of that form, the provider is unknown, its key or address is missing, or
            the address or a limit is none.
        MissingRequirementsError: The provider's library is not installed.
    """
    if name == OFFLINE:
        from robocoders.agents.offline.model import OfflineModel  # noqa: PLC0415 - loads the model library

        return OfflineModel()
    address = None if url is None else _checked_address(url)
    provider, model = _parts(name, alone=address is not None)
    patience = limits_for(name, limits)
    from pydantic_ai.exceptions import UserError  # noqa: PLC0415

    from robocoders.agents.model_making import make_model  # noqa: PLC0415
    from robocoders.agents.patient_model import PatientModel  # noqa: PLC0415

    try:
        if provider == "ollama" and address is None and not os.environ.get("OLLAMA_BASE_URL"):
            # The server that Ollama's own programs would talk to: it needs no key, so nothing has to be set.
            address = f"{ollama_address()}/v1"
        return PatientModel(make_model(provider, model, address=address), patience)
    except ImportError as error:
        extra = _EXTRA.search(str(error))
        raise MissingRequirementsError(
            f"The library for models of {provider!r} is not installed: "
            f"`pip install 'pydantic-ai-slim[{extra[1] if extra else provider.partition('-')[0]}]'`."
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


def _parts(name: str, *, alone: bool) -> tuple[str, str]:
    """The provider and the model's own name; with an address, what names no provider is a model's own name.

    A model's own name may hold a colon itself (`qwen:7b`).
    """
    provider, colon, model = name.partition(":")
    if alone and name.strip() and not (colon and provider and model and _is_provider(provider)):
        return COMPATIBLE, name
    if not (colon and provider and model):
        raise ConfigurationError(f"{name!r} is no model. {_FORMS}")
    if provider in _NO_LANGUAGE_MODELS:
        raise ConfigurationError(f"{provider!r} has no language models that agents can use. {_FORMS}")
    if provider == COMPATIBLE and not alone:
        raise ConfigurationError(
            f"The model {name!r} needs the address of its server: `--model-url http://HOST:PORT/v1`, or "
            "`export ROBOCODERS_MODEL_URL=...`."
        )
    return provider, model


def _checked_address(url: str) -> str:
    """An address without the slash at its end; the text of an error does not repeat it, for a key may be in it."""
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in {"http", "https"} and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
        parts = urlsplit("")
    if not usable or parts.query or parts.fragment:
        raise ConfigurationError(
            "The model's address is none: write http://HOST:PORT/v1, as its server's manual has it."
        )
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(
            "The model's address holds a name or a password. Leave them out, and put the key into "
            f"{key_variables(COMPATIBLE)[0]}, or into a file that {key_variables(COMPATIBLE)[0]}_FILE names."
        )
    return url.strip().rstrip("/")


def _is_provider(name: str) -> bool:
    from robocoders.agents.model_making import is_provider  # noqa: PLC0415 - loads the model library

    return name == COMPATIBLE or is_provider(name)


def _mending_line(provider: str, message: str) -> str:
    """What to do about a refused name; the library's own messages name the variable that is missing."""
    if message.startswith("Unknown model"):
        hint = message.partition("Did you mean")[2].strip(" ?'")
        suggestion = f" Did you mean `{hint}`?" if hint else ""
        return f"No provider is called {provider!r}.{suggestion} Known ones are openai, anthropic, ollama and others."
    variable = _VARIABLE.search(message)
    if variable is None:
        return message
    is_key = variable[0] in key_variables(provider)
    file = f" (or put it into a file and `export {variable[0]}_FILE=PATH`)" if is_key else ""
    return f"Set it up first: `export {variable[0]}=...`{file}."
