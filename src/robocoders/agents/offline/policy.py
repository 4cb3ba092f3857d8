"""What the model `offline` does next: pure, from the prompt and what the tools have returned so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from robocoders.agents.offline import overview, places, texts
from robocoders.agents.offline.carrying_out import call_for, has_failed, report, was_refused
from robocoders.agents.offline.fences import Block
from robocoders.agents.offline.prompts import Intent, Request, understand
from robocoders.search.asking import what_is_asked
from robocoders.search.questions import parse_question
from robocoders.wire.protocol import Reason

__all__ = ["Answer", "Call", "Calls", "ToolResult", "next_step"]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool."""

    tool: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Calls:
    """The next step is to call these tools."""

    calls: Sequence[Call]


@dataclass(frozen=True, slots=True)
class Answer:
    """The next step is to end the turn."""

    text: str
    reason: str = Reason.FINISHED


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool returned: the text for a language model and the same as data (`robocoders.agents.tools`)."""

    tool: str
    text: str
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])


def next_step(prompt: str, results: Sequence[ToolResult], tools: frozenset[str]) -> Calls | Answer:
    """Decide the next step.

    Args:
        prompt: What the user wrote.
        results: What the tools returned in this turn, in order.
        tools: The names of the tools that may be called; none where the session has no workspace.
    """
    request = understand(prompt)
    match request.intent:
        case Intent.GREETING:
            return Answer(texts.greeting(bool(tools)))
        case Intent.SPELLED_OUT:
            return _carry_out(request.blocks, results, tools)
        case Intent.OVERVIEW:
            return _describe(results) if "list" in tools else Answer(texts.workspace_missing())
        case Intent.PLACES:
            return _find(request, results, tools)
        case Intent.OTHER:
            return Answer(texts.needs_model(), Reason.NEEDS_MODEL)


def _carry_out(blocks: Sequence[Block], results: Sequence[ToolResult], tools: frozenset[str]) -> Calls | Answer:
    if "run" not in tools:
        return Answer(texts.nowhere_to_work(), Reason.ERROR)
    failed = bool(results) and has_failed(results[-1])
    if len(results) < len(blocks) and not failed:
        tool, arguments = call_for(blocks[len(results)])
        return Calls([Call(tool, arguments)])
    refused = failed and was_refused(results[-1])
    return Answer(report(blocks, results), Reason.ERROR if refused else Reason.FINISHED)


def _find(request: Request, results: Sequence[ToolResult], tools: frozenset[str]) -> Calls | Answer:
    asked = what_is_asked(request.text)
    terms = parse_question(request.text).words
    if asked.about == "places" and not terms:
        return Answer(texts.nothing_to_search(), Reason.NEEDS_MODEL)
    if "search" not in tools:
        return Answer(texts.workspace_missing())
    if not results:
        thought = {
            "places": f"Places where these come together: {', '.join(terms)}.",
            "callers": f"Calls of {asked.subject}.",
            "file": f"What {asked.subject or 'the file'} defines.",
        }[asked.about]
        return Calls([Call("search", {"query": request.text, "thought": thought})])
    found = results[-1]
    if "places" not in found.data:
        return Answer(texts.unavailable_workspace(found.text), Reason.ERROR)
    return Answer(places.answer(found.data))


def _describe(results: Sequence[ToolResult]) -> Calls | Answer:
    if not results:
        return Calls([Call("list", {"path": ".", "recursive": True, "thought": "What is in this workspace."})])
    listing = results[0]
    if "files" not in listing.data:
        return Answer(texts.unavailable_workspace(listing.text), Reason.ERROR)
    wanted = overview.files_to_read(listing.data)
    if len(results) == 1 and wanted:
        return Calls([Call("read", {"path": path, "thought": "It says what this is."}) for path in wanted])
    return Answer(overview.answer(listing.data, [result.data for result in results[1:]]))
