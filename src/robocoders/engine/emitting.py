"""From an agent's step to the log, then to the readers."""

from __future__ import annotations

import asyncio

from robocoders.engine.hub import Hub
from robocoders.events import Event
from robocoders.store import Store, TurnEndedError, TurnRow

__all__ = ["Emitter"]


class Emitter:
    """Commits the events of one turn and publishes what is committed.

    Args:
        store: Where the log is.
        hub: Whom to tell.
        turn: The turn.
    """

    def __init__(self, store: Store, hub: Hub, turn: TurnRow) -> None:
        self._store = store
        self._hub = hub
        self._turn = turn
        self._under_way: set[asyncio.Task[int]] = set()
        self._closed = False

    async def emit(self, event: Event) -> int:
        """Commit an event, publish it, and return its id.

        Raises:
            TurnEndedError: The turn has been stopped meanwhile.
            StoreError: It cannot be committed; nobody has seen it.
        """
        if self._closed:
            raise TurnEndedError("the turn was stopped", session_id=self._turn.session_id)
        # An agent that is cancelled while it waits must not keep a committed event from its readers.
        commit = asyncio.create_task(self._commit(event))
        self._under_way.add(commit)
        commit.add_done_callback(self._landed)
        return await asyncio.shield(commit)

    async def close(self) -> None:
        """Let nothing more in, and wait for what is under way."""
        self._closed = True
        if self._under_way:
            await asyncio.wait(self._under_way)

    async def _commit(self, event: Event) -> int:
        stored = await self._store.append(self._turn, [event])
        self._hub.publish(stored)
        return stored[0].id

    def _landed(self, commit: asyncio.Task[int]) -> None:
        self._under_way.discard(commit)
        if not commit.cancelled():
            # Looked at, so that asyncio does not complain where the agent was cancelled and nobody waits.
            commit.exception()
