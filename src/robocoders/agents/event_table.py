"""Which events tell which tool: the one table from a tool's call to its action, and from its result to its observation.

    tool       action        args (in the original's order)              observation   extras
    run        run           command, background, thought                run           command_id, command, exit_code
    python     run_ipython   code, thought, kernel_init_code             run_ipython   code
    list       read          path (`/` at its end), start, end,          read          path
                             thought
    read       read          path, start, end, thought                   read          path
    write      write         path, content, start, end, thought          write         path
    edit       edit          path, content (a block of SEARCH and        edit          path, prev_exist, old_content,
                             REPLACE), start, end, thought                             new_content
    search     recall        query, thought                              recall        memories, role
    ask_user   message       the turn's last event; its reason is `question`
    finish     message       the turn's last event; its reason is `finished`

Whatever goes wrong in a tool, its observation is `error`. What a model says beside its calls is a `message` before
them. Names, keys and their order are protocol facts (section 4 of the original's event schema).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from robocoders.agents.bounding import OBSERVATION_CHARACTERS, cut_middle
from robocoders.events import (
    Action,
    EditAction,
    EditArgs,
    EditExtras,
    EditObservation,
    Observation,
    PathExtras,
    ReadAction,
    ReadArgs,
    ReadObservation,
    RecallAction,
    RecallArgs,
    RecallExtras,
    RecallObservation,
    RunAction,
    RunArgs,
    RunExtras,
    RunObservation,
    RunPythonAction,
    RunPythonArgs,
    RunPythonExtras,
    RunPythonObservation,
    WriteAction,
    WriteArgs,
    WriteObservation,
)

__all__ = ["EVENTS", "Done", "Row", "search_and_replace"]

Call = Mapping[str, Any]
"""What a tool is called with, `thought` included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a tool did.

    Args:
        text: Told to a language model.
        shown: Told to whoever follows the turn, where that is another text.
        data: The same as data, which JSON can express, for the model `offline`.
    """

    text: str
    shown: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def content(self) -> str:
        """What an observation says."""
        return cut_middle(self.text if self.shown is None else self.shown, OBSERVATION_CHARACTERS)


@dataclass(frozen=True, slots=True)
class Row:
    """One tool: its name, its action from its call, its observation from its call and what it did."""

    tool: str
    action: Callable[[Call], Action]
    observation: Callable[[Call, Done], Observation]


def search_and_replace(old: str, new: str) -> str:
    """An exact replacement as one text, in the form that the original's own helper for edits took (protocol fact)."""
    return f"<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE"


def _places(count: int) -> str:
    return f"{count} {'place' if count == 1 else 'places'} found"


_ROWS = (
    Row(
        "run",
        lambda call: RunAction(
            message=f"Running the command: {call['command']}",
            args=RunArgs(command=call["command"], thought=call["thought"]),
        ),
        lambda call, done: RunObservation(
            message=f"The command `{call['command']}` ended with exit code {done.data['exit_code']}.",
            content=done.content,
            extras=RunExtras(
                command_id=done.data["command_id"], command=call["command"], exit_code=done.data["exit_code"]
            ),
        ),
    ),
    Row(
        "python",
        lambda call: RunPythonAction(
            message=f"Running Python:\n{call['code']}", args=RunPythonArgs(code=call["code"], thought=call["thought"])
        ),
        lambda call, done: RunPythonObservation(
            message=f"The Python code ended with exit code {done.data['exit_code']}.",
            content=done.content,
            extras=RunPythonExtras(code=call["code"]),
        ),
    ),
    Row(
        "list",
        lambda call: ReadAction(
            message=f"Listing the directory {_directory(call)}",
            args=ReadArgs(path=_directory(call), start=0, end=-1, thought=call["thought"]),
        ),
        lambda call, done: ReadObservation(
            message=f"I read {_directory(call)}", content=done.content, extras=PathExtras(path=_directory(call))
        ),
    ),
    Row(
        "read",
        lambda call: ReadAction(
            message=f"Reading the file {call['path']}",
            args=ReadArgs(path=call["path"], start=call["start"], end=call["end"], thought=call["thought"]),
        ),
        lambda call, done: ReadObservation(
            message=f"I read {call['path']}", content=done.content, extras=PathExtras(path=call["path"])
        ),
    ),
    Row(
        "write",
        lambda call: WriteAction(
            message=f"Writing the file {call['path']}",
            args=WriteArgs(path=call["path"], content=call["content"], thought=call["thought"]),
        ),
        lambda call, done: WriteObservation(
            message=f"I wrote {call['path']}", content=done.content, extras=PathExtras(path=call["path"])
        ),
    ),
    Row(
        "edit",
        lambda call: EditAction(
            message=f"Editing the file {call['path']}",
            args=EditArgs(
                path=call["path"], content=search_and_replace(call["old"], call["new"]), thought=call["thought"]
            ),
        ),
        lambda call, done: EditObservation(
            message=f"I edited {call['path']}",
            content=done.content,
            extras=EditExtras(path=call["path"], old_content=call["old"], new_content=call["new"]),
        ),
    ),
    Row(
        "search",
        lambda call: RecallAction(
            message=f"Searching the workspace: {call['query']}",
            args=RecallArgs(query=call["query"], thought=call["thought"]),
        ),
        lambda call, done: RecallObservation(  # noqa: ARG005 - a row takes both
            message=_places(len(done.data["places"])),
            content=done.content,
            extras=RecallExtras(memories=done.data["places"]),
        ),
    ),
)


def _directory(call: Call) -> str:
    path: str = call["path"]
    return path if path.endswith("/") else f"{path}/"


EVENTS: Mapping[str, Row] = MappingProxyType({row.tool: row for row in _ROWS})
"""Each tool's row by the tool's name."""
