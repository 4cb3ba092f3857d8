"""Carrying out what a prompt spells out: block by block, to the first one that fails, and a report. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from robocoders.agents.offline import texts
from robocoders.agents.offline.fences import Block

__all__ = ["BlockResult", "call_for", "has_failed", "report", "was_refused"]

_TOOLS = {"command": "run", "python": "python", "file": "write"}
_LONGEST_TITLE = 80


class BlockResult(Protocol):
    """What a tool returned."""

    @property
    def data(self) -> Mapping[str, Any]:
        """The result as data."""
        ...


def call_for(block: Block) -> tuple[str, dict[str, Any]]:
    """The tool that carries out a block, and what it is called with."""
    tool = _TOOLS[block.kind]
    match block.kind:
        case "command":
            return tool, {"command": block.body.strip("\n"), "thought": "You spelled it out."}
        case "python":
            return tool, {"code": block.body, "thought": "You spelled it out."}
        case "file":
            return tool, {"path": block.name, "content": block.body, "thought": "You spelled it out."}


def has_failed(result: BlockResult) -> bool:
    """Whether what follows is not to be done."""
    return was_refused(result) or result.data.get("exit_code", 0) != 0 or bool(result.data.get("ended_by"))


def was_refused(result: BlockResult) -> bool:
    """Whether it could not be done at all."""
    return "error" in result.data


def report(blocks: Sequence[Block], results: Sequence[BlockResult]) -> str:
    """What was done, in Markdown: each block with its exit code and output, and how many were not reached."""
    parts = [_part(block, result.data) for block, result in zip(blocks, results, strict=False)]
    left = len(blocks) - len(results)
    if left > 0:
        parts.append(f"{texts.count(left, 'further block')} not carried out, because of that.")
    parts.append("This was carried out as it is written, without a language model.")
    return "\n\n".join(parts)


def _part(block: Block, data: Mapping[str, Any]) -> str:
    title = _title(block)
    if "error" in data:
        began = "did not come to its end" if data.get("interrupted") else "was not carried out"
        text = f"{title} {began}: {data['error']}"
        return f"{text}\n\n{_fence(data['output'])}" if data.get("output") else text
    if block.kind == "file":
        return f"{title}: written, {texts.count(data['bytes'], 'byte')}."
    ended = f"{title}: exit code {data['exit_code']}."
    if data.get("ending"):
        ended = f"{ended} {data['ending']}"
    return f"{ended}\n\n{_fence(data['output'])}" if data["output"] else f"{ended} It wrote nothing."


def _title(block: Block) -> str:
    if block.kind == "file":
        return f"`{block.name}`"
    if block.kind == "python":
        return "The Python program"
    first, *more = block.body.strip().splitlines() or [""]
    short = first if len(first) <= _LONGEST_TITLE else f"{first[:_LONGEST_TITLE]}..."
    return f"`{short}`{' and what follows it' if more else ''}" if "`" not in short else "The command"


def _fence(text: str) -> str:
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}\n{text.rstrip(chr(10))}\n{fence}"
