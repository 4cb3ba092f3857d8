"""The search index of a workspace."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self, TypeVar

from robocoders.errors import StoreError, WorkspaceError
from robocoders.search import database
from robocoders.search.chunking import enclosing_symbol
from robocoders.search.digesting import digest_of_text
from robocoders.search.excerpts import best_line, excerpt
from robocoders.search.languages import language_of
from robocoders.search.lookup import callers_of, find, path_ending_in, piece_of, symbols_in, symbols_of
from robocoders.search.questions import parse_question
from robocoders.search.ranking import rank, spread, stem_values
from robocoders.search.refreshing import RefreshResult, refresh
from robocoders.search.strength import JUDGED_PLACES, Judged, is_strong
from robocoders.search.symbols import find_symbols
from robocoders.search.tree import SearchedTree

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from pathlib import Path

    from robocoders.search.lookup import PieceOf
    from robocoders.search.questions import Question
    from robocoders.search.ranking import Ranked
    from robocoders.search.symbols import Symbol

__all__ = ["Index", "Place", "SearchResult"]

logger = logging.getLogger("robocoders.search")

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Place:
    """A place that answers a question.

    Args:
        path: From the workspace's root; undecodable bytes as lone surrogates.
        line: From 1.
        symbol: The definition that holds the line, with the names around it; empty where there is none.
        excerpt: A few lines from there on.
        score: For comparison with other places of the same answer only.
        kind: What the definition is (see `Symbol`); empty where there is none.
    """

    path: str
    line: int
    symbol: str
    excerpt: str
    score: float
    kind: str = ""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The answer to a question.

    Args:
        places: Best first.
        terms: The words searched for.
        strong: Whether it is worth being called an answer.
        about: Whether these are the places that answer best, the callers of something, or what a file defines.
        subject: The name that is called or the path of the file; of places the name of which no call is known, else
            empty.
        more: Whether there are more callers or definitions than these.
    """

    places: list[Place]
    terms: list[str]
    strong: bool
    about: Literal["places", "callers", "file"] = "places"
    subject: str = ""
    more: bool = False


class Index:
    """The index of one workspace. Several threads and processes may each open it.

    Args:
        connection: The open database.
        tree: The workspace.
        file: The database's file, None where it is in memory.
    """

    def __init__(self, connection: sqlite3.Connection, tree: SearchedTree, file: Path | None) -> None:
        self._connection = connection
        self._tree = tree
        self._file = file
        self._mutex = threading.Lock()

    @classmethod
    def open(cls, index_dir: Path, tree: SearchedTree) -> Self:
        """Open the index of a workspace below `index_dir`, which is made where it is missing.

        A damaged index is made anew; where none can be written, it is kept in memory and built for this use.
        """
        file = database.index_file(index_dir, tree.root)
        try:
            return cls(database.connect(file), tree, file)
        except (OSError, sqlite3.Error) as error:
            logger.warning("The search index cannot be kept on disk (%s); it is built in memory.", type(error).__name__)
            return cls(database.memory_connection(), tree, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def refresh(self, progress: Callable[[int, int], None] | None = None) -> RefreshResult:
        """Bring the index up to date; fast where nothing changed.

        Args:
            progress: Called with the number of files read so far and of all that must be read.

        Raises:
            StoreError: The index cannot be written, not even in memory.
            WorkspaceError: The workspace is gone.
        """
        return self._repairing(lambda: self._refresh(progress))

    def search(self, question: str, limit: int = 5) -> SearchResult:
        """Find at most `limit` places that answer a question in plain words.

        Raises:
            StoreError: The index cannot be read.
        """
        return self._repairing(lambda: self._search(parse_question(question), limit))

    def callers(self, name: str, limit: int = 5) -> list[Place]:
        """At most `limit` places that call a name, sources first; one for each function that does.

        Args:
            name: The last part of the called name, as it is written.
            limit: The most places.

        Raises:
            StoreError: The index cannot be read.
        """
        return self._repairing(lambda: self._callers(name, limit))

    def symbols(self, path: str) -> list[Symbol]:
        """What a file defines, as it was when it was indexed; nothing of a file that is not there.

        Raises:
            StoreError: The index cannot be read.
        """
        return self._repairing(lambda: self._symbols(path))

    def file_named(self, name: str) -> str | None:
        """The path of an indexed file: the name itself, or the shortest path that ends in it; None without any.

        Raises:
            StoreError: The index cannot be read.
        """
        path = self._repairing(lambda: path_ending_in(self._connection, os.fsencode(name)))
        return None if path is None else os.fsdecode(path)

    def _repairing(self, work: Callable[[], _Result]) -> _Result:
        with self._mutex:
            try:
                return work()
            except sqlite3.Error as error:
                logger.warning("The search index failed (%s) and is made anew.", type(error).__name__)
                try:
                    self._replace(is_damaged=database.is_damage(error))
                    self._refresh(None)
                    return work()
                except sqlite3.Error as again:
                    raise StoreError(f"The search index cannot be used: {type(again).__name__}.") from again

    def _replace(self, *, is_damaged: bool) -> None:
        """Begin again: in the same place where the file was damaged, in memory where the disk is the trouble."""
        self._connection.close()
        if is_damaged and self._file is not None:
            database.throw_away(self._file)
            self._connection = database.connect(self._file)
        else:
            self._file = None
            self._connection = database.memory_connection()

    def _refresh(self, progress: Callable[[int, int], None] | None) -> RefreshResult:
        with database.lock_of(self._file) if self._file is not None else nullcontext():
            result = refresh(self._connection, self._tree, progress)
        if result.read or result.removed:
            logger.info("Indexed %d files, forgot %d.", result.read, result.removed)
        return result

    def _search(self, question: Question, limit: int) -> SearchResult:
        with _one_state(self._connection):
            found = find(self._connection, question.terms)
            ranked = rank(question, found.weighed, found.occurrences, found.candidates, found.files)
            line_weights = stem_values(found.weighed)
            places: list[Place] = []
            judged: list[Judged] = []
            for one in spread(ranked):
                if len(places) >= limit and len(judged) >= JUDGED_PLACES:
                    break
                piece = piece_of(self._connection, one.candidate.id)
                file = self._open(piece)
                if file is None or piece.first_line > len(file.lines):
                    continue
                if len(judged) < JUDGED_PLACES:
                    judged.append(Judged(one, file.path, file.lines[piece.first_line - 1 : piece.last_line]))
                if len(places) < limit:
                    place = file.best_place(one, piece, line_weights)
                    if not any(_is_same(place, other) for other in places):
                        places.append(place)
        strong = bool(places) and is_strong(judged, found.weighed, found.occurrences, question.names)
        return SearchResult(places, list(question.words), strong)

    def _callers(self, name: str, limit: int) -> list[Place]:
        places: list[Place] = []
        with _one_state(self._connection):
            for piece, line in callers_of(self._connection, name):
                file = self._open(piece)
                if file is None or not 0 < line <= len(file.lines) or name not in file.lines[line - 1]:
                    continue
                place = file.place(line, piece.first_line, piece.last_line, 1.0)
                if not any(_is_same(place, other) for other in places):
                    places.append(place)
                if len(places) == limit:
                    break
        return places

    def _symbols(self, path: str) -> list[Symbol]:
        return symbols_in(self._connection, os.fsencode(path))

    def _open(self, piece: PieceOf) -> _Opened | None:
        path = os.fsdecode(piece.path)
        try:
            text = self._tree.load_text(path)
        except WorkspaceError:
            return None
        if digest_of_text(text) == piece.digest:
            symbols = symbols_of(self._connection, piece.file)
        else:
            symbols = list(find_symbols(language_of(path), text or ""))
        return _Opened(path, (text or "").split("\n"), symbols)


@dataclass(frozen=True, slots=True)
class _Opened:
    """A file as it is now."""

    path: str
    lines: Sequence[str]
    symbols: Sequence[Symbol]

    def best_place(self, ranked: Ranked, piece: PieceOf, weights: Mapping[str, float]) -> Place:
        """The line of a piece that answers best, by the weight of each stem."""
        first, last = piece.first_line, piece.last_line
        begins = (symbol.first_line for symbol in self.symbols if first <= symbol.first_line <= last)
        definition = next(begins, None) if ranked.candidate.is_definition else None
        line = best_line(self.lines, first, last, definition, weights)
        if definition is not None and line < definition and enclosing_symbol(self.symbols, line) is None:
            # A decorator or a comment above it.
            line = definition
        return self.place(line, first, last, ranked.score)

    def place(self, line: int, first: int, last: int, score: float) -> Place:
        """A place in it, with an excerpt of the piece that lies between two lines."""
        symbol = enclosing_symbol(self.symbols, line)
        name, kind = (symbol.qualified, symbol.kind) if symbol is not None else ("", "")
        return Place(self.path, line, name, excerpt(self.lines, line, first, last), score, kind)


@contextmanager
def _one_state(connection: sqlite3.Connection) -> Generator[None]:
    """Read from one state of the index, whatever another process writes meanwhile."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _is_same(one: Place, other: Place) -> bool:
    """Whether two places are one to a reader: a property's getter and setter, or two pieces of one long function."""
    return one.path == other.path and (one.line == other.line or (one.symbol == other.symbol != ""))
