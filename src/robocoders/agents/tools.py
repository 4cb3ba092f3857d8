"""The tools of a turn, put together."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from pydantic_ai.tools import Tool
from pydantic_ai.toolsets import FunctionToolset

from robocoders.agents.command_tools import run_command, run_python
from robocoders.agents.reading_tools import list_files, read_file, search_files
from robocoders.agents.tool_context import ToolContext
from robocoders.agents.writing_tools import edit_file, write_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robocoders.workspace.files import Workspace

__all__ = ["toolset_for"]


def toolset_for(workspace: Workspace | None, more: Sequence[Tool[ToolContext]] = ()) -> FunctionToolset[ToolContext]:
    """The tools of a turn: those of a workspace, where there is one, and further ones.

    They run one by one, so that events keep their order, and so that a turn that is run again makes the same steps.
    Commands and writes are offered without a seal, too: they answer why there is none.
    """
    own = (
        Tool(list_files, name="list", docstring_format="google"),
        Tool(read_file, name="read", docstring_format="google"),
        Tool(search_files, name="search", docstring_format="google"),
        Tool(write_file, name="write", docstring_format="google"),
        Tool(edit_file, name="edit", docstring_format="google"),
        Tool(run_command, name="run", docstring_format="google"),
        Tool(run_python, name="python", docstring_format="google"),
    )
    return FunctionToolset([_one_by_one(tool) for tool in (*(own if workspace is not None else ()), *more)])


def _one_by_one(tool: Tool[ToolContext]) -> Tool[ToolContext]:
    alone = copy.copy(tool)
    alone.sequential = True
    return alone
