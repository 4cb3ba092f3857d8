"""The routes of responses."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from robocoders.engine.runner import TurnHandle
from robocoders.server.access import Caller
from robocoders.server.answers import json_body, sse_content
from robocoders.server.failures import ApiError
from robocoders.server.idempotency import KEY_PARAMETER, keyed_by
from robocoders.server.openai.answers import ANYWHERE, failing
from robocoders.server.openai.asking import Question, answer_calls, ask_agent, refuse_reserved_names
from robocoders.server.openai.chat import LONGEST_SILENCE_SECONDS
from robocoders.server.openai.conversations import SESSION_HEADER, SESSION_PARAMETER, Conversation, conversation_of
from robocoders.server.openai.language_models import named_agent
from robocoders.server.openai.leaving import unless_client_leaves
from robocoders.server.openai.responses_bodies import ResponseBody
from robocoders.server.openai.responses_reading import finished_response, response_frames, response_now
from robocoders.server.openai.responses_records import handle_of, head_of, keep_response, owned_response
from robocoders.server.openai.responses_views import DeletedResponse, InputItemList, ResponseView
from robocoders.server.openai.retrying import retry_headers
from robocoders.server.reading import LARGEST_ID, read_body
from robocoders.server.service import CallerDep, Service, ServiceDep
from robocoders.server.streaming import LineStream
from robocoders.store import ResponseRow
from robocoders.wire.openai.chat import BROKEN_OFF
from robocoders.wire.openai.conversation import Asked, Said, ask, tool_results
from robocoders.wire.openai.errors import ParameterError
from robocoders.wire.openai.numbers import refuse_odd_numbers
from robocoders.wire.openai.responses_input import read_input
from robocoders.wire.openai.responses_objects import Json, deleted_response
from robocoders.wire.openai.tools import read_tool_choice, read_tools

__all__ = ["router"]

router = APIRouter(prefix="/v1/responses", tags=["openai"])

_PATH: Final = "/v1/responses"
_FORM: Final = {"stream", "background", "reasoning", "store"}
"""Parameters that concern the form of the answer alone: requests with one key may differ in them."""

_STREAM: Final = (
    "With `stream`: `event: TYPE` and `data: EVENT` each, comments as heartbeats. The last is `response.completed`, "
    "`response.failed` or `response.incomplete`; the latter for a response that was cancelled, too, as its `status` "
    "says. `sequence_number` counts from 0; at `starting_after` the same stream goes on, after a restart of the server "
    "too. Where text is withdrawn its item ends as `incomplete` without content, and who reads that later misses the "
    "numbers of its pieces. What breaks off ends with `error`."
)
_ANSWERS: Final = {200: {"content": sse_content(_STREAM), "description": "The response."}}
_UNKNOWN: Final = "There is no such response, or it is somebody else's, was deleted, or was not to be stored."


@router.post(
    "",
    summary="Ask an agent for a response",
    response_model=ResponseView,
    responses=ANYWHERE
    | failing(
        400,
        413,
        507,
        s404="No model is called so; or the response or session to go on in was deleted, or is somebody else's.",
        s409="A call has another result already; `x-should-retry: false`.",
    )
    | _ANSWERS,
    openapi_extra=json_body(ResponseBody) | {"parameters": [SESSION_PARAMETER, *KEY_PARAMETER["parameters"]]},
)
async def create_response(request: Request, service: ServiceDep, caller: CallerDep) -> Response:
    """What the agent says and does, as items of a response: as it comes, whole, or later by its id.

    A client that goes away does not stop the run. A turn that ends with an error is a 500 to who waits for it, and a
    response with the status `failed` to everybody else.
    """
    body = await read_body(request, ResponseBody)
    refuse_odd_numbers({"input": body.input, "tools": body.tools, "text": body.text and body.text.format})
    if body.background and body.store is False:
        text = "A response in the background is fetched by its id: `store` it."
        raise ParameterError("store", text, "background_not_stored")
    handle = await _turn(request, service, caller, body)
    row = await keep_response(service, caller, handle, body)
    if body.stream:
        return await _stream(service, row, handle)
    if body.background:
        return await _answer(service, row, handle)
    head = await head_of(service, row, handle)
    done = await unless_client_leaves(request, finished_response(service.store, handle, head))
    if not done.is_finished:
        headers = {**retry_headers(BROKEN_OFF.status, request, handle), SESSION_HEADER: row.session_id}
        raise ApiError(BROKEN_OFF.status, BROKEN_OFF.code, BROKEN_OFF.message, headers)
    if done.status == "failed":
        headers = {**retry_headers(500, request, handle), SESSION_HEADER: row.session_id}
        raise ApiError(500, "turn_failed", str(done.response["error"]["message"]), headers)
    return _json(done.response, row)


@router.get(
    "/{response_id}",
    summary="Show a response, or read its stream",
    response_model=ResponseView,
    responses=ANYWHERE | failing(400, s404=_UNKNOWN) | _ANSWERS,
)
async def show_response(
    response_id: str,
    service: ServiceDep,
    caller: CallerDep,
    stream: Annotated[bool, Query(description="Answer in server-sent events.")] = False,  # noqa: FBT002 - a query parameter
    starting_after: Annotated[
        int | None, Query(ge=0, le=LARGEST_ID, description="Only events with a greater `sequence_number`.")
    ] = None,
) -> Response:
    """The response as it is now, or all of its events and those to come."""
    row = await owned_response(service, caller, response_id)
    handle = await handle_of(service, row)
    if stream:
        return await _stream(service, row, handle, starting_after)
    return await _answer(service, row, handle)


@router.delete(
    "/{response_id}",
    summary="Delete a response",
    response_model=DeletedResponse,
    responses=ANYWHERE | failing(507, s404=_UNKNOWN),
)
async def remove_response(response_id: str, service: ServiceDep, caller: CallerDep) -> JSONResponse:
    """Its name is gone. What was said stays in the log of its session, and a turn that runs goes on."""
    row = await owned_response(service, caller, response_id)
    await service.store.delete_response(caller.user_id, row.id)
    return JSONResponse(deleted_response(row.id))


@router.post(
    "/{response_id}/cancel",
    summary="Cancel a response",
    response_model=ResponseView,
    responses=ANYWHERE | failing(507, s404=_UNKNOWN),
)
async def cancel_response(response_id: str, service: ServiceDep, caller: CallerDep) -> Response:
    """The response as it is then. One that has ended stays as it was; other responses of its session go on."""
    row = await owned_response(service, caller, response_id)
    handle = await handle_of(service, row)
    head = await head_of(service, row, handle)
    now = await response_now(service.store, handle, head)
    if not now.is_finished and await service.engine.cancel_turn(handle.turn):
        now = await response_now(service.store, await handle_of(service, row), head)
        if not now.is_finished:
            # It waits behind another, and ends as soon as that one has.
            return _json({**now.response, "status": "cancelled"}, row)
    return _json(now.response, row)


@router.get(
    "/{response_id}/input_items",
    summary="List what a response was asked",
    response_model=InputItemList,
    responses=ANYWHERE | failing(400, s404=_UNKNOWN),
)
async def list_input_items(  # noqa: PLR0917 - FastAPI calls it by keyword
    response_id: str,
    service: ServiceDep,
    caller: CallerDep,
    after: Annotated[str | None, Query(description="Only items behind this one, by its id.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    order: Annotated[Literal["asc", "desc"], Query(description="`desc`: the last first.")] = "desc",
) -> JSONResponse:
    """The items of the request's own input, none of earlier responses."""
    row = await owned_response(service, caller, response_id)
    items: list[Json] = row.request["input"] if order == "asc" else row.request["input"][::-1]
    place = next((place for place, item in enumerate(items, 1) if item["id"] == after), 0)
    page = items[place : place + limit]
    ends = {"first_id": page[0]["id"] if page else None, "last_id": page[-1]["id"] if page else None}
    return JSONResponse({"object": "list", "data": page, **ends, "has_more": len(items) > place + limit})


async def _turn(request: Request, service: Service, caller: Caller, body: ResponseBody) -> TurnHandle:
    said = read_input(body.input)
    tools = read_tools(body.tools, nested=False)
    choice = read_tool_choice(body.tool_choice, {tool.name for tool in tools})
    header = request.headers.get(SESSION_HEADER)
    wanted: Any = body.model_dump(mode="json", exclude=_FORM)
    keyed = keyed_by(request, caller, ["POST", _PATH, header, wanted])
    results = tool_results(said)
    if results:
        named_agent(body.model)
        if keyed is not None:
            # Results need no key: the same ones again are one answer. One of another request is refused all the same.
            await service.store.known_key(keyed)
        return await answer_calls(service, caller, results, param=f"input[{len(said) - 1}].call_id")
    refuse_reserved_names(tools)
    question = Question(
        model=body.model,
        find=partial(_conversation, service, caller, body, header),
        read=partial(_asked, body, said),
        tools=tools,
        tool_choice=choice,
        keyed=keyed,
    )
    return await ask_agent(service, question)


def _asked(body: ResponseBody, said: list[Said], goes_on: bool) -> Asked:  # noqa: FBT001 - as `Question` calls it
    asked = ask(said, goes_on=goes_on, param="input")
    instructions = "\n\n".join(filter(None, (body.instructions, asked.instructions)))
    return replace(asked, instructions=instructions)


async def _conversation(service: Service, caller: Caller, body: ResponseBody, header: str | None) -> Conversation:
    """The session that the request names, by whichever of the three ways; by several only if they name the same."""
    named = {"conversation": body.conversation_id, SESSION_HEADER: header}
    if body.previous_response_id is not None:
        previous = await owned_response(service, caller, body.previous_response_id, param="previous_response_id")
        named = {"previous_response_id": previous.session_id, **named}
    given = {param: sid for param, sid in named.items() if sid is not None}
    if len({sid.lower() for sid in given.values()}) > 1:
        param = next(reversed(given))
        raise ParameterError(param, "The request names two sessions. Name one.", "conversation_conflict")
    param, sid = next(iter(given.items()), (SESSION_HEADER, None))
    return await conversation_of(service, caller, sid, param=param)


async def _stream(
    service: Service, row: ResponseRow, handle: TurnHandle, starting_after: int | None = None
) -> LineStream:
    head = await head_of(service, row, handle)
    stream = LineStream(
        response_frames(service.store, handle, head, starting_after=starting_after),
        heartbeat_seconds=min(service.settings.heartbeat_seconds, LONGEST_SILENCE_SECONDS),
        sse=True,
    )
    stream.headers[SESSION_HEADER] = row.session_id
    return stream


async def _answer(service: Service, row: ResponseRow, handle: TurnHandle) -> Response:
    now = await response_now(service.store, handle, await head_of(service, row, handle))
    return _json(now.response, row)


def _json(response: Json, row: ResponseRow) -> JSONResponse:
    return JSONResponse(response, headers={"Cache-Control": "no-store", SESSION_HEADER: row.session_id})
