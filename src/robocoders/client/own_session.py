"""Which session the prompts of a client go to: one it made itself, or one that its user named."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass, field
from typing import Any

from robocoders.client.connection import Connection
from robocoders.client.replies import session_info
from robocoders.client.session_errors import lost_session_error
from robocoders.errors import APIStatusError
from robocoders.wire import requests
from robocoders.wire.answers import json_object, session_id_from_body

__all__ = ["MadeSession", "NamedSession", "Wishes", "make_session"]

_log = logging.getLogger("robocoders.client")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a new session is to have of its own; None for what the server gives."""

    workspace: str | None = None
    model: str | None = None
    limits: dict[str, Any] | None = field(default=None)
    network: bool | None = None

    @property
    def are_plain(self) -> bool:
        """Whether the original's way of making a session will do."""
        return self.workspace is None and self.model is None and not self.limits and self.network is None


async def make_session(connection: Connection, wishes: Wishes) -> str:
    """Make a session and return its id.

    Raises:
        RobocodersError: The server could not be asked, or refused.
    """
    key = uuid.uuid4().hex
    if wishes.are_plain:
        return session_id_from_body(await connection.fetch(lambda token: requests.create_session(token, key=key)))
    body = await connection.fetch(
        lambda token: requests.new_session(
            token,
            workspace=wishes.workspace,
            model=wishes.model,
            limits=wishes.limits,
            network=wishes.network,
            key=key,
        )
    )
    return session_info(json_object(body, "a new session")).id


class NamedSession:
    """A session that the user named: another never takes its place.

    Args:
        session_id: Its id.
    """

    def __init__(self, session_id: str) -> None:
        self.id = session_id

    async def session_id(self) -> str:
        return self.id

    def note_answer(self) -> None:
        """Told of every event of an answer."""

    async def replace(self, lost: str, error: APIStatusError) -> str | None:
        if error.status in {401, 404, 410}:
            raise lost_session_error(
                error,
                f"HTTP {error.status}: the server does not know the session {lost}, or it is not yours. "
                "It is not replaced, because you named it; make a new one with create_session().",
            ) from None
        return None


class MadeSession(NamedSession):
    """A session that the client made, replaced once if the server has lost it before its first answer.

    Later it is not: the conversation in it would be lost without anybody noticing.

    Args:
        session_id: Its id.
        connection: To make another.
        wishes: What the other is to have, as this one had.
    """

    def __init__(self, session_id: str, connection: Connection, wishes: Wishes) -> None:
        super().__init__(session_id)
        self._connection = connection
        self._wishes = wishes
        self._may_be_replaced = True
        self._has_answered = False

    def note_answer(self) -> None:
        self._has_answered = True

    async def replace(self, lost: str, error: APIStatusError) -> str | None:
        if error.status not in {401, 404, 410}:
            return None
        if self._has_answered:
            raise lost_session_error(
                error,
                f"HTTP {error.status}: the server has lost the session {lost} and the conversation in it; "
                "begin a new one with create_session().",
            ) from None
        if not self._may_be_replaced:
            return None
        self._may_be_replaced = False
        self.id = await make_session(self._connection, self._wishes)
        _log.warning("The server does not know the new session %s; it is replaced by %s", lost, self.id)
        return self.id
