"""A model that is asked again where asking again helps, and waited for as long as its limits say, no longer."""

from __future__ import annotations

import asyncio
import importlib
import itertools
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic_ai.exceptions import AgentRunError, ContentFilterError, ModelAPIError, ModelRequestTimeout
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings, merge_model_settings

from robocoders.agents.model_errors import AnswerBrokeOffError, may_pass, recognised, without_words

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from pydantic_ai.messages import ModelMessage, ModelResponse
    from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
    from pydantic_ai.tools import RunContext

    from robocoders.agents.model_limits import ModelLimits

__all__ = ["PatientModel", "patiently"]

logger = logging.getLogger("robocoders.agents")

_T = TypeVar("_T")


def patiently(model: Model, wrap: Callable[[Model], Model]) -> Model:
    """Wrap a model so that what is tried again goes through the wrapper, too.

    Args:
        model: A model, patient or not.
        wrap: Wraps it. Of a patient one it gets the model inside, and the result is as patient.
    """
    return PatientModel(wrap(model.wrapped), model.limits) if isinstance(model, PatientModel) else wrap(model)


class PatientModel(WrapperModel):
    """Answers as its model does, within limits.

    It alone decides what is tried again: the library of the provider is told not to. Its errors hold neither a
    provider's own words nor what was sent.

    Args:
        wrapped: Gives the answers.
        limits: How long it is waited for, how often it is asked again.
    """

    def __init__(self, wrapped: Model, limits: ModelLimits) -> None:
        super().__init__(wrapped)
        self.limits = limits

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """Answer a request, tried again also where an answer broke off.

        Raises:
            AgentRunError: There is no answer; the provider's content filter counts as none.
        """
        settings = self._within_limits(model_settings)

        async def ask() -> ModelResponse:
            answer = await self.wrapped.request(messages, settings, model_request_parameters)
            # Chat completions end with a reason; a stream that was cut between two events looks whole without it, and
            # the library takes it for whole. A server that never sends a reason tells at least what it counted.
            if "finish_reason" not in (answer.provider_details or {}) and not answer.usage.output_tokens:
                raise AnswerBrokeOffError("the answer broke off")
            return answer

        response = await self._tried_again(ask)
        if response.finish_reason == "content_filter":
            raise ContentFilterError("Content filter triggered.")
        return response

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: RunContext[Any] | None = None,
    ) -> AsyncGenerator[StreamedResponse]:
        """Stream the answer to a request; only its beginning is tried again.

        Raises:
            AgentRunError: There is no answer, or it breaks off.
        """
        settings = self._within_limits(model_settings)
        async with AsyncExitStack() as stack:
            stream = await self._tried_again(
                lambda: stack.enter_async_context(
                    self.wrapped.request_stream(messages, settings, model_request_parameters, run_context)
                )
            )
            try:
                yield stream
            except AgentRunError as error:
                raise without_words(recognised(error))  # noqa: B904 - its cause is what must not be kept

    async def _tried_again(self, ask: Callable[[], Awaitable[_T]]) -> _T:
        deadline = asyncio.timeout(self.limits.answer_seconds)
        try:
            async with deadline:
                for attempt in itertools.count():
                    try:
                        return await ask()
                    except AgentRunError as error:
                        wait = self._wait_after(error, attempt)
                        if wait is None:
                            raise without_words(recognised(error))  # noqa: B904 - its cause is what must not be kept
                    await asyncio.sleep(wait)
        except TimeoutError:
            if not deadline.expired():
                raise
        raise ModelRequestTimeout(self.model_name, self.limits.answer_seconds)

    def _wait_after(self, error: AgentRunError, attempt: int) -> float | None:
        asked_for = error.retry_after if isinstance(error, ModelAPIError) else None
        chance = random.random()  # noqa: S311 - it spreads load, it hides nothing
        wait = self.limits.wait_before(attempt, asked_for, chance) if may_pass(error) else None
        if wait is not None:
            logger.info("Model %s: %s; asking again in %.1f s", self.model_name, type(error).__name__, wait)
        return wait

    def _within_limits(self, given: ModelSettings | None) -> ModelSettings:
        ours = ModelSettings(timeout=self._timeout(), max_retries=0)
        if self.limits.max_output_tokens is not None:
            ours["max_tokens"] = self.limits.max_output_tokens
        return merge_model_settings(ours, given) or ours

    def _timeout(self) -> Any:
        """What the library of the provider is told: seconds; where it can, those of connecting apart."""
        library = type(getattr(self.wrapped, "client", None)).__module__.partition(".")[0]
        if library in {"openai", "anthropic"}:
            # Loaded already. Both name the type that their clients take.
            kind: Any = importlib.import_module(library).Timeout
            return kind(self.limits.idle_seconds, connect=self.limits.connect_seconds)
        return self.limits.idle_seconds
