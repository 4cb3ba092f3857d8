"""From a model's name to a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robocoders.errors import ConfigurationError, MissingRequirementsError

if TYPE_CHECKING:
    from pydantic_ai.models import Model

__all__ = ["OFFLINE", "resolve_model"]

OFFLINE = "offline"
"""The name of the model that needs no language model."""


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
        return infer_model(name)
    except ImportError as error:
        raise MissingRequirementsError(
            f"The library for models of {provider!r} is not installed: "
            f"`pip install 'pydantic-ai-slim[{provider.partition('-')[0]}]'`."
        ) from error
    except (UserError, ValueError) as error:
        raise ConfigurationError(f"The model {name!r} cannot be used. {_mending_line(provider, str(error))}") from error


def _mending_line(provider: str, message: str) -> str:
    """What to do about a refused name; the library's own messages name the variable that is missing."""
    for word in message.replace("`", " ").replace("'", " ").split():
        if word.isupper() and word.isascii() and word.endswith(("_API_KEY", "_BASE_URL", "_TOKEN", "_ENDPOINT")):
            example = "=http://127.0.0.1:11434/v1" if word == "OLLAMA_BASE_URL" else "=..."
            return f"Set it up first: `export {word}{example}`."
    if message.startswith("Unknown model"):
        hint = message.partition("Did you mean")[2].strip(" ?'")
        suggestion = f" Did you mean `{hint}`?" if hint else ""
        return f"No provider is called {provider!r}.{suggestion} Known ones are openai, anthropic, ollama and others."
    return message
