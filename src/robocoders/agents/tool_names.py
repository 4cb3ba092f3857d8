"""The names of the agents' own tools. Loads without pydantic-ai, so that a server can refuse a name early."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["RESERVED_NAMES", "reserved_among"]

RESERVED_NAMES = frozenset({"list", "read", "search", "write", "edit", "run", "python", "ask_user", "finish"})
"""What a tool of the client's must not be called."""


def reserved_among(names: Iterable[str]) -> list[str]:
    """Return the names that are reserved, in their order."""
    return [name for name in names if name in RESERVED_NAMES]
