"""The baseline: files ranked by the words of a question alone.

Whole files go into SQLite's full-text index with its default tokenizer, in the order of its BM25: no symbols, no paths,
no stems. The words that hold a question together are left out, as anybody does who types into a search box.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable

__all__ = ["STOP_WORDS", "WordsAlone", "words_of"]

_STOP_WORDS = """
a about above after again against all also an and any are as at be because been before being below between both but
by can cannot could did do does doing done down during each either else few for from further get gets given gives
had happen happens has have having he her here hers herself him himself his how i if in into is it its itself just
keep keeps let lets made make makes may me might more most must my myself no nor not of off on once one only onto or
other others our ours ourselves out over own per same shall she should so some such than that the their theirs them
themselves then there these they this those through to too under until up upon us very was we were what when where
whether which while who whom whose why will with within without would yet you your yours yourself yourselves
"""

STOP_WORDS = frozenset(_STOP_WORDS.split())

_WORD = re.compile(r"[^\W_]+")


def words_of(question: str) -> list[str]:
    """The words that are searched for, in small letters, each once."""
    return list(dict.fromkeys(word for word in _WORD.findall(question.lower()) if word not in STOP_WORDS))


class WordsAlone:
    """An index in memory.

    Args:
        files: Paths with the text of each.
    """

    def __init__(self, files: Iterable[tuple[str, str]]) -> None:
        self._connection = sqlite3.connect(":memory:")
        self._connection.execute("CREATE VIRTUAL TABLE files USING fts5(path UNINDEXED, text)")
        self._connection.executemany("INSERT INTO files VALUES (?, ?)", files)

    def close(self) -> None:
        """Forget it all."""
        self._connection.close()

    def search(self, question: str, limit: int = 5) -> list[str]:
        """At most `limit` paths of files that hold any of the question's words, best first."""
        words = words_of(question)
        if not words:
            return []
        anyone = " OR ".join(f'"{word}"' for word in words)
        found = self._connection.execute(
            "SELECT path FROM files WHERE files MATCH ? ORDER BY rank, path LIMIT ?", (anyone, limit)
        )
        return [str(path) for (path,) in found]
