"""What an agent can do in a workspace: list, read, search. Each call shows as an action and an observation."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from pydantic_ai.messages import ToolReturn
from pydantic_ai.tools import RunContext, Tool

from robocoders.agents.steps import Emit
from robocoders.agents.tool_texts import listing_text, places_text, text_with_line_numbers
from robocoders.errors import RobocodersError, StoreError, WorkspaceError
from robocoders.events import (
    Action,
    ErrorObservation,
    Observation,
    PathExtras,
    ReadAction,
    ReadArgs,
    ReadObservation,
    RecallAction,
    RecallArgs,
    RecallExtras,
    RecallObservation,
)
from robocoders.search.index import Index
from robocoders.search.languages import language_of
from robocoders.workspace.files import Workspace
from robocoders.workspace.names import quote_path, unquote_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from robocoders.search.index import SearchResult
    from robocoders.workspace.files import FileText

__all__ = ["ToolContext", "tools_for"]

logger = logging.getLogger("robocoders.agents")

MAX_LISTED = 20_000
"""More paths than this are counted, not listed."""
_PROGRESS_STEP = 1000


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What the tools of one turn work with."""

    workspace: Workspace
    index_dir: Path
    emit: Emit


@dataclass(frozen=True, slots=True)
class _Done:
    """What came of a call: the event, the text for the model, the same as data for the model `offline`."""

    observation: Callable[[int], Observation]
    text: str
    data: dict[str, Any]


def tools_for(workspace: Workspace | None) -> list[Tool[ToolContext | None]]:
    """The tools of an agent, none without a workspace. They run one by one, so that events keep their order."""
    if workspace is None:
        return []
    return [
        Tool(list_files, name="list", sequential=True, docstring_format="google"),
        Tool(read_file, name="read", sequential=True, docstring_format="google"),
        Tool(search_files, name="search", sequential=True, docstring_format="google"),
    ]


async def list_files(
    ctx: RunContext[ToolContext | None],
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
    context = _context(ctx)
    shown = path if path.endswith("/") else f"{path}/"
    action = ReadAction(
        message=f"Listing the directory {shown}", args=ReadArgs(path=shown, start=0, end=-1, thought=thought)
    )

    def work(_given_up: Event) -> _Done:
        data = _list(context.workspace, unquote_path(path), recursive=recursive)
        text = listing_text(data)
        return _Done(lambda cause: _read_observation(shown, text, cause), text, data)

    return await _carry_out(context, action, work)


async def read_file(
    ctx: RunContext[ToolContext | None], path: str, start: int = 1, end: int = -1, thought: str = ""
) -> ToolReturn:
    """Show the lines of a text file in the workspace, each with its number.

    Args:
        ctx: The turn.
        path: The file, from the workspace's root, as the other tools write it.
        start: The first line, counted from 1.
        end: The last line; -1 for the end of the file.
        thought: Why, in one sentence, for the user to see.
    """
    context = _context(ctx)
    action = ReadAction(
        message=f"Reading the file {path}", args=ReadArgs(path=path, start=start, end=end, thought=thought)
    )

    def work(_given_up: Event) -> _Done:
        found = context.workspace.read_text(unquote_path(path), start, end)
        text = text_with_line_numbers(found)
        return _Done(lambda cause: _read_observation(path, found.text, cause), text, _file_data(found))

    return await _carry_out(context, action, work)


async def search_files(ctx: RunContext[ToolContext | None], query: str, thought: str = "") -> ToolReturn:
    """Find the places in the workspace that match a question best: at most five, with file, line and excerpt.

    Args:
        ctx: The turn.
        query: A question in plain words, or names from the code.
        thought: Why, in one sentence, for the user to see.
    """
    context = _context(ctx)
    action = RecallAction(message=f"Searching the workspace: {query}", args=RecallArgs(query=query, thought=thought))

    def work(given_up: Event) -> _Done:
        data = _search_data(_search(context, query, given_up))
        text = places_text(data)

        def observation(cause: int) -> Observation:
            count = len(data["places"])
            return RecallObservation(
                cause=cause,
                message=f"{count} {'place' if count == 1 else 'places'} found",
                content=text,
                extras=RecallExtras(memories=data["places"]),
            )

        return _Done(observation, text, data)

    return await _carry_out(context, action, work)


async def _carry_out(context: ToolContext, action: Action, work: Callable[[Event], _Done]) -> ToolReturn:
    """Tell the action, do the work in a thread, tell what came of it; a refusal is told, too, and the model goes on.

    A thread cannot be cancelled: long work looks at the event it is given, which is set when nobody waits any more.
    """
    cause = await context.emit(action)
    given_up = Event()
    try:
        done = await asyncio.to_thread(work, given_up)
    except asyncio.CancelledError:
        given_up.set()
        raise
    except (WorkspaceError, StoreError) as error:
        await context.emit(_refusal(error, cause))
        return ToolReturn(f"Error: {error.message}", metadata={"error": error.message})
    await context.emit(done.observation(cause))
    return ToolReturn(done.text, metadata=done.data)


def _context(ctx: RunContext[ToolContext | None]) -> ToolContext:
    assert ctx.deps is not None, "tools are offered with a workspace only"
    return ctx.deps


def _refusal(error: RobocodersError, cause: int) -> ErrorObservation:
    return ErrorObservation(cause=cause, message=error.message, content=error.message)


def _read_observation(path: str, text: str, cause: int) -> ReadObservation:
    return ReadObservation(cause=cause, message=f"I read {path}", content=text, extras=PathExtras(path=path))


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


def _search(context: ToolContext, query: str, given_up: Event) -> SearchResult:
    def progress(read: int, wanted: int) -> None:
        if given_up.is_set():
            raise _GivenUpError
        if read % _PROGRESS_STEP == 0:
            logger.info("Indexing: %d of %d files.", read, wanted)

    with Index.open(context.index_dir, context.workspace) as index:
        index.refresh(progress)
        return index.search(query)


def _search_data(result: SearchResult) -> dict[str, Any]:
    places = [
        {"path": quote_path(place.path), "line": place.line, "symbol": place.symbol, "excerpt": place.excerpt}
        for place in result.places
    ]
    return {"places": places, "terms": result.terms, "strong": result.strong}
