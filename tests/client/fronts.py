"""Both fronts with one face, so that one test speaks to either."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any, Generic, Protocol, TypeVar

from robocoders import AsyncRobocoders, AsyncSession, Code, Event, Reply, Robocoders, Session, SessionInfo
from robocoders.client.blocking_events import BlockingIterator
from robocoders.events import TextDelta, TextReset
from robocoders.testing.clock import FakeClock


class Stream(Protocol):
    """Events that can be taken one by one and left early."""

    async def next(self) -> Event | None:
        """The next event; None: there are no more."""
        ...

    async def close(self) -> None:
        """Leave the rest."""
        ...


class LiveStream(Protocol):
    """Events and live text that can be taken one by one."""

    async def next(self) -> Event | TextDelta | TextReset | None:
        """The next item; None: there are no more."""
        ...


class Talk(Protocol):
    """A session."""

    @property
    def id(self) -> str: ...
    def chat(
        self,
        prompt: str,
        agent: str = "GeneralCodingAgent",
        *,
        max_continues: int | None = None,
        if_busy_refuse: bool = False,
    ) -> Stream: ...
    def events(self, after: int = 0, *, follow: bool = True) -> Stream: ...
    def attach(self) -> Stream: ...
    def live_chat(self, prompt: str) -> LiveStream: ...
    def live_events(self, after: int = 0, *, follow: bool = True) -> LiveStream: ...
    def live_attach(self) -> LiveStream: ...
    async def ask(self, prompt: str, agent: str = "GeneralCodingAgent", **options: Any) -> Reply: ...
    async def cancel(self) -> bool: ...
    async def code(self, github_username: str) -> Code | None: ...
    async def info(self) -> SessionInfo: ...
    async def delete(self) -> None: ...


class Client(Protocol):
    """A client."""

    @property
    def base_url(self) -> str: ...
    async def create_session(self, **wishes: Any) -> Talk: ...
    def session(self, session_id: str) -> Talk: ...
    async def ask(self, prompt: str, **options: Any) -> Reply: ...
    async def sessions(self) -> list[SessionInfo]: ...
    async def sign_in(self) -> None: ...
    async def token(self) -> str: ...
    async def sign_out(self) -> None: ...
    async def close(self) -> None: ...


async def collect(stream: Stream, seen: Mapping[int, threading.Event] | None = None) -> list[Event]:
    """Take all events; by the id of an event is told that it was."""
    found: list[Event] = []
    while (event := await stream.next()) is not None:
        found.append(event)
        if seen is not None and event.id is not None and event.id in seen:
            seen[event.id].set()
    return found


async def collect_live(
    stream: LiveStream, seen: Mapping[int, threading.Event] | None = None
) -> list[Event | TextDelta | TextReset]:
    """Take all events and live text; by how many there are is told that so many were."""
    found: list[Event | TextDelta | TextReset] = []
    while (item := await stream.next()) is not None:
        found.append(item)
        if seen is not None and len(found) in seen:
            seen[len(found)].set()
    return found


class Front:
    """Makes clients of one kind. They wait for nothing: their clock is `clock`, their jitter always the whole bound.

    Attributes:
        clock: The time of all clients made here.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.clock = FakeClock()

    @asynccontextmanager
    async def connect(self, url: str | None, token: str | None = None, **options: Any) -> AsyncGenerator[Client]:
        """A client, closed at the end."""
        settings: dict[str, Any] = {"clock": self.clock, "chance": lambda: 1.0, **options}
        if self.kind == "async":
            async with AsyncRobocoders(url, token, **settings) as client:
                yield _AsyncClient(client)
            return
        blocking = Robocoders(url, token, **settings)
        try:
            yield _BlockingClient(blocking)
        finally:
            await asyncio.to_thread(blocking.close)


_T = TypeVar("_T")


class _AsyncStream(Generic[_T]):
    def __init__(self, events: AsyncGenerator[_T]) -> None:
        self._events = events

    async def next(self) -> _T | None:
        return await anext(self._events, None)

    async def close(self) -> None:
        async with aclosing(self._events):
            pass


class _AsyncTalk:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    @property
    def id(self) -> str:
        return self._session.id

    def chat(
        self,
        prompt: str,
        agent: str = "GeneralCodingAgent",
        *,
        max_continues: int | None = None,
        if_busy_refuse: bool = False,
    ) -> Stream:
        events = self._session.chat(prompt, agent, max_continues=max_continues, if_busy_refuse=if_busy_refuse)
        return _AsyncStream(events)

    def events(self, after: int = 0, *, follow: bool = True) -> Stream:
        return _AsyncStream(self._session.events(after, follow=follow))

    def attach(self) -> Stream:
        return _AsyncStream(self._session.attach())

    def live_chat(self, prompt: str) -> LiveStream:
        return _AsyncStream(self._session.chat(prompt, deltas=True))

    def live_events(self, after: int = 0, *, follow: bool = True) -> LiveStream:
        return _AsyncStream(self._session.events(after, follow=follow, deltas=True))

    def live_attach(self) -> LiveStream:
        return _AsyncStream(self._session.attach(deltas=True))

    async def ask(self, prompt: str, agent: str = "GeneralCodingAgent", **options: Any) -> Reply:
        return await self._session.ask(prompt, agent, **options)

    async def cancel(self) -> bool:
        return await self._session.cancel()

    async def code(self, github_username: str) -> Code | None:
        return await self._session.code(github_username=github_username)

    async def info(self) -> SessionInfo:
        return await self._session.info()

    async def delete(self) -> None:
        await self._session.delete()


class _AsyncClient:
    def __init__(self, client: AsyncRobocoders) -> None:
        self._client = client

    @property
    def base_url(self) -> str:
        return self._client.base_url

    async def create_session(self, **wishes: Any) -> Talk:
        return _AsyncTalk(await self._client.create_session(**wishes))

    def session(self, session_id: str) -> Talk:
        return _AsyncTalk(self._client.session(session_id))

    async def ask(self, prompt: str, **options: Any) -> Reply:
        return await self._client.ask(prompt, **options)

    async def sessions(self) -> list[SessionInfo]:
        return await self._client.sessions()

    async def sign_in(self) -> None:
        await self._client.sign_in()

    async def token(self) -> str:
        return await self._client.token()

    async def sign_out(self) -> None:
        await self._client.sign_out()

    async def close(self) -> None:
        await self._client.close()


class _BlockingStream(Generic[_T]):
    def __init__(self, events: BlockingIterator[_T]) -> None:
        self._events = events

    async def next(self) -> _T | None:
        return await asyncio.to_thread(next, self._events, None)

    async def close(self) -> None:
        await asyncio.to_thread(self._events.close)


class _BlockingTalk:
    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def id(self) -> str:
        return self._session.id

    def chat(
        self,
        prompt: str,
        agent: str = "GeneralCodingAgent",
        *,
        max_continues: int | None = None,
        if_busy_refuse: bool = False,
    ) -> Stream:
        events = self._session.chat(prompt, agent, max_continues=max_continues, if_busy_refuse=if_busy_refuse)
        return _BlockingStream(events)

    def events(self, after: int = 0, *, follow: bool = True) -> Stream:
        return _BlockingStream(self._session.events(after, follow=follow))

    def attach(self) -> Stream:
        return _BlockingStream(self._session.attach())

    def live_chat(self, prompt: str) -> LiveStream:
        return _BlockingStream(self._session.chat(prompt, deltas=True))

    def live_events(self, after: int = 0, *, follow: bool = True) -> LiveStream:
        return _BlockingStream(self._session.events(after, follow=follow, deltas=True))

    def live_attach(self) -> LiveStream:
        return _BlockingStream(self._session.attach(deltas=True))

    async def ask(self, prompt: str, agent: str = "GeneralCodingAgent", **options: Any) -> Reply:
        return await asyncio.to_thread(self._session.ask, prompt, agent, **options)

    async def cancel(self) -> bool:
        return await asyncio.to_thread(self._session.cancel)

    async def code(self, github_username: str) -> Code | None:
        return await asyncio.to_thread(self._session.code, github_username=github_username)

    async def info(self) -> SessionInfo:
        return await asyncio.to_thread(self._session.info)

    async def delete(self) -> None:
        await asyncio.to_thread(self._session.delete)


class _BlockingClient:
    def __init__(self, client: Robocoders) -> None:
        self._client = client

    @property
    def base_url(self) -> str:
        return self._client.base_url

    async def create_session(self, **wishes: Any) -> Talk:
        return _BlockingTalk(await asyncio.to_thread(self._client.create_session, **wishes))

    def session(self, session_id: str) -> Talk:
        return _BlockingTalk(self._client.session(session_id))

    async def ask(self, prompt: str, **options: Any) -> Reply:
        return await asyncio.to_thread(self._client.ask, prompt, **options)

    async def sessions(self) -> list[SessionInfo]:
        return await asyncio.to_thread(self._client.sessions)

    async def sign_in(self) -> None:
        await asyncio.to_thread(self._client.sign_in)

    async def token(self) -> str:
        return await asyncio.to_thread(self._client.token)

    async def sign_out(self) -> None:
        await asyncio.to_thread(self._client.sign_out)

    async def close(self) -> None:
        await asyncio.to_thread(self._client.close)
