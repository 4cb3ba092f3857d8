"""A turn's answer as a chat completion: in chunks while it comes, or whole."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from robocoders.engine.runner import TurnHandle
from robocoders.errors import StoreError
from robocoders.server.failures import storage_failure
from robocoders.server.openai.items import stream_item
from robocoders.wire.openai.chat import BROKEN_OFF, ChatAnswer, ChunkWriter, completion
from robocoders.wire.openai.endings import Failure
from robocoders.wire.openai.errors import error_object
from robocoders.wire.openai.frames import DONE_FRAME, data_frame
from robocoders.wire.openai.telling import Part, Teller

__all__ = ["chunk_frames", "whole_answer"]

_log = logging.getLogger("robocoders.server")


async def chunk_frames(handle: TurnHandle, teller: Teller, writer: ChunkWriter) -> AsyncGenerator[bytes, None]:
    """The frames of a stream. It ends with `[DONE]`, or with an error's frame and nothing after it."""
    yield data_frame(writer.begin())
    try:
        async with aclosing(handle.events(after=handle.begins_after, deltas=True)) as items:
            async for item in items:
                for part in teller.feed(stream_item(item)):
                    for chunk in writer.write(part):
                        yield data_frame(chunk)
                if teller.ended:
                    break
    except StoreError as error:
        # The answer has begun: its status cannot say it any more.
        _log.error("A stream was broken off: %s", error)
        failure = storage_failure(error)
        yield data_frame(error_object(failure.status, failure.code, str(failure.detail)))
        return
    if not teller.ended:
        yield data_frame(error_object(BROKEN_OFF.status, BROKEN_OFF.code, BROKEN_OFF.message))
    elif writer.succeeded:
        yield DONE_FRAME


async def whole_answer(handle: TurnHandle, teller: Teller, answer: ChatAnswer) -> dict[str, Any] | Failure:
    """Wait for the end; return the answer as one object, or why there is none."""
    parts: list[Part] = []
    async with aclosing(handle.events(after=handle.begins_after)) as items:
        async for item in items:
            parts.extend(teller.feed(stream_item(item)))
            if teller.ended:
                break
    return completion(answer, parts)
