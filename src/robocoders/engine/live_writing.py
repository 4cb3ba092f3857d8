"""The text of an event to come: gathered, committed in bundles, then shown."""

from __future__ import annotations

import asyncio

from robocoders.engine.hub import Hub
from robocoders.errors import RobocodersError
from robocoders.store import SessionGoneError, Store, TurnEndedError, TurnRow

__all__ = ["BUNDLE_CHARACTERS", "BUNDLE_SECONDS", "LiveWriter"]

BUNDLE_SECONDS = 0.05
"""The longest that text waits to be committed."""

BUNDLE_CHARACTERS = 4096
"""So much text is committed without waiting longer."""


class LiveWriter:
    """A turn's live text. Text is committed before anybody sees it.

    Args:
        store: Where the text so far is kept.
        hub: Whom to tell.
        turn: The turn.
        resumes: Whether an earlier process may have left text.
    """

    def __init__(self, store: Store, hub: Hub, turn: TurnRow, *, resumes: bool) -> None:
        self._store = store
        self._hub = hub
        self._turn = turn
        self._inherited = resumes
        self._said = False
        self._waiting = ""
        self._bundle: asyncio.Task[None] | None = None
        self._door = asyncio.Lock()
        self._failure: RobocodersError | None = None

    async def write(self, text: str) -> None:
        """Add text. It waits for the disk only where a bundle is full.

        Raises:
            StoreError: What was written earlier could not be committed.
        """
        self._raise_failure()
        self._said = True
        self._waiting += text
        if len(self._waiting) >= BUNDLE_CHARACTERS:
            await self.flush()
        elif self._waiting and self._bundle is None:
            self._bundle = asyncio.create_task(self._flush_later())

    async def flush(self) -> None:
        """Return when all text is committed and told.

        Raises:
            StoreError: It could not be committed.
        """
        self._raise_failure()
        self._drop_bundle()
        await self._commit()

    async def withdraw(self) -> None:
        """Take back what was said of the event to come; readers are told, where they have seen any of it.

        Raises:
            StoreError: That could not be committed.
        """
        self._drop_bundle()
        self._waiting = ""
        async with self._door:
            if self._said or self._inherited:
                self._said = self._inherited = False
                reset = await self._store.withdraw_live_text(self._turn)
                if reset is not None:
                    self._hub.publish_live(reset)

    def event_came(self) -> None:
        """The event to come is in the log: what was said of it is not to be withdrawn."""
        self._said = False

    async def close(self) -> None:
        """Forget what waits; whatever is being committed is told first."""
        self._waiting = ""
        self._drop_bundle()
        async with self._door:
            pass

    async def _flush_later(self) -> None:
        await asyncio.sleep(BUNDLE_SECONDS)
        self._bundle = None
        try:
            await self._commit()
        except (TurnEndedError, SessionGoneError):
            # The turn was stopped meanwhile: whoever writes hears of it with its next event.
            self._waiting = ""
        except RobocodersError as error:
            self._failure = error

    async def _commit(self) -> None:
        async with self._door:
            text, self._waiting = self._waiting, ""
            if text:
                # Once begun it is told to its end: a writer that is cancelled must not keep it from its readers.
                await asyncio.shield(asyncio.ensure_future(self._tell(text)))

    async def _tell(self, text: str) -> None:
        self._hub.publish_live(await self._store.write_live_text(self._turn, text))

    def _drop_bundle(self) -> None:
        if self._bundle is not None:
            self._bundle.cancel()
            self._bundle = None

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
