"""From a request to a turn: a prompt begins one, results of tools let one go on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from robocoders.agents.tool_names import reserved_among
from robocoders.engine.runner import (
    CallsLeftOpenError,
    ClientAnswerConflictError,
    EngineStoppedError,
    PromptSpec,
    TurnHandle,
    UnknownCallError,
)
from robocoders.events import CallToolAction
from robocoders.server.access import Caller
from robocoders.server.failures import ApiError, stopping
from robocoders.server.openai.conversations import Conversation
from robocoders.server.openai.language_models import checked_model
from robocoders.server.owned import not_found
from robocoders.server.service import Service
from robocoders.store import Keyed, SessionGoneError, SessionRow
from robocoders.wire.codec import decode_event
from robocoders.wire.openai.conversation import Asked
from robocoders.wire.openai.errors import ParameterError
from robocoders.wire.openai.models import ModelName
from robocoders.wire.openai.usage import Usage
from robocoders.wire.wishes import AUTO, ClientTool, Wishes

__all__ = ["Question", "answer_calls", "ask_agent", "refuse_reserved_names", "usage_before"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a request asks.

    Attributes:
        model: The name of the agent, perhaps with a language model.
        find: Finds the session that it is asked in; not called where the key is known.
        read: Gives what is asked; it is told whether the session has the conversation so far.
        tools: The client's tools.
        tool_choice: As `Wishes` has it.
        keyed: The idempotency key.
    """

    model: str
    find: Callable[[], Awaitable[Conversation]]
    read: Callable[[bool], Asked]
    tools: tuple[ClientTool, ...] = ()
    tool_choice: str = AUTO
    keyed: Keyed | None = None


async def ask_agent(service: Service, question: Question) -> TurnHandle:
    """Accept a prompt; with a key that is known, return the turn that it has begun before.

    Raises:
        ApiError: 404 for the model or the session, 503 where the server stops.
        ParameterError: Nothing is asked.
        KeyReusedError: The key was used with another request.
        StoreError: The prompt cannot be committed.
    """
    known = await _session_of_key(service, question.keyed)
    if known is not None:
        return await _submit(service, known, _spec(question, ModelName(""), Asked("")))
    model = await checked_model(service, question.model)
    conversation = await question.find()
    asked = question.read(conversation.goes_on)
    session = conversation.session
    if conversation.is_new:
        session = await service.store.get_or_create_session(session)
    handle = await _submit(service, session, _spec(question, model, asked))
    if conversation.is_new and handle.turn.session_id != session.id:
        # The same request came twice at once, and the other one was first: nobody knows of this session.
        await service.engine.delete_session(session.id)
    return handle


async def answer_calls(service: Service, caller: Caller, results: Mapping[str, str], *, param: str) -> TurnHandle:
    """Hand results of the client's tools to the turn that waits for them; its session follows from their ids.

    Args:
        service: The server's parts.
        caller: Who answers.
        results: What each call returned, by the call's id.
        param: Where the results stand in the request.

    Raises:
        ApiError: 400, nobody waits for them, or some are missing; 409, a call has another result already; 503 where
            the server stops.
        StoreError: They cannot be committed.
    """
    try:
        return await service.engine.answer(caller.user_id, results, whole=True)
    except UnknownCallError:
        text = "No turn of yours waits for these results: it has ended, or these are no calls that it made at once."
        raise ApiError(400, "unknown_tool_call", text, param=param) from None
    except CallsLeftOpenError as error:
        text = f"Send the results of all calls that were made at once; these have none yet: {', '.join(error.names)}."
        raise ApiError(400, "tool_results_missing", text, param=param) from None
    except ClientAnswerConflictError:
        text = "A call has another result already, and results cannot be changed."
        raise ApiError(409, "tool_result_differs", text, param=param) from None
    except EngineStoppedError:
        raise stopping() from None


async def usage_before(service: Service, handle: TurnHandle) -> Usage:
    """What the turn had used up before the part of it that a handle's reader gets."""
    if handle.begins_after <= handle.turn.after_event_id:
        return Usage()
    found = await service.store.events(handle.turn.session_id, after=handle.begins_after - 1, limit=1)
    event = decode_event(found[0].body) if found else None
    return Usage.of(event.args.usage) if isinstance(event, CallToolAction) else Usage()


def refuse_reserved_names(tools: tuple[ClientTool, ...]) -> None:
    """Refuse tools that are called as one of the agents' own.

    Raises:
        ParameterError: One is.
    """
    reserved = reserved_among(tool.name for tool in tools)
    if reserved:
        text = f"The agents have tools of these names themselves: {', '.join(reserved)}. Give yours others."
        raise ParameterError("tools", text, "reserved_name")


async def _session_of_key(service: Service, keyed: Keyed | None) -> SessionRow | None:
    known = None if keyed is None else await service.store.known_key(keyed)
    if known is None or known.session_id is None:
        return None
    session = await service.store.session(known.session_id)
    if session is None or session.deleted_at_us is not None:
        raise not_found()
    return session


async def _submit(service: Service, session: SessionRow, spec: PromptSpec) -> TurnHandle:
    try:
        return await service.engine.submit(session, spec)
    except SessionGoneError:
        raise not_found() from None
    except EngineStoppedError:
        raise stopping() from None


def _spec(question: Question, model: ModelName, asked: Asked) -> PromptSpec:
    keyed = question.keyed
    wishes = Wishes(asked.instructions, asked.images, question.tools, question.tool_choice)
    return PromptSpec(
        prompt=asked.prompt,
        agent=model.agent,
        history="in_prompt" if asked.has_history else "log",
        key=None if keyed is None else keyed.key,
        body_hash="" if keyed is None else keyed.body_hash,
        model=model.language_model,
        wishes=None if wishes == Wishes() else wishes,
    )
