"""The token and the session of one call of the provider."""

from __future__ import annotations

from robocoders.client.leases import SessionLease
from robocoders.client.session_errors import is_session_unusable, lost_session_error
from robocoders.errors import APIStatusError
from robocoders.providers.connection import ServerConnection

__all__ = ["CredentialsOfCall"]

_SESSION_UNUSABLE = frozenset({401, 404, 410})
"""Refusals that may mean a session that is not known, or somebody else's."""


class CredentialsOfCall:
    """What drives the conversation asks this for tokens and sessions (`Access` and `SessionPolicy` of the client).

    The cached session is leased for as long as the call lasts; a session whose turn was abandoned is forgotten.

    Args:
        connection: The provider class at its server.
        session_id: A session the caller named. It is never replaced: an agent without its context would answer.
    """

    def __init__(self, connection: ServerConnection, session_id: str | None = None) -> None:
        self._connection = connection
        self._named_session_id = session_id
        self._held: tuple[str, str] | None = None
        self._lease: SessionLease | None = None

    async def token(self) -> str:
        return (await self._token_and_session())[0]

    async def session_id(self) -> str:
        return (await self._token_and_session())[1]

    async def renew(self, refused: str) -> str | None:
        sid = await self.session_id()
        renewed = await self._connection.access.renew(refused)
        if renewed is not None:
            self._held = renewed, sid
        return renewed

    async def replace(self, lost: str, error: APIStatusError) -> str | None:
        if lost == self._named_session_id and is_session_unusable(error):
            text = (
                f"The server does not know the session {lost}, or it is not yours; leave session_id out for a new one"
            )
            raise lost_session_error(error, text) from None
        # Without a lease it is a named session, or one that was made here; and a new one was not lost, it is refused.
        if self._lease is None or self._connection.made_here(lost):
            if error.status in _SESSION_UNUSABLE:
                self._connection.cache.forget_session(self._connection.destination.address, lost)
            return None
        self._connection.cache.forget_session(self._connection.destination.address, lost)
        self._lease.release()
        token = await self.token()
        sid = await self._new_session(token)
        self._lease = self._connection.lease(sid)
        self._held = token, sid
        return sid

    def close(self, *, keep_session: bool) -> None:
        """Give the session back; with `keep_session` false nobody finds it again.

        Args:
            keep_session: The turn came to its end, or the server did not take the prompt.
        """
        if self._held is not None and not keep_session:
            self._connection.cache.forget_session(self._connection.destination.address, self._held[1])
        if self._lease is not None:
            self._lease.release()

    async def _token_and_session(self) -> tuple[str, str]:
        if self._held is None:
            self._held = await self._begin()
        return self._held

    async def _begin(self) -> tuple[str, str]:
        connection = self._connection
        if self._named_session_id is not None:
            return await connection.access.token(), self._named_session_id
        token, sid = await connection.run(lambda: connection.methods.token_and_session(connection.http))
        self._lease = connection.lease(sid)
        if self._lease is None:
            # Somebody took it between the look and the lease.
            connection.keeps_sessions = False
            sid = await self._new_session(token)
        return token, sid

    async def _new_session(self, token: str) -> str:
        connection = self._connection
        return await connection.run(lambda: connection.methods.create_session(connection.http, token))
