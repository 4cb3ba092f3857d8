"""The route of chat completions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from robocoders.engine.runner import TurnHandle
from robocoders.server.access import Caller
from robocoders.server.answers import json_body, sse_content
from robocoders.server.failures import ApiError
from robocoders.server.idempotency import KEY_PARAMETER, keyed_by
from robocoders.server.openai.answers import ANYWHERE, failing
from robocoders.server.openai.asking import Question, answer_calls, ask_agent, refuse_reserved_names, usage_before
from robocoders.server.openai.bodies import ChatCompletion, ChatCompletionBody
from robocoders.server.openai.chat_answers import chunk_frames, whole_answer
from robocoders.server.openai.conversations import SESSION_HEADER, SESSION_PARAMETER, Conversation, conversation_of
from robocoders.server.openai.language_models import named_agent
from robocoders.server.openai.leaving import unless_client_leaves
from robocoders.server.openai.retrying import retry_headers
from robocoders.server.reading import read_body
from robocoders.server.service import CallerDep, Service, ServiceDep
from robocoders.server.streaming import LineStream
from robocoders.store import Keyed
from robocoders.wire.openai.chat import ChatAnswer, ChunkWriter
from robocoders.wire.openai.conversation import Said, ask, tool_results
from robocoders.wire.openai.endings import Failure
from robocoders.wire.openai.messages import read_messages
from robocoders.wire.openai.numbers import refuse_odd_numbers
from robocoders.wire.openai.telling import Teller
from robocoders.wire.openai.tools import read_tool_choice, read_tools

__all__ = ["LONGEST_SILENCE_SECONDS", "router"]

router = APIRouter(prefix="/v1/chat", tags=["openai"])

LONGEST_SILENCE_SECONDS: Final = 15.0
"""A stream's longest silence: many proxies cut after a minute, and some clients before."""

_PATH: Final = "/v1/chat/completions"
_FORM: Final = {"stream", "stream_options", "reasoning", "reasoning_effort", "include_reasoning"}
"""Parameters that concern the form of the answer alone: requests with one key may differ in them."""


@router.post(
    "/completions",
    summary="Ask an agent as a chat completion",
    response_model=ChatCompletion,
    responses=ANYWHERE
    | failing(
        400,
        413,
        507,
        s404="No model is called so; or the session was deleted, or is somebody else's.",
        s409="The turn was cancelled, or a call has another result already; `x-should-retry: false`.",
    )
    | {
        200: {
            "content": sse_content(
                "With `stream`: `data: CHUNK` each, comments as heartbeats, `data: [DONE]` at the end. What fails ends "
                "with `data: ERROR` instead, an error's object, and without a `finish_reason`."
            ),
            "description": "The answer.",
        }
    },
    openapi_extra=json_body(ChatCompletionBody) | {"parameters": [SESSION_PARAMETER, *KEY_PARAMETER["parameters"]]},
)
async def chat_completions(request: Request, service: ServiceDep, caller: CallerDep) -> Response:
    """The texts of the agent's messages, parted by blank lines: as they come, or whole.

    A client that goes away does not stop the run: the same request with the same `Idempotency-Key` reads the answer.
    A limit that was reached ends it with `finish_reason: "length"`, a question of the agent is ordinary text.
    """
    body = await read_body(request, ChatCompletionBody)
    # Words of a half answer cannot be taken back in this dialect: what is withdrawn ends the stream with an error.
    handle = await _turn(request, service, caller, body)
    teller = Teller(await usage_before(service, handle))
    answer = ChatAnswer(_answer_id(handle), handle.turn.created_at_us // 1_000_000, body.model, body.shows_steps)
    session = {SESSION_HEADER: handle.turn.session_id}
    if body.stream:
        wants_usage = body.stream_options is not None and bool(body.stream_options.include_usage)
        stream = LineStream(
            chunk_frames(handle, teller, ChunkWriter(answer, include_usage=wants_usage)),
            heartbeat_seconds=min(service.settings.heartbeat_seconds, LONGEST_SILENCE_SECONDS),
            sse=True,
        )
        stream.headers.update(session)
        return stream
    whole = await unless_client_leaves(request, whole_answer(handle, teller, answer))
    if isinstance(whole, Failure):
        raise ApiError(
            whole.status, whole.code, whole.message, {**retry_headers(whole.status, request, handle), **session}
        )
    return JSONResponse(whole, headers={"Cache-Control": "no-store", **session})


async def _turn(request: Request, service: Service, caller: Caller, body: ChatCompletionBody) -> TurnHandle:
    messages = read_messages(body.messages)
    named = request.headers.get(SESSION_HEADER)
    wanted: Any = body.model_dump(mode="json", exclude=_FORM)
    keyed = keyed_by(request, caller, ["POST", _PATH, named, wanted])
    results = tool_results(messages)
    if not results:
        return await ask_agent(
            service, _question(body, messages, partial(conversation_of, service, caller, named), keyed)
        )
    named_agent(body.model)
    if keyed is not None:
        # Results need no key: the same ones again are one answer. One that was used otherwise is refused all the same.
        await service.store.known_key(keyed)
    return await answer_calls(service, caller, results, param=f"messages[{len(messages) - 1}].tool_call_id")


def _question(
    body: ChatCompletionBody, messages: list[Said], find: Callable[[], Awaitable[Conversation]], keyed: Keyed | None
) -> Question:
    refuse_odd_numbers({"tools": body.tools})
    tools = read_tools(body.tools, nested=True)
    refuse_reserved_names(tools)
    return Question(
        model=body.model,
        find=find,
        read=lambda goes_on: ask(messages, goes_on=goes_on),
        tools=tools,
        tool_choice=read_tool_choice(body.tool_choice, {tool.name for tool in tools}),
        keyed=keyed,
    )


def _answer_id(handle: TurnHandle) -> str:
    """An id that the same answer has whenever it is read."""
    turn = f"chatcmpl-{handle.turn.id.replace('-', '')}"
    return turn if handle.begins_after == handle.turn.after_event_id else f"{turn}-{handle.begins_after}"
