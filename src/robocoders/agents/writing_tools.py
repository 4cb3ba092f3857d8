"""The tools that change files: write, edit."""

from __future__ import annotations

from pydantic_ai.messages import ToolReturn  # noqa: TC002 - the library reads the signatures of tools
from pydantic_ai.tools import RunContext  # noqa: TC002 - the library reads the signatures of tools

from robocoders.agents.bounding import MODEL_CHARACTERS, cut_middle
from robocoders.agents.carrying_out import RefusedError, carry_out
from robocoders.agents.event_table import Done
from robocoders.agents.replacing import NotReplacedError, Replaced, replace_exactly
from robocoders.agents.sealing import Seal
from robocoders.agents.speech import encodable
from robocoders.agents.steps import Live
from robocoders.agents.tool_context import ToolContext
from robocoders.agents.worker_threads import in_worker_thread
from robocoders.workspace.names import quote_path, unquote_path

__all__ = ["edit_file", "write_file"]

_MOST_EDITED_BYTES = 4 << 20


async def write_file(ctx: RunContext[ToolContext], path: str, content: str, thought: str = "") -> ToolReturn:
    """Write a whole text file in the workspace, a new one or in the place of an old one.

    Directories that are missing are made. To change part of a file, use `edit`.

    Args:
        ctx: The turn.
        path: The file, from the workspace's root.
        content: Everything that is to be in it.
        thought: Why, in one sentence, for the user to see.
    """

    async def work(_action_id: int, _live: Live) -> Done:
        data = encodable(content).encode()
        await _write(_seal(ctx.deps), path, data)
        lines = content.count("\n") + (not content.endswith("\n") and bool(content))
        text = f"Wrote {path}: {lines} {'line' if lines == 1 else 'lines'}, {len(data)} bytes."
        return Done(text=text, data={"path": path, "bytes": len(data)})

    return await carry_out(ctx, {"path": path, "content": content}, thought, work)


async def edit_file(  # noqa: PLR0917 - a tool's arguments are given by name
    ctx: RunContext[ToolContext],
    path: str,
    old: str,
    new: str,
    every: bool = False,  # noqa: FBT001, FBT002 - a tool's argument, given by name
    thought: str = "",
) -> ToolReturn:
    """Replace a text in a file of the workspace by another one, exactly.

    Args:
        ctx: The turn.
        path: The file, from the workspace's root.
        old: What is in the file now, character by character, without line numbers, with enough lines to be there once.
        new: What is to be there instead.
        every: Replace it wherever it is, however often.
        thought: Why, in one sentence, for the user to see.
    """

    async def work(_action_id: int, _live: Live) -> Done:
        seal = _seal(ctx.deps)
        before = await _read(seal, path)
        try:
            replaced = await in_worker_thread(replace_exactly, before, encodable(old), encodable(new), every=every)
        except NotReplacedError as error:
            raise RefusedError(f"{path}: {error.text}") from error
        await _write(seal, path, replaced.text.encode("utf-8", "surrogateescape"))
        return _edited(path, replaced)

    return await carry_out(ctx, {"path": path, "old": old, "new": new, "every": every}, thought, work)


def _seal(turn: ToolContext) -> Seal:
    if turn.seal is None:
        raise RefusedError(turn.seal_refusal)
    return turn.seal


async def _read(seal: Seal, path: str) -> str:
    """A text file; bytes that are no UTF-8 become lone surrogates, and are written back as they were."""
    try:
        data = await seal.read_bytes(unquote_path(path))
    except (OSError, ValueError) as error:
        raise _refused("read", path, error) from error
    if b"\0" in data:
        raise RefusedError(f"{path} is no text file.")
    if len(data) > _MOST_EDITED_BYTES:
        raise RefusedError(f"{path} is larger than {_MOST_EDITED_BYTES} bytes; change it with a command.")
    return data.decode("utf-8", "surrogateescape")


async def _write(seal: Seal, path: str, data: bytes) -> None:
    try:
        await seal.write_bytes(unquote_path(path), data)
    except (OSError, ValueError) as error:
        raise _refused("written", path, error) from error


def _refused(done: str, path: str, error: OSError | ValueError) -> RefusedError:
    reason = (error.strerror or "the system refuses it") if isinstance(error, OSError) else "this is no usable path"
    return RefusedError(f"{quote_path(unquote_path(path))} cannot be {done}: {reason}.")


def _edited(path: str, replaced: Replaced) -> Done:
    lines = ", ".join(str(line) for line in replaced.lines[:10]) + (" and more" if len(replaced.lines) > 10 else "")
    count = len(replaced.lines)
    difference = cut_middle(encodable(replaced.difference), MODEL_CHARACTERS)
    text = f"Edited {path}: {count} {'place' if count == 1 else 'places'}, at line {lines}."
    return Done(
        text=f"{text}\n{difference}",
        shown=difference,
        data={"path": path, "lines": list(replaced.lines), "diff": difference},
    )
