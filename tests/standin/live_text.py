"""What a reader gets of a scripted answer when it comes back: the service's rule, told once more."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, cast

from tests.standin import events

__all__ = ["lines_again", "newest_id"]


def newest_id(lines: Iterable[bytes]) -> int:
    """The greatest id of an event among these lines; 0: there is none."""
    return max((_read(line).get("id", 0) for line in lines), default=0)


def lines_again(
    lines: tuple[bytes, ...],
    said: int,
    after: int,
    offset: int,
    wants_text: bool,  # noqa: FBT001 - the caller's place comes as one tuple
) -> list[tuple[int, bytes]]:
    """The lines for a reader at this place, each with how much of the script has been said when it is written.

    Args:
        lines: The script, live text and its withdrawals included.
        said: How many lines of it were said already; of their live text only the state is left.
        after: The last id the reader has.
        offset: How many characters it has of the live text that follows it.
        wants_text: Whether it asked for live text.
    """
    found: list[tuple[int, bytes]] = []
    of, text, is_withdrawn, last = 0, "", False, 0
    for line in lines[:said]:
        fields = _read(line)
        if "id" in fields:
            last, text, is_withdrawn = fields["id"], "", False
            found += [(said, line)] if last > after else []
        elif "reset" in fields:
            of, text, is_withdrawn = fields["delta_of"], "", True
        else:
            of, text = fields["delta_of"], text + fields["text"]
    if wants_text and of > last:
        begin = offset if last <= after else 0
        if begin > len(text) or (begin and is_withdrawn):
            found.append((said, events.reset(of)))
            begin = 0
        found.append((said, events.delta(of, begin, text[begin:])))
    for number, line in enumerate(lines[said:], said + 1):
        fields = _read(line)
        if fields.get("id", after + 1) > after and (wants_text or "delta_of" not in fields):
            found.append((number, line))
    return found


def _read(line: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(line)
    except ValueError:
        # Scripts hold what is no event, too.
        return {}
    return cast("dict[str, Any]", fields) if isinstance(fields, dict) else {}
