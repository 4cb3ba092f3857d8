"""Which agent, and which language model, a request's `model` chooses."""

from __future__ import annotations

from robocoders.agents.worker_threads import in_worker_thread
from robocoders.errors import ConfigurationError, MissingRequirementsError
from robocoders.server.failures import ApiError
from robocoders.server.service import Service
from robocoders.wire.openai.models import ModelName, read_model_name
from robocoders.wire.protocol import AGENT_NAMES

__all__ = ["checked_model", "named_agent"]


def named_agent(name: str) -> ModelName:
    """What the name chooses; whether its language model can be had is not looked at.

    Raises:
        ApiError: 404, no agent is called so.
    """
    found = read_model_name(name)
    if found is None:
        raise _not_found(f"The models are {', '.join(AGENT_NAMES)}, or AGENT/PROVIDER:NAME for a language model.")
    return found


async def checked_model(service: Service, name: str) -> ModelName:
    """What the name chooses.

    Raises:
        ApiError: 404, no agent is called so, or its language model cannot be had here.
    """
    found = named_agent(name)
    if found.language_model is not None:
        try:
            # In a thread: a provider's library takes a second or more to import.
            await in_worker_thread(_resolve, found.language_model, service.settings.model_url)
        except (ConfigurationError, MissingRequirementsError) as error:
            raise _not_found(error.message) from None
    return found


def _resolve(name: str, url: str | None) -> None:
    from robocoders.agents.models import resolve_model  # noqa: PLC0415 - loads the model library

    resolve_model(name, url)


def _not_found(text: str) -> ApiError:
    return ApiError(404, "model_not_found", text, param="model")
