"""Responses under their names: kept when they are asked for, found again by whom they belong to."""

from __future__ import annotations

import uuid
from typing import Any

from robocoders.engine.runner import TurnHandle
from robocoders.server.access import Caller
from robocoders.server.failures import ApiError
from robocoders.server.openai.asking import usage_before
from robocoders.server.openai.responses_bodies import ResponseBody
from robocoders.server.owned import not_found
from robocoders.server.service import Service
from robocoders.store import ResponseRow, SessionGoneError
from robocoders.wire.openai.responses_input import input_items
from robocoders.wire.openai.responses_objects import ResponseHead
from robocoders.wire.openai.tools import read_tool_choice, read_tools

__all__ = ["handle_of", "head_of", "keep_response", "owned_response"]

_REPEATED = {
    "background",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "parallel_tool_calls",
    "previous_response_id",
    "prompt_cache_key",
    "safety_identifier",
    "service_tier",
    "store",
    "temperature",
    "top_logprobs",
    "top_p",
    "truncation",
    "user",
}
"""What a response repeats of its request as it is."""


async def keep_response(service: Service, caller: Caller, handle: TurnHandle, body: ResponseBody) -> ResponseRow:
    """Keep what a response needs of its request, or return what is kept where the same request came before.

    Raises:
        ApiError: 404, the session or the response was deleted meanwhile.
        StoreError: It cannot be kept.
    """
    digits = uuid.uuid4().hex
    new = ResponseRow(
        id=f"resp_{digits}",
        owner=caller.user_id,
        session_id=handle.turn.session_id,
        turn_id=handle.turn.id,
        after_event_id=handle.begins_after,
        request=_kept(body, digits),
        created_at_us=service.now_us(),
        previous_id=body.previous_response_id,
    )
    try:
        kept = await service.store.add_response(new)
    except SessionGoneError:
        raise not_found() from None
    if kept.deleted_at_us is not None:
        raise _unknown()
    return kept


async def owned_response(
    service: Service, caller: Caller, response_id: str, *, param: str | None = None
) -> ResponseRow:
    """The response of that id.

    Raises:
        ApiError: 404 when there is none, or it is deleted, was not to be stored, or is somebody else's: the answer does
            not tell which.
    """
    row = await service.store.response(caller.user_id, response_id)
    if row is None or row.request["repeated"].get("store") is False:
        raise _unknown(param)
    return row


async def handle_of(service: Service, row: ResponseRow) -> TurnHandle:
    """What a reader of a kept response follows.

    Raises:
        ApiError: 404, its session was deleted meanwhile.
    """
    turn = await service.store.turn(row.turn_id)
    if turn is None:
        raise _unknown()
    return service.engine.handle(turn, row.after_event_id)


async def head_of(service: Service, row: ResponseRow, handle: TurnHandle) -> ResponseHead:
    """What is known of a kept response from its beginning."""
    return ResponseHead(
        id=row.id,
        created_at=row.created_at_us // 1_000_000,
        session_id=row.session_id,
        model=row.request["model"],
        request=row.request["repeated"],
        shows_steps=row.request["shows_steps"],
        usage_before=await usage_before(service, handle),
    )


def _kept(body: ResponseBody, digits: str) -> dict[str, Any]:
    repeated: dict[str, Any] = body.model_dump(mode="json", include=_REPEATED, exclude_none=True)
    tools = read_tools(body.tools, nested=False)
    choice = read_tool_choice(body.tool_choice, {tool.name for tool in tools})
    repeated["tools"] = [
        {
            "type": "function",
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.parameters,
            "strict": tool.strict,
        }
        for tool in tools
    ]
    is_name = choice not in {"auto", "none", "required"}
    repeated["tool_choice"] = {"type": "function", "name": choice} if is_name else choice
    if body.reasoning is not None:
        repeated["reasoning"] = body.reasoning.model_dump()
    if body.text is not None:
        repeated["text"] = {"format": {"type": "text"}, **body.text.model_dump(exclude_none=True)}
    return {
        "model": body.model,
        "shows_steps": body.shows_steps,
        "repeated": repeated,
        "input": input_items(body.input, digits),
    }


def _unknown(param: str | None = None) -> ApiError:
    code = "response_not_found" if param is None else "previous_response_not_found"
    return ApiError(404, code, "There is no such response of yours.", param=param)
