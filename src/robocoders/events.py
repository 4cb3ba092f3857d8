"""The events of an agent's turn, as frozen types.

An event is an *action* (something the agent does or says) or an *observation* (what came of it). Known names have a
class of their own; an unknown event is an `UnknownEvent`. Every event keeps the line it was read from (`raw`), so no
field is ever lost, known or not. Field names and their meaning: protocol fact, sections 2 and 4 of the original's
event schema.
"""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = [
    "ACTIONS",
    "OBSERVATIONS",
    "Action",
    "BrowseAction",
    "BrowseArgs",
    "CallToolAction",
    "CallToolArgs",
    "DelegateAction",
    "DelegateArgs",
    "EditAction",
    "EditArgs",
    "EditExtras",
    "EditObservation",
    "ErrorObservation",
    "Event",
    "FinishAction",
    "FinishArgs",
    "GenericExtras",
    "MessageAction",
    "MessageArgs",
    "Observation",
    "PathExtras",
    "ReadAction",
    "ReadArgs",
    "ReadObservation",
    "RecallAction",
    "RecallArgs",
    "RecallExtras",
    "RecallObservation",
    "RejectAction",
    "RunAction",
    "RunArgs",
    "RunExtras",
    "RunObservation",
    "RunPythonAction",
    "RunPythonArgs",
    "RunPythonExtras",
    "RunPythonObservation",
    "SuccessObservation",
    "TextDelta",
    "TextReset",
    "ToolResultExtras",
    "ToolResultObservation",
    "UnknownEvent",
    "WriteAction",
    "WriteArgs",
    "WriteObservation",
]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What all events have. `id` is None until the log has given one."""

    id: int | None = None
    timestamp: str | None = None
    """Naive UTC, ISO 8601, as on the wire."""
    source: str | None = "agent"
    message: str | None = ""
    """A sentence for people."""
    cause: int | None = None
    """On an observation: the id of the action it belongs to."""
    sid: str | None = None
    """The session's id."""
    raw: bytes = msgspec.field(default=b"", name="(raw)")
    """The line it was read from, without the line end; empty on an event made here.
    The odd wire name keeps a field called `raw` of somebody else's from landing here."""

    @property
    def text(self) -> str:
        """What a person would read of this event."""
        return self.message or ""

    @property
    def name(self) -> str:
        """The name of the action or observation, as on the wire; empty where there is none."""
        tag = type(self).__struct_config__.tag
        return tag if isinstance(tag, str) else ""

    def __repr__(self) -> str:
        """Identity only: contents may be long or private."""
        return f"{type(self).__name__}(id={self.id!r}, name={self.name!r}, source={self.source!r}, sid={self.sid!r})"


class Action(Event, frozen=True, kw_only=True, tag_field="action"):
    """Something the agent does or says."""


class Observation(Event, frozen=True, kw_only=True, tag_field="observation"):
    """What came of an action."""

    content: str = ""

    @property
    def text(self) -> str:
        return self.content or self.message or ""


class UnknownEvent(Event, frozen=True, kw_only=True):
    """An event whose name or shape this version does not know."""

    kind: str = ""
    """The action's or observation's name, empty where the event has none."""
    object: dict[str, Any] = {}
    """The whole object as it came."""

    @property
    def name(self) -> str:
        return self.kind


class MessageArgs(msgspec.Struct, frozen=True, kw_only=True):
    """What is said, and whether the agent now waits for the user."""

    content: str = ""
    wait_for_response: bool = False
    extras: dict[str, Any] = {}


class MessageAction(Action, frozen=True, kw_only=True, tag="message"):
    """The agent says something; with `args.wait_for_response` it is the last event of a turn."""

    args: MessageArgs = MessageArgs()

    @property
    def text(self) -> str:
        return self.args.content or self.message or ""

    @property
    def reason(self) -> str | None:
        """Why the turn ended, where this is its last event and the server says so (`args.extras.reason`)."""
        reason = self.args.extras.get("reason")
        return reason if self.args.wait_for_response and isinstance(reason, str) else None


class RunArgs(msgspec.Struct, frozen=True, kw_only=True):
    """The command as a shell reads it, and why it is run."""

    command: str = ""
    background: bool = False
    thought: str = ""


class RunAction(Action, frozen=True, kw_only=True, tag="run"):
    """A shell command."""

    args: RunArgs = RunArgs()


class RunPythonArgs(msgspec.Struct, frozen=True, kw_only=True):
    """The code, and why it is run."""

    code: str = ""
    thought: str = ""
    kernel_init_code: str = ""


class RunPythonAction(Action, frozen=True, kw_only=True, tag="run_ipython"):
    """Python code."""

    args: RunPythonArgs = RunPythonArgs()


class ReadArgs(msgspec.Struct, frozen=True, kw_only=True):
    """A path relative to the workspace and lines of it."""

    path: str = ""
    start: int = 0
    end: int = -1
    thought: str = ""


class ReadAction(Action, frozen=True, kw_only=True, tag="read"):
    """Reading a file or listing a directory; `start` and `end` are line numbers, -1 the end."""

    args: ReadArgs = ReadArgs()


class WriteArgs(msgspec.Struct, frozen=True, kw_only=True):
    """A path relative to the workspace and the file's new body."""

    path: str = ""
    content: str = ""
    start: int = 0
    end: int = -1
    thought: str = ""


class WriteAction(Action, frozen=True, kw_only=True, tag="write"):
    """Writing a file. Its text names the path, never the file's body."""

    args: WriteArgs = WriteArgs()


class EditArgs(msgspec.Struct, frozen=True, kw_only=True):
    """A path relative to the workspace and what the lines become."""

    path: str = ""
    content: str = ""
    start: int = 1
    end: int = -1
    thought: str = ""


class EditAction(Action, frozen=True, kw_only=True, tag="edit"):
    """Changing part of a file."""

    args: EditArgs = EditArgs()


class BrowseArgs(msgspec.Struct, frozen=True, kw_only=True):
    """The page's address."""

    url: str = ""
    thought: str = ""


class BrowseAction(Action, frozen=True, kw_only=True, tag="browse"):
    """Opening a page."""

    args: BrowseArgs = BrowseArgs()


class RecallArgs(msgspec.Struct, frozen=True, kw_only=True):
    """What is searched, and why."""

    query: str = ""
    thought: str = ""


class RecallAction(Action, frozen=True, kw_only=True, tag="recall"):
    """A search."""

    args: RecallArgs = RecallArgs()


class DelegateArgs(msgspec.Struct, frozen=True, kw_only=True):
    """The other agent and what it is given (`inputs.task`)."""

    agent: str = ""
    inputs: dict[str, Any] = {}
    thought: str = ""


class DelegateAction(Action, frozen=True, kw_only=True, tag="delegate"):
    """Handing a task to another agent."""

    args: DelegateArgs = DelegateArgs()


class FinishArgs(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the task."""

    outputs: dict[str, Any] = {}
    thought: str = ""


class FinishAction(Action, frozen=True, kw_only=True, tag="finish"):
    """The agent declares the task done."""

    args: FinishArgs = FinishArgs()


class RejectAction(Action, frozen=True, kw_only=True, tag="reject"):
    """The agent declares that it will not do the task."""

    args: FinishArgs = FinishArgs()


class CallToolArgs(msgspec.Struct, frozen=True, kw_only=True):
    """A tool of the client's, what to call it with, and the name of this call.

    The calls that an answer of the model makes at once come together, `index` of `of`; the last one says what the turn
    has used up so far (`usage`, by the names of a turn's usage).
    """

    name: str = ""
    arguments: str = ""
    """A JSON text, as the model wrote it."""
    call_id: str = ""
    index: int = 0
    of: int = 1
    usage: dict[str, int] = {}


class CallToolAction(Action, frozen=True, kw_only=True, tag="call_tool"):
    """Asking the client to run a tool of its own; the turn waits for the result. An addition of this implementation."""

    args: CallToolArgs = CallToolArgs()

    @property
    def is_last(self) -> bool:
        """Whether it is the last of the calls that were made at once: now the client's results are waited for."""
        return self.args.index + 1 >= self.args.of


class GenericExtras(msgspec.Struct, frozen=True, kw_only=True):
    """Extras of an observation that has none of its own."""


class RunExtras(msgspec.Struct, frozen=True, kw_only=True):
    """The command and its exit code."""

    command_id: int = -1
    command: str = ""
    exit_code: int = 0


class RunObservation(Observation, frozen=True, kw_only=True, tag="run"):
    """A command's output."""

    extras: RunExtras = RunExtras()


class RunPythonExtras(msgspec.Struct, frozen=True, kw_only=True):
    """The code that was run."""

    code: str = ""


class RunPythonObservation(Observation, frozen=True, kw_only=True, tag="run_ipython"):
    """The output of Python code."""

    extras: RunPythonExtras = RunPythonExtras()


class PathExtras(msgspec.Struct, frozen=True, kw_only=True):
    """The path concerned, relative to the workspace."""

    path: str = ""


class ReadObservation(Observation, frozen=True, kw_only=True, tag="read"):
    """What was read."""

    extras: PathExtras = PathExtras()


class WriteObservation(Observation, frozen=True, kw_only=True, tag="write"):
    """A file was written."""

    extras: PathExtras = PathExtras()


class EditExtras(msgspec.Struct, frozen=True, kw_only=True):
    """The path concerned, relative to the workspace, and the text that was replaced and by what."""

    path: str = ""
    prev_exist: bool = True
    old_content: str = ""
    new_content: str = ""


class EditObservation(Observation, frozen=True, kw_only=True, tag="edit"):
    """Part of a file was changed; its content shows the change."""

    extras: EditExtras = EditExtras()


class RecallExtras(msgspec.Struct, frozen=True, kw_only=True):
    """The places found."""

    memories: list[Any] = []
    role: str = ""


class RecallObservation(Observation, frozen=True, kw_only=True, tag="recall"):
    """What a search found; `extras.memories` holds one object a place."""

    extras: RecallExtras = RecallExtras()


class ErrorObservation(Observation, frozen=True, kw_only=True, tag="error"):
    """Something went wrong in the turn."""

    extras: GenericExtras = GenericExtras()


class SuccessObservation(Observation, frozen=True, kw_only=True, tag="success"):
    """Something was done."""

    extras: GenericExtras = GenericExtras()


class ToolResultExtras(msgspec.Struct, frozen=True, kw_only=True):
    """The call that was answered."""

    call_id: str = ""


class ToolResultObservation(Observation, frozen=True, kw_only=True, tag="tool_result"):
    """What a tool of the client's returned, as the client has sent it. An addition of this implementation."""

    extras: ToolResultExtras = ToolResultExtras()


class TextDelta(msgspec.Struct, frozen=True, kw_only=True):
    """Live text of an event to come, sent only to those who asked for it. It has no id of its own."""

    delta_of: int
    """The id of the event to come."""
    offset: int
    """Where `text` begins, in characters."""
    text: str


class TextReset(msgspec.Struct, frozen=True, kw_only=True):
    """Withdraws the live text of an event to come: its step is run again."""

    delta_of: int


ACTIONS: tuple[type[Action], ...] = (
    MessageAction,
    RunAction,
    RunPythonAction,
    ReadAction,
    WriteAction,
    EditAction,
    BrowseAction,
    RecallAction,
    DelegateAction,
    FinishAction,
    RejectAction,
    CallToolAction,
)
"""Every action this version knows, one class a name."""

OBSERVATIONS: tuple[type[Observation], ...] = (
    RunObservation,
    RunPythonObservation,
    ReadObservation,
    WriteObservation,
    EditObservation,
    RecallObservation,
    ErrorObservation,
    SuccessObservation,
    ToolResultObservation,
)
"""Every observation this version knows, one class a name."""
