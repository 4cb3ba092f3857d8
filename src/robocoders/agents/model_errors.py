"""What went wrong with a language model, said so that a person can mend it, without a key and without a prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic_ai.exceptions import (
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelContextWindowExceededError,
    ModelHTTPError,
    ModelNotFoundError,
    ModelQuotaExceededError,
    ModelRateLimitError,
    ModelRequestRejectedError,
    ModelRequestTimeout,
    ModelServerError,
    ModelTimeoutError,
    ModelUnavailableError,
    UnexpectedModelBehavior,
)

if TYPE_CHECKING:
    from pydantic_ai.models import Model

__all__ = ["explain"]

_CATEGORIES: tuple[tuple[type[ModelAPIError], str], ...] = (
    # The more special ones first.
    (
        ModelAuthenticationError,
        "it refused the key. Check the provider's key in the server's environment and that it may use this model",
    ),
    (
        ModelContextWindowExceededError,
        "the conversation is longer than the model can take. Start a new session, or use a model with a larger context",
    ),
    (ModelNotFoundError, "it does not know this model. Check the model's name and the provider's address"),
    (ModelRequestRejectedError, "it refused the request as it was sent"),
    (ModelQuotaExceededError, "the account's quota or credit is used up. Top it up with the provider"),
    (ModelRateLimitError, "too many requests for its limits. Try again later"),
    (ModelUnavailableError, "it is not available at the moment. Try again later"),
    (ModelServerError, "it failed. Try again later"),
    (ModelTimeoutError, "it did not answer in time. Try again, or check the provider's address"),
    (ModelConnectionError, "it cannot be reached. Check the network and the provider's address"),
    (ModelRequestTimeout, "it did not answer in time. Try again, or check the provider's address"),
)


def explain(error: Exception, model: Model) -> str:
    """One or two sentences about an error of the agent library.

    The provider's own words are left out: they quote keys and prompts.
    """
    name = f"{model.system}:{model.model_name}"
    if isinstance(error, ModelAPIError):
        status = f" (HTTP {error.status_code})" if isinstance(error, ModelHTTPError) else ""
        cause = next((text for kind, text in _CATEGORIES if isinstance(error, kind)), "it reported an error")
        wait = f" It asks to wait {error.retry_after:g} s." if error.retry_after is not None else ""
        return f"The model {name!r} gave no answer{status}: {cause}.{wait}"
    if isinstance(error, UnexpectedModelBehavior):
        return f"The model {name!r} answered in a way that cannot be used. Try again, or use another model."
    return f"The model {name!r} could not be used ({type(error).__name__})."
