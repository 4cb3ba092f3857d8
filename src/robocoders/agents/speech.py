"""Which part of a model's text may be shown while it comes, so that all pieces together are the text of its event.

Pure: no I/O, no model library.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["Speech", "encodable", "spoken_text"]

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def encodable(text: str) -> str:
    """The text with U+FFFD in the place of each half of a surrogate pair, which no encoding has."""
    return _LONE_SURROGATE.sub("\ufffd", text)


def spoken_text(parts: Iterable[str]) -> str:
    """The text of an event, from the parts of what a model said: joined, without white space around it.

    Half a surrogate pair, which no encoding has, becomes U+FFFD.
    """
    return encodable("".join(parts)).strip()


class Speech:
    """Hears a model's text in pieces and says what of it can be shown already.

    However the text is cut, what is shown is in the end `spoken_text` of it: white space at the beginning is dropped,
    and white space is held back until something follows it.
    """

    def __init__(self) -> None:
        self._shown: list[str] = []
        self._held = ""

    @property
    def shown(self) -> str:
        """All that was shown so far."""
        return "".join(self._shown)

    def hear(self, piece: str) -> str:
        """Take the next piece; return what is to be shown now, perhaps nothing."""
        heard = self._held + encodable(piece)
        if not self._shown:
            heard = heard.lstrip()
        now = heard.rstrip()
        self._held = heard[len(now) :]
        if now:
            self._shown.append(now)
        return now
