"""Asking through the provider, in few words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from robocoders import RobocodersAPI

HELLO: list[dict[str, Any]] = [{"role": "user", "content": "Hello"}]


def provider_at(url: str, directory: Path) -> type[RobocodersAPI]:
    """A provider class with an address and a cache of its own, as a user's subclass would be."""

    class OwnProvider(RobocodersAPI):
        api_endpoint = f"{url}/chat"
        CACHE_DIR = directory

    return OwnProvider


async def pieces(provider: type[RobocodersAPI], messages: list[dict[str, Any]] = HELLO, **options: Any) -> list[str]:
    """All pieces of an answer."""
    return [piece async for piece in provider.create_async_generator("", messages, **options)]
