"""Ask an agent through the provider class and print its answer piece by piece as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from robocoders.models import GENERAL, Model
from robocoders.providers.RobocodersAPI import RobocodersAPI


async def pieces_of_answer(model: Model, question: str) -> AsyncGenerator[str, None]:
    """Yield what the agent says, in the order it says it."""
    messages = [{"role": "user", "content": question}]
    async for piece in RobocodersAPI.create_async_generator(model=model.name, messages=messages):
        yield piece


async def main() -> None:
    """Greet the general agent."""
    async for piece in pieces_of_answer(GENERAL, "Hello, how are you?"):
        print(piece, end="", flush=True)
    print()


if __name__ == "__main__":
    asyncio.run(main())
