"""What a turn, or one part of it, has used up, in the words of both dialects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Usage"]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that language models read and wrote."""

    input_tokens: int = 0
    output_tokens: int = 0

    @classmethod
    def of(cls, counts: object) -> Usage:
        """The tokens of a turn's counts, as its events carry them by name; what is missing or odd counts nothing."""
        if not isinstance(counts, Mapping):
            return cls()
        return cls(_count(counts, "input_tokens"), _count(counts, "output_tokens"))  # pyright: ignore[reportUnknownArgumentType]

    def since(self, earlier: Usage) -> Usage:
        """What was used up after an earlier reading of the same counts."""
        return Usage(
            max(self.input_tokens - earlier.input_tokens, 0), max(self.output_tokens - earlier.output_tokens, 0)
        )

    @property
    def in_chat(self) -> dict[str, Any]:
        """The `usage` of a chat completion. Details are not counted apart, so they are zero."""
        return {
            "prompt_tokens": self.input_tokens,
            "completion_tokens": self.output_tokens,
            "total_tokens": self.input_tokens + self.output_tokens,
            "prompt_tokens_details": {"audio_tokens": 0, "cached_tokens": 0},
            "completion_tokens_details": {
                "accepted_prediction_tokens": 0,
                "audio_tokens": 0,
                "reasoning_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        }

    @property
    def in_response(self) -> dict[str, Any]:
        """The `usage` of a response. Details are not counted apart, so they are zero."""
        return {
            "input_tokens": self.input_tokens,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": self.output_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": self.input_tokens + self.output_tokens,
        }


def _count(counts: Mapping[Any, Any], name: str) -> int:
    value = counts.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
