"""Images of a prompt: shown to models that see; for the others a text stands in their place.

An image with an address is handed on as that address. Whatever would make this server fetch it is not asked to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic_ai.messages import (
    BinaryContent,
    ImageUrl,
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    UserContent,
    UserPromptPart,
)
from pydantic_ai.models.wrapper import WrapperModel

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelResponse
    from pydantic_ai.models import Model, ModelRequestParameters
    from pydantic_ai.settings import ModelSettings

    from robocoders.wire.wishes import Image

__all__ = ["ImageModel", "prompt_with", "sees", "takes_addresses", "text_of"]

_BLIND = "[An image belongs here. You cannot see images: say so where it matters, and ask for its content in words.]"
_UNFETCHED = "[An image belongs here, at an address that cannot be shown to you. Ask for the image itself.]"

_BY_ADDRESS = (
    "pydantic_ai.models.openai",
    "pydantic_ai.models.anthropic",
    "pydantic_ai.models.groq",
    "pydantic_ai.models.mistral",
    "pydantic_ai.models.xai",
)
"""Where the library hands an address to the provider; elsewhere it would fetch what lies there."""


def prompt_with(prompt: str, images: Sequence[Image]) -> str | list[UserContent]:
    """A prompt as the library takes it: the text, then the images."""
    if not images:
        return prompt
    return [prompt, *(_content(image) for image in images)]


def text_of(content: str | Sequence[UserContent]) -> str:
    """The text of a prompt, without what is not text."""
    return content if isinstance(content, str) else "\n\n".join(item for item in content if isinstance(item, str))


def sees(model: Model) -> bool:
    """Whether a model takes images, by what the library knows of it."""
    return model.profile.get("supports_image_input", True)


def takes_addresses(model: Model) -> bool:
    """Whether the library hands the address of an image to the model's provider instead of fetching the image."""
    while isinstance(model, WrapperModel):
        model = model.wrapped
    modules = {kind.__module__ for kind in type(model).__mro__}
    return any(module == known or module.startswith(f"{known}.") for module in modules for known in _BY_ADDRESS)


class ImageModel(WrapperModel):
    """Answers as its model does, which gets a text in the place of images that it cannot see.

    Args:
        wrapped: Gives the answers.
    """

    def __init__(self, wrapped: Model) -> None:
        super().__init__(wrapped)
        self._sees = sees(wrapped)
        self._takes_addresses = takes_addresses(wrapped)

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """Answer a request."""
        shown = [self._shown(message) for message in messages]
        return await self.wrapped.request(shown, model_settings, model_request_parameters)

    def _shown(self, message: ModelMessage) -> ModelMessage:
        if not isinstance(message, ModelRequest) or not any(map(_has_images, message.parts)):
            return message
        return replace(message, parts=[self._part(part) for part in message.parts])

    def _part(self, part: ModelRequestPart) -> ModelRequestPart:
        if not isinstance(part, UserPromptPart) or isinstance(part.content, str):
            return part
        content = [self._item(item) for item in part.content]
        return replace(part, content=content if self._sees else text_of(content))

    def _item(self, item: UserContent) -> UserContent:
        if not _is_image(item):
            return item
        if not self._sees:
            return _BLIND
        return _UNFETCHED if isinstance(item, ImageUrl) and not self._takes_addresses else item


def _content(image: Image) -> UserContent:
    if image.data is not None:
        return BinaryContent(image.data, media_type=image.media_type or "image/png")
    return ImageUrl(image.url or "", media_type=image.media_type)


def _is_image(item: UserContent) -> bool:
    return isinstance(item, ImageUrl) or (isinstance(item, BinaryContent) and item.is_image)


def _has_images(part: ModelRequestPart) -> bool:
    return isinstance(part, UserPromptPart) and not isinstance(part.content, str) and any(map(_is_image, part.content))
