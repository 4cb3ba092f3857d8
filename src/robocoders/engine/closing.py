"""Writing the last event of a turn, whatever it takes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

import msgspec

from robocoders.agents.running import Outcome
from robocoders.engine import endings
from robocoders.engine.hub import Hub
from robocoders.errors import StoreError
from robocoders.store import SessionGoneError, Spending, Store, StoredEvent, TurnEndedError, TurnRow
from robocoders.wire.codec import encode_event, format_timestamp
from robocoders.wire.protocol import Reason

__all__ = ["Closer"]

logger = logging.getLogger("robocoders.engine")


class Closer:
    """Closes turns. Where the store has not even room for that, readers get the closing message without an id.

    Args:
        store: Where the log is.
        hub: Whom to tell.
        now_us: Returns the time, in UTC microseconds.
    """

    def __init__(self, store: Store, hub: Hub, now_us: Callable[[], int]) -> None:
        self._store = store
        self._hub = hub
        self._now_us = now_us
        self._unlogged: dict[str, tuple[TurnRow, Outcome, Spending | None, StoredEvent]] = {}

    async def close(self, turn: TurnRow, outcome: Outcome, spending: Spending | None = None) -> None:
        """Commit the closing message, or in its place one that says that it is lost, and publish it.

        Args:
            turn: The turn.
            outcome: How it ended.
            spending: What it has used up; None where that is on record.
        """
        outcome = _speakable(outcome)
        try:
            try:
                closing = await self._commit(turn, outcome, spending)
            except (SessionGoneError, TurnEndedError):
                raise
            except StoreError as error:
                logger.error("A turn's closing message cannot be committed: %s", error)  # noqa: TRY400 - the message is all
                outcome = endings.unkept(outcome, error)
                closing = await self._commit(turn, outcome, spending)
        except SessionGoneError:
            self._hub.close_session(turn.session_id)
        except TurnEndedError:
            return
        except StoreError:
            last_word = self._last_word(turn, outcome)
            self._unlogged[turn.id] = turn, outcome, spending, last_word
            self._hub.publish_last_word(last_word)
        else:
            self._hub.publish([closing])

    async def settle(self) -> None:
        """Commit closing messages for which there was no room before, as far as there is now."""
        for turn, outcome, spending, _ in tuple(self._unlogged.values()):
            try:
                self._hub.publish([await self._commit(turn, outcome, spending)])
            except (SessionGoneError, TurnEndedError):
                pass
            except StoreError:
                return
            self._unlogged.pop(turn.id, None)

    def last_word(self, turn_id: str) -> StoredEvent | None:
        """Return the turn's closing message where it is not in the log."""
        known = self._unlogged.get(turn_id)
        return None if known is None else known[3]

    async def _commit(self, turn: TurnRow, outcome: Outcome, spending: Spending | None) -> StoredEvent:
        return await self._store.end_turn(
            turn,
            endings.closing_message(outcome),
            reason=outcome.reason,
            spending=spending,
            messages=outcome.messages,
        )

    def _last_word(self, turn: TurnRow, outcome: Outcome) -> StoredEvent:
        now_us = self._now_us()
        message = msgspec.structs.replace(
            endings.closing_message(outcome), timestamp=format_timestamp(now_us), sid=turn.session_id
        )
        return StoredEvent(
            session_id=turn.session_id,
            id=0,
            turn_id=turn.id,
            cause=None,
            body=encode_event(message),
            visibility="action",
            schema_version=0,
            created_at_us=now_us,
            closes_turn=True,
        )


def _speakable(outcome: Outcome) -> Outcome:
    """Return the outcome, or an error in its place where JSON cannot carry it."""
    try:
        encode_event(endings.closing_message(outcome))
    except (TypeError, ValueError) as error:
        return replace(outcome, reason=Reason.ERROR, text=endings.failed(error).text, extras={})
    return outcome
