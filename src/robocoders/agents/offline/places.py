"""The answer of the model `offline` to a question about places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from robocoders.agents.offline import texts
from robocoders.search.languages import fence_name

__all__ = ["MAX_PLACES", "answer", "place_lines"]

MAX_PLACES = 5
MAX_DEFINITIONS = 80


def answer(found: Mapping[str, Any]) -> str:
    """Places and the terms searched, in Markdown; or that there is no strong match.

    Args:
        found: The data of the tool `search`: `places` (objects with `path`, `line`, `symbol`, `kind`, `excerpt`),
            `terms` (strings), `strong` (whether the places deserve to be shown), `about` (`places`, `callers` or
            `file`), `subject` (the called name, the file's path) and `more` (whether there are more than these). What
            was found before an upgrade may lack the last three: then it is about places.
    """
    about, subject = found.get("about", "places"), found.get("subject", "")
    if about == "file":
        return _contents(found)
    terms = ", ".join(found["terms"])
    shown: Sequence[Mapping[str, Any]] = found["places"][:MAX_PLACES]
    no_calls = f"I know of no call of `{subject}`. " if about == "places" and subject else ""
    if not found["strong"] or not shown:
        return (
            f"No strong match for: {terms}.\n\n{no_calls}These words do not come together anywhere in the workspace. "
            "Try the words that the code itself would use, or a name from it."
        )
    if about == "callers":
        heading = f"{_called(subject, len(shown), more=found['more'])}."
        closing = "These are calls by name, found without a language model: another definition may have the same name."
    else:
        heading = f"{no_calls}{_best(len(shown))}, for: {terms}."
        closing = "This is search without a language model: places, no explanation."
    listing = "\n\n".join("\n".join(place_lines(number, place)) for number, place in enumerate(shown, start=1))
    return f"{heading}\n\n{listing}\n\n{closing}"


def _best(number: int) -> str:
    return "The best place" if number == 1 else f"The {number} best places, best first"


def _called(name: str, number: int, *, more: bool) -> str:
    if more:
        return f"`{name}` is called in more places than these {number}; sources come first"
    return f"`{name}` is called in {texts.count(number, 'place')}"


def _contents(found: Mapping[str, Any]) -> str:
    """What a file defines, one definition a line."""
    if not found["subject"]:
        return "Which file? Name it, for instance: what is in `src/app.py`?"
    places: Sequence[Mapping[str, Any]] = found["places"]
    if not places:
        return f"`{found['subject']}` is there, and defines nothing that I could name."
    lines = [
        f"- `{found['subject']}:{place['line']}`: {place['kind']} `{place['symbol']}`".replace(":  `", ": `")
        + (f": {place['excerpt']}" if place["excerpt"] else "")
        for place in places[:MAX_DEFINITIONS]
    ]
    if found["more"] or len(places) > MAX_DEFINITIONS:
        lines.append("- and more")
    return (
        f"`{found['subject']}` defines, in this order:\n\n"
        + "\n".join(lines)
        + "\n\nWhat is said about each is its own documentation; this was read without a language model."
    )


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
