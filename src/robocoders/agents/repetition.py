"""Seeing that a model makes the same failing call again and again. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

__all__ = ["MOST_FAILURES", "Repetition"]

MOST_FAILURES = 5
"""So often the same call may fail in the same way, with no call in between that succeeds."""


class Repetition:
    """Counts calls that fail, each with what it was called with and what came of it."""

    def __init__(self) -> None:
        self._failures: Counter[str] = Counter()

    def succeeded(self) -> None:
        """A call succeeded: something has changed."""
        self._failures.clear()

    def failed(self, tool: str, arguments: Mapping[str, Any], result: str) -> bool:
        """A call failed; return whether that is enough."""
        call = json.dumps([tool, {**arguments, "thought": ""}, result], sort_keys=True, default=str)
        self._failures[call] += 1
        return self._failures[call] >= MOST_FAILURES
