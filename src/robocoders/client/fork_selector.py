"""A selector that a forked process can let go of."""

from __future__ import annotations

import selectors
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

__all__ = ["ForkSelector"]


class ForkSelector(selectors.BaseSelector):
    """The platform's selector, which can be exchanged for an empty one.

    After a fork both processes share one set of watched sockets in the kernel. Whatever the child closed would be
    watched no longer in the parent either, unless the child first turns to a set of its own.
    """

    def __init__(self) -> None:
        self._inner = selectors.DefaultSelector()

    def leave_to_parent(self) -> None:
        """Watch nothing any more, without a word to the kernel about what was watched."""
        self._inner.close()
        self._inner = selectors.DefaultSelector()

    def register(self, fileobj: FileDescriptorLike, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._inner.register(fileobj, events, data)

    def unregister(self, fileobj: FileDescriptorLike) -> selectors.SelectorKey:
        return self._inner.unregister(fileobj)

    def modify(self, fileobj: FileDescriptorLike, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._inner.modify(fileobj, events, data)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return self._inner.select(timeout)

    def close(self) -> None:
        self._inner.close()

    def get_map(self) -> Mapping[FileDescriptorLike, selectors.SelectorKey]:
        return self._inner.get_map()
