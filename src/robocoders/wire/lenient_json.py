"""JSON of other people's making, read as far as it can be read.

Some servers write what strict readers refuse: lone surrogates, NaN, a byte that is no UTF-8. An event is not thrown
away for that: what has no meaning becomes U+FFFD or null.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

__all__ = ["read_json", "without_lone_surrogates"]

_strict = msgspec.json.Decoder()


def read_json(line: bytes) -> Any:
    """Return the value of one JSON text in UTF-8.

    Raises:
        ValueError: It is no JSON, or nested beyond measure.
    """
    try:
        return _strict.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        value = json.loads(line.decode("utf-8", "replace"), parse_constant=_null)
        return json.loads(without_lone_surrogates(json.dumps(value, ensure_ascii=False)), parse_constant=_null)
    except RecursionError as error:
        raise ValueError("JSON nested too deep") from error


def without_lone_surrogates(text: str) -> str:
    """Return a text that can be written as UTF-8: halves of a pair are joined, a lone one becomes U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _null(_constant: str) -> None:
    """Stand for NaN and the infinities, which JSON does not have."""
