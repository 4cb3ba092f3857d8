"""Reading without waiting for the writer: a few threads with connections of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from robocoders.errors import StoreError
from robocoders.store.connections import make_engine
from robocoders.store.errors import told

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Readers"]

T = TypeVar("T")

_THREADS = 4


class Readers:
    """Runs queries over one database.

    Args:
        path: The database file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._engine = make_engine(path, "reader", connections=_THREADS)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="robocoders-reader")
        self._closed = False

    async def run(self, query: Callable[[Connection], T]) -> T:
        """Run a query and return its result; all that it reads belongs to one moment.

        Raises:
            StoreError: The database failed, or the store was closed.
        """
        if self._closed:
            raise StoreError(f"the store at {self._path} is closed")
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, query)

    def close(self) -> None:
        """Finish what runs, then let go of the database. Blocks; calling it again does nothing."""
        self._closed = True
        self._threads.shutdown(wait=True)
        self._engine.dispose()

    def _read(self, query: Callable[[Connection], T]) -> T:
        try:
            with self._engine.connect() as connection:
                return query(connection)
        except SQLAlchemyError as error:
            raise told(error, self._path) from error
