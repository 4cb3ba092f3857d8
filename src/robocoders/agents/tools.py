"""What an agent can do in a workspace: list, read, search. Each call shows as an action and an observation."""

from __future__ import annotations

import asyncio
import copy
import logging
from collections import Counter
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from pydantic_ai.messages import ToolReturn
from pydantic_ai.tools import RunContext, Tool
from pydantic_ai.toolsets import FunctionToolset

from robocoders.agents.steps import Live, StepResult
from robocoders.agents.tool_context import ToolContext
from robocoders.agents.tool_texts import listing_text, places_text, text_with_line_numbers
from robocoders.agents.worker_threads import in_worker_thread
from robocoders.errors import RobocodersError, StoreError, WorkspaceError
from robocoders.events import (
    Action,
    ErrorObservation,
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
    from collections.abc import Callable, Mapping, Sequence

    from robocoders.search.index import SearchResult
    from robocoders.workspace.files import FileText

__all__ = ["toolset_for"]

logger = logging.getLogger("robocoders.agents")

MAX_LISTED = 20_000
"""More paths than this are counted, not listed."""
_PROGRESS_STEP = 1000


def toolset_for(workspace: Workspace | None, more: Sequence[Tool[ToolContext]] = ()) -> FunctionToolset[ToolContext]:
    """The tools of a turn: those of a workspace, where there is one, and further ones.

    They run one by one, so that events keep their order, and so that a turn that is run again makes the same steps.
    """
    own = (
        Tool(list_files, name="list", docstring_format="google"),
        Tool(read_file, name="read", docstring_format="google"),
        Tool(search_files, name="search", docstring_format="google"),
    )
    return FunctionToolset([_one_by_one(tool) for tool in (*(own if workspace is not None else ()), *more)])


def _one_by_one(tool: Tool[ToolContext]) -> Tool[ToolContext]:
    alone = copy.copy(tool)
    alone.sequential = True
    return alone


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
    shown = path if path.endswith("/") else f"{path}/"
    action = ReadAction(
        message=f"Listing the directory {shown}", args=ReadArgs(path=shown, start=0, end=-1, thought=thought)
    )

    def work(_given_up: Event) -> StepResult:
        data = _list(workspace, unquote_path(path), recursive=recursive)
        text = listing_text(data)
        return StepResult(observation=_read_observation(shown, text), text=text, data=data)

    return await _carry_out(ctx, {"path": path, "recursive": recursive}, action, work)


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
    action = ReadAction(
        message=f"Reading the file {path}", args=ReadArgs(path=path, start=start, end=end, thought=thought)
    )

    def work(_given_up: Event) -> StepResult:
        found = workspace.read_text(unquote_path(path), start, end)
        return StepResult(
            observation=_read_observation(path, found.text), text=text_with_line_numbers(found), data=_file_data(found)
        )

    return await _carry_out(ctx, {"path": path, "start": start, "end": end}, action, work)


async def search_files(ctx: RunContext[ToolContext], query: str, thought: str = "") -> ToolReturn:
    """Find the places in the workspace that match a question best: at most five, with file, line and excerpt.

    Args:
        ctx: The turn.
        query: A question in plain words, or names from the code.
        thought: Why, in one sentence, for the user to see.
    """
    workspace, index_dir = _workspace(ctx), ctx.deps.index_dir
    action = RecallAction(message=f"Searching the workspace: {query}", args=RecallArgs(query=query, thought=thought))

    def work(given_up: Event) -> StepResult:
        data = _search_data(_search(workspace, index_dir, query, given_up))
        text = places_text(data)
        count = len(data["places"])
        observation = RecallObservation(
            message=f"{count} {'place' if count == 1 else 'places'} found",
            content=text,
            extras=RecallExtras(memories=data["places"]),
        )
        return StepResult(observation=observation, text=text, data=data)

    return await _carry_out(ctx, {"query": query}, action, work)


async def _carry_out(
    ctx: RunContext[ToolContext], arguments: Mapping[str, Any], action: Action, work: Callable[[Event], StepResult]
) -> ToolReturn:
    """Do the work as a step, in a thread; a refusal is a result, too, and the model goes on.

    A thread cannot be cancelled: long work looks at the event it is given, which is set when nobody waits any more.
    """
    assert ctx.tool_name is not None, "a tool is called by its name"
    given_up = Event()

    async def in_thread(_action_id: int, _live: Live) -> StepResult:
        try:
            return await in_worker_thread(work, given_up)
        except asyncio.CancelledError:
            given_up.set()
            raise
        except (WorkspaceError, StoreError) as error:
            return _refusal(error)

    result = await ctx.deps.steps.run(ctx.tool_name, arguments, action, in_thread, repeatable=True)
    return ToolReturn(result.text, metadata=result.data)


def _workspace(ctx: RunContext[ToolContext]) -> Workspace:
    assert ctx.deps.workspace is not None, "these tools are offered with a workspace only"
    return ctx.deps.workspace


def _refusal(error: RobocodersError) -> StepResult:
    return StepResult(
        observation=ErrorObservation(message=error.message, content=error.message),
        text=f"Error: {error.message}",
        data={"error": error.message},
    )


def _read_observation(path: str, text: str) -> ReadObservation:
    return ReadObservation(message=f"I read {path}", content=text, extras=PathExtras(path=path))


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
        return index.search(query)


def _search_data(result: SearchResult) -> dict[str, Any]:
    places = [
        {"path": quote_path(place.path), "line": place.line, "symbol": place.symbol, "excerpt": place.excerpt}
        for place in result.places
    ]
    return {"places": places, "terms": result.terms, "strong": result.strong}
