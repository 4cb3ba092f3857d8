"""What the tools' results look like as text, for language models and for people who follow a turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from robocoders.workspace.files import FileText

__all__ = ["listing_text", "places_text", "text_with_line_numbers"]

MAX_SHOWN = 300
"""Paths in the text of a listing."""

_MARKS = {"directory": "/", "link": "@", "other": "|", "file": ""}


def listing_text(data: Mapping[str, Any]) -> str:
    """The listing of a directory: one name a line, `/` after directories, ` -> target` after symbolic links."""
    if "files" not in data:
        lines = [_entry_line(entry) for entry in data["entries"]]
        return "\n".join(_limited(lines, len(lines))) or "The directory is empty."
    languages = ", ".join(f"{name} {size // 1024 + 1} KiB" for name, size in data["language_bytes"].items())
    summary = f"{data['file_count']} files." + (f" Languages: {languages}." if languages else "")
    return "\n".join([summary, *_limited(data["files"], data["file_count"])])


def text_with_line_numbers(found: FileText) -> str:
    """Lines of a file with their numbers, and what is not shown."""
    lines = found.text.split("\n") if found.last_line >= found.first_line else []
    numbered = [f"{number}\t{line}" for number, line in enumerate(lines, start=found.first_line)]
    if not numbered:
        numbered.append("There are no lines in this range.")
    if found.last_line < found.total_lines:
        numbered.append(f"[lines {found.first_line} to {found.last_line} of {found.total_lines}]")
    return "\n".join(numbered)


def places_text(data: Mapping[str, Any]) -> str:
    """Places, best first, and whether they are a strong match; the calls of a name; what a file defines.

    Args:
        data: The data of the tool `search`.
    """
    if data["about"] == "file":
        return _contents_text(data)
    terms = ", ".join(data["terms"])
    if not data["places"]:
        return f"Nothing found for: {terms}." if terms else "The question holds no word to search for."
    parts = [_places_heading(data, terms)]
    for place in data["places"]:
        kind = f" ({place['kind']})" if place["kind"] else ""
        symbol = f" in {place['symbol']}{kind}" if place["symbol"] else ""
        excerpt = "\n".join(f"    {line}" for line in place["excerpt"].splitlines())
        parts.append(f"{place['path']}:{place['line']}{symbol}\n{excerpt}")
    return "\n\n".join(parts)


def _places_heading(data: Mapping[str, Any], terms: str) -> str:
    if data["about"] == "callers":
        return f"Calls of {data['subject']}{', the first of more' if data['more'] else ''}:"
    verdict = "Best places" if data["strong"] else "No strong match; the nearest places"
    no_calls = f"No call of {data['subject']} is known. " if data["subject"] else ""
    return f"{no_calls}{verdict} for: {terms}."


def _contents_text(data: Mapping[str, Any]) -> str:
    if not data["subject"]:
        return "Name the file."
    if not data["places"]:
        return f"{data['subject']} defines nothing."
    lines = [f"{data['subject']} defines:"]
    for place in data["places"]:
        said = f": {place['excerpt']}" if place["excerpt"] else ""
        lines.append(f"{place['line']}\t{place['kind']} {place['symbol']}{said}")
    return "\n".join([*lines, "[more]"] if data["more"] else lines)


def _entry_line(entry: Mapping[str, Any]) -> str:
    target = f" -> {entry['target']!r}" if entry["target"] is not None else ""
    return f"{entry['path']}{_MARKS[entry['kind']]}{target}"


def _limited(lines: Sequence[str], count: int) -> list[str]:
    shown = list(lines[:MAX_SHOWN])
    if count > len(shown):
        shown.append(f"[{count - len(shown)} more]")
    return shown
