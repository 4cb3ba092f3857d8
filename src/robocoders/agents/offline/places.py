"""The answer of the model `offline` to a question about places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from robocoders.search.languages import fence_name

__all__ = ["MAX_PLACES", "answer", "place_lines"]

MAX_PLACES = 5


def answer(found: Mapping[str, Any]) -> str:
    """Places and the terms searched, in Markdown; or that there is no strong match.

    Args:
        found: The data of the tool `search`: `places` (objects with `path`, `line`, `symbol`, `excerpt`), `terms`
            (strings) and `strong` (whether the places deserve to be shown).
    """
    terms = ", ".join(found["terms"])
    shown: Sequence[Mapping[str, Any]] = found["places"][:MAX_PLACES]
    if not found["strong"] or not shown:
        return (
            f"No strong match for: {terms}.\n\nThese words do not come together anywhere in the workspace. "
            "Try the words that the code itself would use, or a name from it."
        )
    heading = "The best place" if len(shown) == 1 else f"The {len(shown)} best places, best first"
    listing = "\n\n".join("\n".join(place_lines(number, place)) for number, place in enumerate(shown, start=1))
    return f"{heading}, for: {terms}.\n\n{listing}\n\nThis is search without a language model: places, no explanation."


def place_lines(number: int, place: Mapping[str, Any]) -> list[str]:
    """One place as the lines of a numbered Markdown item."""
    symbol = f", in `{place['symbol']}`" if place["symbol"] else ""
    fence = "```"
    while fence in place["excerpt"]:
        fence += "`"
    indent = "   "
    body = [f"{indent}{line}".rstrip() for line in place["excerpt"].splitlines()]
    return [
        f"{number}. `{place['path']}:{place['line']}`{symbol}",
        "",
        f"{indent}{fence}{fence_name(place['path'])}",
        *body,
        f"{indent}{fence}",
    ]
