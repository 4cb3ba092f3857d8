"""What went wrong with a language model, said so that a person can mend it, without a key and without a prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic_ai.exceptions import (
    AgentRunError,
    ContentFilterError,
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
    OutputTokenLimitExceeded,
    UnexpectedModelBehavior,
)

from robocoders.agents.model_keys import COMPATIBLE, key_variables

if TYPE_CHECKING:
    from pydantic_ai.models import Model

__all__ = ["AnswerBrokeOffError", "explain", "may_pass", "recognised", "without_words"]

_OVERFLOW_TYPES = frozenset({"exceed_context_size_error"})


class AnswerBrokeOffError(UnexpectedModelBehavior):
    """A stream ended without saying that the answer is whole."""


_TRANSIENT = (
    ModelRateLimitError,
    ModelUnavailableError,
    ModelServerError,
    ModelConnectionError,
    AnswerBrokeOffError,
)

_FILTER_CODES = frozenset({"content_filter", "content_policy_violation"})

_FILTERED = (
    "the provider's content filter stopped it. Say it in other words, leave out what the filter may object to, "
    "or use another model"
)

_UNREACHABLE = "it cannot be reached. Check the network and the provider's address"

_BROKE_OFF = "its answer broke off. Try again"

_CATEGORIES: tuple[tuple[type[AgentRunError], str], ...] = (
    # The more special ones first.
    (
        ModelContextWindowExceededError,
        "the conversation is longer than the model can take. Start a new session, or use a model with a larger context",
    ),
    (ModelRequestRejectedError, "it refused the request as it was sent. Use another model, or start a new session"),
    (ModelQuotaExceededError, "the account's quota or credit is used up. Top it up with the provider"),
    (ModelRateLimitError, "too many requests for its limits. Try again later"),
    (ModelUnavailableError, "it is not available at the moment. Try again later"),
    (ModelServerError, "it failed. Try again later"),
    (ModelTimeoutError, "it did not answer in time. Try again, or check the provider's address"),
    (ModelConnectionError, _UNREACHABLE),
    (ModelRequestTimeout, "it did not answer in time. Try again, or check the provider's address"),
    (AnswerBrokeOffError, _BROKE_OFF),
    (ContentFilterError, _FILTERED),
    (
        OutputTokenLimitExceeded,
        "its answer was longer than it may be. Ask for less at once, or raise the model's limit of output tokens",
    ),
    (UnexpectedModelBehavior, "it answered in a way that cannot be used. Try again, or use another model"),
    (ModelAPIError, "it reported an error. Try again later, or use another model"),
)

_E = TypeVar("_E", bound=AgentRunError)


def may_pass(error: AgentRunError) -> bool:
    """Whether the same request may succeed a moment later."""
    if isinstance(error, ModelHTTPError):
        # What a provider says about it itself; both of the large ones send this header.
        said = (error.headers or {}).get("x-should-retry")
        if said in {"true", "false"}:
            return said == "true"
    return isinstance(error, _TRANSIENT)


def recognised(error: AgentRunError) -> AgentRunError:
    """The error, or what it is where the library does not know a server's own name for it.

    Source: llama.cpp's server words a prompt that its context cannot hold in a way of its own.
    """
    if isinstance(error, ModelHTTPError) and error.provider_error_type in _OVERFLOW_TYPES:
        return ModelContextWindowExceededError(error.model_name, "the context is too small")
    return error


def without_words(error: _E) -> _E:
    """The same error without what the provider said and what was sent: they quote keys and prompts.

    It keeps its type, its status and the wait that was asked for. Errors end up in records of a turn.
    """
    error.__cause__ = error.__context__ = None
    if isinstance(error, ModelAPIError):
        error.body = None
        error.message = type(error).__name__
        error.args = (error.message,)
    if isinstance(error, ModelHTTPError):
        error.headers = error.hint = None
    elif isinstance(error, UnexpectedModelBehavior):
        error.body = None
    return error


def explain(error: Exception, model: Model) -> str:
    """One or two sentences about an error of the agent library and what to do about it.

    The provider's own words are left out: they quote keys and prompts.
    """
    status = f" (HTTP {error.status_code})" if isinstance(error, ModelHTTPError) else ""
    asked = error.retry_after if isinstance(error, ModelAPIError) else None
    wait = f" It asks to wait {asked:g} s." if asked is not None else ""
    return f"The model '{model.system}:{model.model_name}' gave no answer{status}: {_cause(error, model)}.{wait}"


def _cause(error: Exception, model: Model) -> str:
    if isinstance(error, ModelAPIError) and error.provider_error_code in _FILTER_CODES:
        return _FILTERED
    if isinstance(error, ModelAuthenticationError):
        variables = key_variables(model.system)
        where = f"{variables[0]} (or {variables[0]}_FILE)" if variables else "the provider's key"
        return f"it refused the key. Check {where} in the server's environment and that it may use this model"
    if isinstance(error, ModelNotFoundError):
        usual = ", which mostly ends with /v1" if model.system == COMPATIBLE else ""
        return f"it does not know this model. Check the model's name and the provider's address{usual}"
    if isinstance(error, ModelConnectionError) and error.phase == "read" and not isinstance(error, ModelTimeoutError):
        return _BROKE_OFF
    known = next((text for kind, text in _CATEGORIES if isinstance(error, kind)), None)
    return known or f"it could not be used ({type(error).__name__})"
