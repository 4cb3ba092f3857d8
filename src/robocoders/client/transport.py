"""Bytes over HTTP. Only this module and its table of errors, `translation`, speak to aiohttp, and not before a request.

Every exception of aiohttp, ssl and the sockets ends here: what leaves is a `TransportFailure` that carries one of the
package's own errors.
"""

from __future__ import annotations

import os
import ssl
import weakref
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from robocoders import __version__
from robocoders.client.certificates import tls_context
from robocoders.client.failures import TransportFailure
from robocoders.client.proxies import checked_proxy, proxy_from_environment
from robocoders.errors import ConfigurationError, ProtocolError
from robocoders.wire.requests import Request

if TYPE_CHECKING:
    import aiohttp

__all__ = ["Answer", "Timeouts", "Transport"]

_READ_BUFFER_BYTES = 256 * 1024
_KEEPALIVE_SECONDS = 3.0
"""Shorter than the five seconds after which common servers drop an idle connection: a prompt that is sent into a
connection that was just dropped is lost without anybody knowing whether it arrived."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds; None for no limit.

    Args:
        connect: For a connection, name lookup and TLS included.
        idle: Between two bytes of an answer, and for its first.
    """

    connect: float | None = 10.0
    idle: float | None = 60.0


class Answer:
    """An HTTP answer whose body is still to be read.

    As a context manager it drops the connection at its end, unless the body was read to its end.

    Attributes:
        status: The HTTP status.
        headers: Header fields, names in lower case.
    """

    def __init__(
        self, response: aiohttp.ClientResponse, address: str, own_session: aiohttp.ClientSession | None = None
    ) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in response.headers.items()}
        self._response = response
        self._address = address
        self._own_session = own_session

    async def chunks(self) -> AsyncGenerator[bytes]:
        """The body in the pieces in which it arrives.

        Raises:
            TransportFailure: It broke off (`StreamError`) or fell silent (`APITimeoutError`).
        """
        from robocoders.client.translation import broken_body, is_foreign, tellable_cause  # noqa: PLC0415 - needs aiohttp

        stream = self._response.content
        while True:
            try:
                chunk = await stream.readany()
            except Exception as error:
                if not is_foreign(error):
                    raise
                failure, cause = TransportFailure(broken_body(error, self._address), sent=True), tellable_cause(error)
            else:
                if not chunk:
                    return
                yield chunk
                continue
            # Out here, so that the foreign error is not its context either.
            raise failure from cause

    async def read(self, limit_bytes: int) -> bytes:
        """The whole body.

        Raises:
            TransportFailure: As for `chunks`.
            ProtocolError: It is longer than `limit_bytes`.
        """
        body = bytearray()
        async with aclosing(self.chunks()) as chunks:
            async for chunk in chunks:
                body += chunk
                if len(body) > limit_bytes:
                    raise ProtocolError(f"An answer of {self._address} is longer than {limit_bytes} bytes")
        return bytes(body)

    def close(self) -> None:
        """Drop the connection if the body was not read to its end. Calling it again does nothing."""
        self._response.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
        if self._own_session is not None:
            await self._own_session.close()


class Transport:
    """Sends requests over one pool of connections.

    Args:
        timeouts: How long to wait; an `aiohttp.ClientTimeout` is taken as it is.
        proxy: The proxy of every request; None for what the environment says.
        ca_file: Certificate authorities to trust instead of the platform's.
        session: Somebody else's session to send through; it is neither closed nor changed. None for one of its own,
            made at the first request and closed by `close`.
    """

    def __init__(
        self,
        *,
        timeouts: Timeouts | aiohttp.ClientTimeout = Timeouts(),
        proxy: str | None = None,
        ca_file: str | os.PathLike[str] | None = None,
        session: aiohttp.ClientSession | None = None,
    ) -> None:
        self._timeouts = timeouts
        self._proxy = checked_proxy(proxy, "proxy") if proxy else None
        self._ca_file = ca_file
        self._session = session
        self._single: weakref.WeakSet[aiohttp.ClientSession] = weakref.WeakSet()
        self._owns_session = session is None
        self._tls: ssl.SSLContext | None = None
        self._closed = False
        self._pid = os.getpid()

    async def send(self, url: str, request: Request, *, once: bool = False) -> Answer:
        """Send a request and wait for the head of its answer. Redirects are answers like others.

        Args:
            url: The full address, path and query included.
            request: What to send; its path is not looked at.
            once: It cannot be sent again: a kept connection, which the server may just be dropping, is not used.

        Raises:
            TransportFailure: There was no answer.
            ConfigurationError: The address, proxy or authorities cannot be used, or the transport is closed.
        """
        from robocoders.client.translation import is_foreign, no_answer, tellable_cause  # noqa: PLC0415 - needs aiohttp

        session = self.open_session()
        own = self._open_single() if once and self._owns_session else None
        proxy = self._proxy or proxy_from_environment(url, os.environ)
        headers = {"User-Agent": f"robocoders/{__version__}", "Accept-Encoding": "identity", **dict(request.headers)}
        try:
            response = await (own or session).request(
                request.method,
                url,
                data=request.body,
                headers=headers,
                proxy=proxy,
                timeout=self._client_timeout(),
                allow_redirects=False,
                raise_for_status=False,
                read_bufsize=_READ_BUFFER_BYTES,
                ssl=self._tls_setting(url),
            )
        except Exception as error:
            if not is_foreign(error):
                raise
            failure, cause = no_answer(error, _origin(url), proxy), tellable_cause(error)
        else:
            kept, own = own, None
            return Answer(response, _origin(url), kept)
        finally:
            if own is not None:
                await own.close()
        # Out here, so that the foreign error is not its context either.
        raise failure from cause

    async def close(self) -> None:
        """Close the connections. Calling it again does nothing; a session of somebody else stays open."""
        self._closed = True
        self._leave_to_parent()
        for session in (self._session, *self._single):
            if session is not None and self._owns_session:
                await session.close()

    def open_session(self) -> aiohttp.ClientSession:
        """The session that requests go through, made when it is first asked for; for those who need aiohttp's own.

        Raises:
            ConfigurationError: The transport is closed.
        """
        if self._closed:
            raise ConfigurationError("This client is closed; make a new one")
        self._leave_to_parent()
        if self._session is None:
            self._session = _make_session()
        return self._session

    def _open_single(self) -> aiohttp.ClientSession:
        """A session for one request; closing it waits until its connection is closed."""
        session = _make_session()
        self._single.add(session)
        return session

    def _leave_to_parent(self) -> None:
        """Take connections of its own in a process that was forked; the copied ones are the parent's."""
        if self._owns_session and self._pid != os.getpid():
            for session in (self._session, *self._single):
                if session is not None and not session.closed:
                    _left_to_parent.append(session.connector)
                    session.detach()
            self._session = None
            self._single.clear()
        self._pid = os.getpid()

    def _client_timeout(self) -> aiohttp.ClientTimeout:
        import aiohttp  # noqa: PLC0415 - importing the client loads no third-party module

        timeouts = self._timeouts
        if isinstance(timeouts, aiohttp.ClientTimeout):
            return timeouts
        return aiohttp.ClientTimeout(total=None, connect=timeouts.connect, sock_read=timeouts.idle)

    def _tls_setting(self, url: str) -> ssl.SSLContext | bool:
        # True leaves it to the session; somebody else's may have authorities of its own.
        if urlsplit(url).scheme != "https" or not (self._owns_session or self._ca_file is not None):
            return True
        if self._tls is None:
            self._tls = tls_context(self._ca_file, os.environ)
        return self._tls


_left_to_parent: list[aiohttp.BaseConnector | None] = []
"""Were they collected, they would be closed, and the parent's event loop would no longer watch their sockets."""


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _make_session() -> aiohttp.ClientSession:
    import aiohttp  # noqa: PLC0415 - importing the client loads no third-party module

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEPALIVE_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
    )
