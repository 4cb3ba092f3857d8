"""How long a model is waited for, how often it is asked again, and how much it may say: for each model of its own."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatchcase

from robocoders.errors import ConfigurationError

__all__ = ["ModelLimits", "limits_for"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLimits:
    """The patience with one model.

    Args:
        connect_seconds: The longest a connection may take to be there.
        idle_seconds: The longest the provider may send nothing, before its answer and within it.
        answer_seconds: The longest one answer may take in all, with everything that is tried again.
        retries: How often a request is sent again that failed for a while only.
        longest_wait_seconds: The longest a provider is waited for that asks to wait (`Retry-After`, RFC 9110); one
            that asks for more has failed.
        first_wait_seconds: The wait before the first time where the provider names none; it doubles each time.
        max_output_tokens: The longest answer; None: the provider's own limit.
    """

    connect_seconds: float = 5.0
    idle_seconds: float = 600.0
    answer_seconds: float = 3600.0
    retries: int = 3
    longest_wait_seconds: float = 60.0
    first_wait_seconds: float = 0.5
    max_output_tokens: int | None = None

    def wait_before(self, attempt: int, asked_for: float | None, chance: float) -> float | None:
        """How long to wait before a request is sent again, in seconds; None: it is not.

        Args:
            attempt: How often it was sent again already.
            asked_for: The wait that the provider asks for, where it does.
            chance: A number from 0 to 1, so that not everybody comes back at the same moment.
        """
        if attempt >= self.retries:
            return None
        if asked_for is not None:
            return asked_for if asked_for <= self.longest_wait_seconds else None
        wait = min(self.first_wait_seconds * 2**attempt, self.longest_wait_seconds)
        return wait * (0.5 + chance / 2)


_WHOLE = frozenset({"retries", "max_output_tokens"})
_NAMES = frozenset(field.name for field in fields(ModelLimits))


def limits_for(name: str, table: Mapping[str, Mapping[str, object]] | None = None) -> ModelLimits:
    """The limits of a model.

    Args:
        name: The model's name, `provider:model`.
        table: From patterns of names (`*`, `ollama:*`, `openai:gpt-x`) to fields of `ModelLimits`. Where several fit,
            the longer pattern wins, field by field.

    Raises:
        ConfigurationError: A field that does not exist, or a value it cannot have.
    """
    limits = ModelLimits()
    given = table or {}
    for pattern in sorted((pattern for pattern in given if fnmatchcase(name, pattern)), key=len):
        limits = replace(limits, **{field: _value(pattern, field, value) for field, value in given[pattern].items()})
    return limits


def _value(pattern: str, field: str, value: object) -> float | int:
    if field not in _NAMES:
        raise ConfigurationError(
            f"A limit of models is called {field!r} for {pattern!r}. There are: {', '.join(sorted(_NAMES))}."
        )
    kind, smallest = (int, 0 if field == "retries" else 1) if field in _WHOLE else ((int, float), 0)
    if isinstance(value, bool) or not isinstance(value, kind) or not smallest <= value or not math.isfinite(value):
        expected = "a whole number" if field in _WHOLE else "a number of seconds"
        raise ConfigurationError(f"The limit {field} for {pattern!r} must be {expected}, from {smallest} up.")
    return value
