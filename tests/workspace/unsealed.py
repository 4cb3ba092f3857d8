"""What there would be without a seal: file tools that believe paths, and limits that hardly limit."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from robocoders.workspace.seal import Limits

__all__ = ["LOOSE", "UnsealedFiles"]

LOOSE = Limits(
    wall_seconds=10,
    cpu_seconds=200,
    memory_bytes=8 << 30,
    processes=4000,
    file_bytes=1 << 40,
    output_bytes=64 << 20,
    workspace_bytes=64 << 30,
)


class UnsealedFiles:
    """File tools as one writes them without a second thought.

    Args:
        root: The workspace, which paths may be relative to.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    async def read_bytes(self, path: str) -> bytes:
        return self._at(path).read_bytes()

    async def write_bytes(self, path: str, data: bytes) -> None:
        place = self._at(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)

    async def stat(self, path: str) -> object:
        return self._at(path).stat()

    async def list_dir(self, path: str = ".") -> Sequence[object]:
        return [entry.name for entry in self._at(path).iterdir()]

    async def make_dir(self, path: str) -> None:
        self._at(path).mkdir(parents=True, exist_ok=True)

    async def remove(self, path: str) -> None:
        place = self._at(path)
        if self._root.parent.parent.parent not in (place, *place.resolve().parents):
            raise PermissionError(path)  # What is not of the scene stays, even here.
        if place.is_dir():
            shutil.rmtree(place.resolve())
        else:
            place.unlink()

    async def exists(self, path: str) -> bool:
        return self._at(path).exists()

    async def realpath(self, path: str) -> str:
        return str(self._at(path).resolve())

    def _at(self, path: str) -> Path:
        return self._root / path
