"""Space kept back for the last words of a turn.

When the disk is full, what is being written is refused, yet the turn's closing message must still reach the log. So a
file of one mebibyte stands beside the database; it is given up for a closing message, and until it stands again
nothing else may be written. A database with a size limit keeps the same number of bytes below its limit.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from robocoders.store.errors import full

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["RESERVE_BYTES", "Reserve", "require_room"]

RESERVE_BYTES = 1024 * 1024

_CHECKPOINT_PAGES = 1000
"""SQLite's own default: after so many pages of WAL they are copied into the database."""


class Reserve:
    """The reserve of one database.

    Args:
        path: The database file.
        limit_bytes: The size that the database must not exceed; None for no limit.

    Attributes:
        stands: Whether the reserve is there. Only the writer's thread looks at it.
    """

    def __init__(self, path: Path, limit_bytes: int | None = None) -> None:
        self._path = path.with_name(path.name + "-reserve")
        self._limit_bytes = limit_bytes
        self.stands = False

    def restore(self) -> bool:
        """Make the reserve where it is missing; return whether it stands."""
        if not self.stands:
            self.stands = _is_whole(self._path) or self._write()
        return self.stands

    def release(self) -> None:
        """Give the space back to the disk. Where that is refused, the next write tells what is wrong with the disk."""
        self.stands = False
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def apply(self, connection: Connection) -> None:
        """Tell SQLite how far it may go now, where that is not what it was told last.

        While the reserve is given up there are no checkpoints: copying the WAL into the database would make the
        database larger, and so take the very space that was given up for closing messages.
        """
        if connection.info.get("reserve_stands") is self.stands:
            return
        checkpoint_pages = _CHECKPOINT_PAGES if self.stands else 0
        connection.exec_driver_sql(f"PRAGMA wal_autocheckpoint = {checkpoint_pages}")
        if self._limit_bytes is not None:
            page_bytes = connection.exec_driver_sql("PRAGMA page_size").scalar_one()
            room_bytes = self._limit_bytes - (RESERVE_BYTES if self.stands else 0)
            # SQLite never goes below what the database has already.
            connection.exec_driver_sql(f"PRAGMA max_page_count = {max(room_bytes // page_bytes, 1)}")
        connection.info["reserve_stands"] = self.stands

    def _write(self) -> bool:
        # Under another name first: a reserve that was cut short by a full disk must not count as one.
        draft = self._path.with_name(self._path.name + "-new")
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                # Real blocks, not a hole: reserving is the point.
                os.posix_fallocate(descriptor, 0, RESERVE_BYTES)
            finally:
                os.close(descriptor)
            draft.replace(self._path)
        except OSError:
            # A disk that refuses to write may refuse to remove, too.
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
            return False
        return True


def require_room(connection: Connection, path: Path) -> None:
    """Make sure that the database may still grow.

    Raises:
        StoreFullError: It has reached its limit, and nothing in it is free.
    """
    pages, most, free = (
        connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
        for name in ("page_count", "max_page_count", "freelist_count")
    )
    if pages >= most and not free:
        raise full(path)


def _is_whole(path: Path) -> bool:
    try:
        return path.stat().st_size >= RESERVE_BYTES
    except OSError:
        return False
