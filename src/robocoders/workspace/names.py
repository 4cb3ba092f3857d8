r"""File names as text that fits on one line and can be turned back.

A name on Linux is bytes: it may hold newlines, quotes, control characters and bytes that are no UTF-8. Python gives the
latter as lone surrogates (PEP 383), which no UTF-8 encoder accepts. `quote_path` writes such names the way git writes
them (`"a\nb"`, `"\377"`), with the difference that well-formed text other than ASCII stays readable.
"""

from __future__ import annotations

import re

__all__ = ["quote_path", "unquote_path"]

_NAMED = {character: f"\\{letter}" for character, letter in zip('\a\b\t\n\v\f\r"\\', 'abtnvfr"\\', strict=True)}
_CHARACTERS = {escape: character for character, escape in _NAMED.items()}
_ESCAPE = re.compile(r"\\([0-7]{3})|(\\[abtnvfr\"\\])")


def quote_path(path: str) -> str:
    """A path as shown to people and models: as it is where that is harmless, else quoted and escaped.

    Args:
        path: As the operating system's functions give it (undecodable bytes as lone surrogates).
    """
    harmless = path.isprintable() and '"' not in path and "\\" not in path and path == path.strip(" ")
    if harmless and path:
        return path
    return '"' + "".join(_escaped(character) for character in path) + '"'


def unquote_path(text: str) -> str:
    """The path that `quote_path` wrote. Text that is not quoted is returned unchanged."""
    if len(text) < 2 or not (text.startswith('"') and text.endswith('"')):
        return text
    inner = text[1:-1]
    encoded = bytearray()
    end = 0
    for escape in _ESCAPE.finditer(inner):
        encoded += inner[end : escape.start()].encode("utf-8", "surrogateescape")
        octal, named = escape.groups()
        encoded += bytes([int(octal, 8) & 0xFF]) if octal else _CHARACTERS[named].encode()
        end = escape.end()
    encoded += inner[end:].encode("utf-8", "surrogateescape")
    return encoded.decode("utf-8", "surrogateescape")


def _escaped(character: str) -> str:
    if character in _NAMED:
        return _NAMED[character]
    if character.isprintable():
        return character
    return "".join(f"\\{byte:03o}" for byte in character.encode("utf-8", "surrogateescape"))
