"""From an agent's step to the log, then to the readers."""

from __future__ import annotations

import asyncio

from robocoders.engine.hub import Hub
from robocoders.engine.live_writing import LiveWriter
from robocoders.events import Event
from robocoders.store import Place, Store, TurnEndedError, TurnRow

__all__ = ["Emitter"]

_TURN_ITSELF = 0
"""The step that an event belongs to which belongs to no step."""


class Emitter:
    """Commits the events of one turn that belong to none of its steps, and publishes what is committed.

    They are counted: a turn that is run again says the same in the same order, and what is in the log already is not
    added again.

    Args:
        store: Where the log is.
        hub: Whom to tell.
        turn: The turn.
        live: The text of the event to come.
    """

    def __init__(self, store: Store, hub: Hub, turn: TurnRow, live: LiveWriter) -> None:
        self._store = store
        self._hub = hub
        self._turn = turn
        self._live = live
        self._count = 0
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
        place = Place(_TURN_ITSELF, self._count)
        self._count += 1
        # An agent that is cancelled while it waits must not keep a committed event from its readers.
        commit = asyncio.create_task(self._commit(event, place))
        self._under_way.add(commit)
        commit.add_done_callback(self._landed)
        return await asyncio.shield(commit)

    async def close(self) -> None:
        """Let nothing more in, and wait for what is under way."""
        self._closed = True
        await self._live.close()
        if self._under_way:
            await asyncio.wait(self._under_way)

    async def _commit(self, event: Event, place: Place) -> int:
        await self._live.flush()
        stored = await self._store.append(self._turn, [event], place=place)
        self._live.event_came()
        self._hub.publish(stored)
        return stored[0].id

    def _landed(self, commit: asyncio.Task[int]) -> None:
        self._under_way.discard(commit)
        if not commit.cancelled():
            # Looked at, so that asyncio does not complain where the agent was cancelled and nobody waits.
            commit.exception()
