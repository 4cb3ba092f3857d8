"""The tools that only look: list, read, search."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from pydantic_ai.messages import ToolReturn  # noqa: TC002 - the library reads the signatures of tools
from pydantic_ai.tools import RunContext  # noqa: TC002 - the library reads the signatures of tools

from robocoders.agents.carrying_out import RefusedError, carry_out_in_thread
from robocoders.agents.event_table import Done
from robocoders.agents.tool_context import ToolContext
from robocoders.agents.tool_texts import listing_text, places_text, text_with_line_numbers
from robocoders.errors import StoreError
from robocoders.search.asking import ask
from robocoders.search.index import Index
from robocoders.search.languages import language_of
from robocoders.workspace.files import Workspace
from robocoders.workspace.names import quote_path, unquote_path

if TYPE_CHECKING:
    from robocoders.search.index import SearchResult
    from robocoders.workspace.files import FileText

__all__ = ["list_files", "listed", "read_file", "search_files"]

logger = logging.getLogger("robocoders.agents")

MAX_LISTED = 20_000
"""More paths than this are counted, not listed."""
_PROGRESS_STEP = 1000


async def list_files(
    ctx: RunContext[ToolContext],
    path: str = ".",
    recursive: bool = False,  # noqa: FBT001, FBT002 - a tool's argument, given by name
    thought: str = "",
) -> ToolReturn:
    """Show what a directory of the workspace holds, without what .gitignore leaves out.

    Args:
        ctx: The turn.
        path: The directory, from the workspace's root.
        recursive: Show every file below it instead of its own entries only.
        thought: Why, in one sentence, for the user to see.
    """
    workspace = _workspace(ctx)

    def work(_given_up: Event) -> Done:
        return listed(workspace, path, recursive=recursive)

    return await carry_out_in_thread(ctx, {"path": path, "recursive": recursive}, thought, work)


async def read_file(
    ctx: RunContext[ToolContext], path: str, start: int = 1, end: int = -1, thought: str = ""
) -> ToolReturn:
    """Show the lines of a text file in the workspace, each with its number.

    Args:
        ctx: The turn.
        path: The file, from the workspace's root, as the other tools write it.
        start: The first line, counted from 1.
        end: The last line; -1 for the end of the file.
        thought: Why, in one sentence, for the user to see.
    """
    workspace = _workspace(ctx)

    def work(_given_up: Event) -> Done:
        found = workspace.read_text(unquote_path(path), start, end)
        return Done(text=text_with_line_numbers(found), shown=found.text, data=_file_data(found))

    return await carry_out_in_thread(ctx, {"path": path, "start": start, "end": end}, thought, work)


async def search_files(ctx: RunContext[ToolContext], query: str, thought: str = "") -> ToolReturn:
    """Find the places in the workspace that match a question best: at most five, with file, line, definition, excerpt.

    "Who calls NAME" finds the calls, "what is in FILE" what the file defines.

    Args:
        ctx: The turn.
        query: A question in plain words, or names from the code.
        thought: Why, in one sentence, for the user to see.
    """
    workspace, index_dir = _workspace(ctx), ctx.deps.index_dir

    def work(given_up: Event) -> Done:
        try:
            data = _search_data(_search(workspace, index_dir, query, given_up))
        except StoreError as error:
            # The index is one, too.
            raise RefusedError(error.message) from error
        return Done(text=places_text(data), data=data)

    return await carry_out_in_thread(ctx, {"query": query}, thought, work)


def _workspace(ctx: RunContext[ToolContext]) -> Workspace:
    assert ctx.deps.workspace is not None, "these tools are offered with a workspace only"
    return ctx.deps.workspace


def listed(workspace: Workspace, path: str, *, recursive: bool) -> Done:
    """What the tool `list` returns.

    Raises:
        WorkspaceError: See `Workspace.list_directory`.
    """
    data = _list(workspace, unquote_path(path), recursive=recursive)
    return Done(text=listing_text(data), data=data)


def _list(workspace: Workspace, path: str, *, recursive: bool) -> dict[str, Any]:
    entries = [
        {"path": quote_path(entry.path), "kind": entry.kind, "size": entry.size, "target": entry.target}
        for entry in workspace.list_directory(path)
    ]
    data: dict[str, Any] = {"path": quote_path(path), "entries": entries}
    if recursive:
        start = workspace.relative(path)
        files = [file for file in workspace.walk() if not start or file.path.startswith(f"{start}/")]
        languages: Counter[str] = Counter()
        for file in files:
            languages[language_of(file.path) or ""] += file.size
        data["files"] = [quote_path(file.path) for file in files[:MAX_LISTED]]
        data["file_count"] = len(files)
        data["language_bytes"] = {name: size for name, size in languages.most_common() if name}
    return data


def _file_data(found: FileText) -> dict[str, Any]:
    return {
        "path": quote_path(found.path),
        "text": found.text,
        "first_line": found.first_line,
        "last_line": found.last_line,
        "total_lines": found.total_lines,
        "truncated": found.truncated,
    }


class _GivenUpError(Exception):
    """Nobody waits for this any more."""


def _search(workspace: Workspace, index_dir: Path, query: str, given_up: Event) -> SearchResult:
    def progress(read: int, wanted: int) -> None:
        if given_up.is_set():
            raise _GivenUpError
        if read % _PROGRESS_STEP == 0:
            logger.info("Indexing: %d of %d files.", read, wanted)

    with Index.open(index_dir, workspace) as index:
        index.refresh(progress)
        return ask(index, query)


def _search_data(result: SearchResult) -> dict[str, Any]:
    places = [
        {
            "path": quote_path(place.path),
            "line": place.line,
            "symbol": place.symbol,
            "kind": place.kind,
            "excerpt": place.excerpt,
        }
        for place in result.places
    ]
    subject = quote_path(result.subject) if result.about == "file" and result.subject else result.subject
    return {
        "places": places,
        "terms": result.terms,
        "strong": result.strong,
        "about": result.about,
        "subject": subject,
        "more": result.more,
    }
