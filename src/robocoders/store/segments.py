"""What the store knows for those who cut a turn into segments: their names, and the text that was shown in vain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robocoders.store import responses, withdrawing

if TYPE_CHECKING:
    from robocoders.store.readers import Readers
    from robocoders.store.rows import ResponseRow, Withdrawn
    from robocoders.store.writer import Writer

__all__ = ["Segments"]


class Segments:
    """The part of a `Store` that is about segments of turns."""

    _writer: Writer
    _readers: Readers

    async def withdrawn(self, session_id: str, after: int = 0, up_to: int | None = None) -> list[Withdrawn]:
        """Return the live text that was withdrawn of events with ids after one and up to one, in the order of showing.

        Text also counts as withdrawn where its turn was ended with other words.
        """
        return await self._readers.run(
            lambda connection: withdrawing.list_withdrawn(connection, session_id, after=after, up_to=up_to)
        )

    async def add_response(self, new: ResponseRow) -> ResponseRow:
        """Give a segment of a turn a name of its own; one that has a name already keeps it, and that row is returned.

        Raises:
            SessionGoneError: The session was deleted.
        """
        return await self._writer.run(lambda transaction: responses.add_response(transaction, new))

    async def response(self, owner: str, response_id: str) -> ResponseRow | None:
        """Return an owner's response; None where there is none, or it was deleted, or its session was."""
        return await self._readers.run(lambda connection: responses.find_response(connection, owner, response_id))

    async def delete_response(self, owner: str, response_id: str) -> bool:
        """Delete an owner's response, not what was said in it; return whether there was one."""
        return await self._writer.run(
            lambda transaction: responses.delete_response(transaction, owner, response_id), uses_reserve=True
        )

    async def last_response(self, session_id: str) -> ResponseRow | None:
        """Return a session's newest response that was not deleted."""
        return await self._readers.run(lambda connection: responses.find_last_response(connection, session_id))
