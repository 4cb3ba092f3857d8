"""A model whose window proves smaller than was thought: it is told less, and asked again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic_ai.exceptions import ModelContextWindowExceededError
from pydantic_ai.models.wrapper import WrapperModel

from robocoders.agents.compaction import compacted, size_of

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage, ModelResponse
    from pydantic_ai.models import Model, ModelRequestParameters
    from pydantic_ai.settings import ModelSettings

__all__ = ["FittingModel"]

_MOST_HALVINGS = 4
_NEWEST = 2


class FittingModel(WrapperModel):
    """Answers as its model does; of a conversation that does not fit, the model gets half as much, and so on.

    What fitted once bounds the further requests. The conversation itself stays as it is. Nothing here knows a name or
    a price, so this helps where a server has a smaller window than its model's name suggests, as local ones do.

    Args:
        wrapped: Gives the answers.
    """

    def __init__(self, wrapped: Model) -> None:
        super().__init__(wrapped)
        self._limit: int | None = None

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """Answer a request.

        Raises:
            ModelContextWindowExceededError: Not even the newest part of the conversation fits.
        """
        told = messages if self._limit is None else compacted(messages, self._limit, _NEWEST)
        for _ in range(_MOST_HALVINGS):
            try:
                return await self.wrapped.request(told, model_settings, model_request_parameters)
            except ModelContextWindowExceededError:
                size = size_of(told)
                shorter = compacted(told, size // 2, _NEWEST)
                if size_of(shorter) >= size:
                    raise
                told, self._limit = shorter, size // 2
        return await self.wrapped.request(told, model_settings, model_request_parameters)
