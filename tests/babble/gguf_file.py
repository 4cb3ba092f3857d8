"""Files of the format GGUF, version 3, as programs of the llama.cpp family read them.

Source: the format's specification (`docs/gguf.md` of ggml): little-endian; a head, metadata, descriptions of tensors,
then their data, each aligned to 32 bytes.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["Metadata", "write_gguf"]

Metadata = str | bool | int | float | Sequence[str] | Sequence[int] | Sequence[float]
"""A value beside the tensors; whole numbers are 32 bits wide, as are others."""

_ALIGNMENT = 32
_UINT32, _INT32, _FLOAT32, _BOOL, _STRING, _ARRAY = 4, 5, 6, 7, 8, 9
_F32_TENSOR = 0


def write_gguf(
    path: Path, metadata: Mapping[str, Metadata], tensors: Mapping[str, tuple[Sequence[int], array[float]]]
) -> None:
    """Write a file.

    Args:
        path: Where to.
        metadata: What the file says about its model.
        tensors: Each tensor's dimensions, the fastest first, and its numbers (an array of the type `f`).
    """
    head = bytearray(b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata)))
    for key, value in metadata.items():
        head += _string(key) + _value(value)
    offset = 0
    for name, (dimensions, numbers) in tensors.items():
        head += _string(name) + struct.pack("<I", len(dimensions))
        head += struct.pack(f"<{len(dimensions)}Q", *dimensions) + struct.pack("<IQ", _F32_TENSOR, offset)
        offset += _padded(len(numbers) * numbers.itemsize)
    with path.open("wb") as file:
        file.write(head.ljust(_padded(len(head)), b"\0"))
        for _, numbers in tensors.values():
            data = struct.pack(f"<{len(numbers)}f", *numbers)
            file.write(data.ljust(_padded(len(data)), b"\0"))


def _padded(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _value(value: Metadata) -> bytes:
    kind, data = _item(value) if isinstance(value, str | bool | int | float) else (_ARRAY, _array(value))
    return struct.pack("<I", kind) + data


def _array(values: Sequence[str] | Sequence[int] | Sequence[float]) -> bytes:
    items = [_item(value, in_array=True) for value in values]
    return struct.pack("<IQ", items[0][0], len(items)) + b"".join(data for _, data in items)


def _item(value: str | float, *, in_array: bool = False) -> tuple[int, bytes]:
    if isinstance(value, str):
        return _STRING, _string(value)
    if isinstance(value, bool):
        return _BOOL, struct.pack("<?", value)
    if isinstance(value, int):
        return (_INT32, struct.pack("<i", value)) if in_array else (_UINT32, struct.pack("<I", value))
    return _FLOAT32, struct.pack("<f", value)
