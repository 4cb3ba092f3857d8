"""What provider classes have in common: three ways to ask, and their models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from robocoders.errors import ConfigurationError
from robocoders.providers.blocking import iterate_blocking
from robocoders.typing import AsyncResult, Messages

__all__ = ["AsyncGeneratorProvider", "ProviderModelMixin"]


class AsyncGeneratorProvider:
    """A provider whose answers come in pieces. Subclasses write `create_async_generator`; the rest follows from it."""

    working: ClassVar[bool] = False
    supports_message_history: ClassVar[bool] = False

    @classmethod
    def create_async_generator(cls, model: str, messages: Messages, **kwargs: Any) -> AsyncResult:
        """Return the pieces of the answer as an asynchronous iterator.

        Args:
            model: The model's name; empty for the default.
            messages: The conversation.
            kwargs: What the provider takes by keyword.
        """
        raise NotImplementedError

    @classmethod
    async def create_async(cls, model: str, messages: Messages, **kwargs: Any) -> str:
        """Return the whole answer: the pieces of `create_async_generator`, joined.

        Raises:
            RobocodersError: As `create_async_generator` does.
        """
        return "".join([piece async for piece in cls.create_async_generator(model, messages, **kwargs)])

    @classmethod
    def create_completion(cls, model: str, messages: Messages, **kwargs: Any) -> Iterator[str]:
        """Return the pieces as a blocking iterator, for code that is not asynchronous.

        It may be used while an event loop runs in the calling thread, which it then blocks. Closing it, or letting it
        go, closes the asynchronous one.

        Raises:
            RobocodersError: As `create_async_generator` does.
        """
        return iterate_blocking(lambda: cls.create_async_generator(model, messages, **kwargs))


class ProviderModelMixin:
    """The models of a provider."""

    default_model: ClassVar[str] = ""
    models: ClassVar[list[str]] = []

    @classmethod
    def get_models(cls) -> list[str]:
        """Return the names of the models; the default alone where a provider lists none."""
        return list(cls.models) if cls.models else [cls.default_model]

    @classmethod
    def get_model(cls, model: str) -> str:
        """Return the name to use: an empty one becomes the default.

        Raises:
            ConfigurationError: There is no such model; the message lists those there are.
        """
        if not model:
            return cls.default_model
        known = cls.get_models()
        if model not in known:
            raise ConfigurationError(f"{model!r} is none of the models of {cls.__name__}: {', '.join(known)}")
        return model
