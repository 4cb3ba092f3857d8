"""Requests to one server, with retries: whatever comes back is a success or one of the package's errors."""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urljoin, urlsplit

from robocoders.client.addresses import normal_address
from robocoders.client.clock import Clock, SystemClock
from robocoders.client.failures import TransportFailure
from robocoders.client.transport import Answer, Transport
from robocoders.errors import APIStatusError, ConfigurationError, ProtocolError
from robocoders.wire.protocol import IDEMPOTENCY_ANNOUNCEMENT_HEADER
from robocoders.wire.requests import Request
from robocoders.wire.retrying import RESUMPTION, Failure, RetryPolicy
from robocoders.wire.statuses import error_for_status

__all__ = ["Attempts", "Exchange", "replace_message"]

_log = logging.getLogger("robocoders.client")

_T = TypeVar("_T")

_LARGEST_BODY_BYTES = 64 * 1024 * 1024
_LARGEST_ERROR_BODY_BYTES = 256 * 1024
_LONGEST_REDIRECTION = 5


@dataclass(slots=True)
class Attempts:
    """How the attempts at one thing went.

    Attributes:
        failed: How often it has failed in a row. Whoever sees progress sets it back to 0.
        may_have_run: Whether one of them may have been carried out: neither was it refused, nor did it never leave.
        resumable: What breaks off can be taken up where it was, so that it is worth the patience of resumptions.
        patient: That has happened: the rule of resumptions holds from now on.
    """

    failed: int = 0
    may_have_run: bool = False
    resumable: bool = False
    patient: bool = False


class Exchange:
    """Sends the requests of the wire to one server.

    Args:
        transport: What carries them.
        base_url: The server's address.
        policy: When and after how long to try again.
        resumption: The same for what broke off and is taken up where it was.
        clock: Time, for waits and for a `Retry-After` that is a date.
        chance: Gives random numbers from 0 to 1, for the jitter.
        idempotent: Whether the server is known to run one keyed prompt once.
        on_idempotency: Told whenever that turns out to have changed.

    Attributes:
        address: The server's address in its one form.
        idempotent: What is known now. A server announces it on its answers (`Robocoders-Idempotency: 1`).
    """

    def __init__(
        self,
        transport: Transport,
        base_url: str,
        *,
        policy: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
        resumption: RetryPolicy = RESUMPTION,
        clock: Clock | None = None,
        chance: Callable[[], float] = random.random,
        idempotent: bool = False,
        on_idempotency: Callable[[bool], None] | None = None,
    ) -> None:
        self.address = normal_address(base_url)
        self.idempotent = idempotent
        self.clock: Clock = clock or SystemClock()
        self._transport = transport
        self._policy = policy
        self._resumption = resumption
        self._chance = chance
        self._on_idempotency = on_idempotency

    async def open(
        self, request: Request, *, session_id: str | None = None, attempts: Attempts | None = None
    ) -> Answer:
        """Send a request until it succeeds and return the answer with its body unread; the caller closes it.

        Args:
            request: What to send.
            session_id: The session concerned, for errors.
            attempts: Counts on from earlier failures of the same thing.

        Raises:
            APIStatusError: The last answer's status is no success.
            APIConnectionError: The last attempt got no answer.
            ProtocolError: The answer is not HTTP.
            ConfigurationError: The request cannot be sent.
        """

        async def as_it_is(answer: Answer) -> Answer:
            return answer

        return await self._attempt(request, as_it_is, session_id=session_id, attempts=attempts)

    async def fetch(
        self, request: Request, *, session_id: str | None = None, attempts: Attempts | None = None
    ) -> bytes:
        """Send a request until its whole answer has come, and return the body. Arguments as for `open`.

        Raises:
            RobocodersError: As `open` does; and `StreamError` where the body of the last attempt broke off.
        """

        async def read(answer: Answer) -> bytes:
            async with answer:
                return await answer.read(_LARGEST_BODY_BYTES)

        return await self._attempt(request, read, session_id=session_id, attempts=attempts)

    async def may_repeat(self, attempts: Attempts, failure: Failure, *, repeatable: bool) -> bool:
        """Count a failure, wait as the rule of retries says, and return whether to try again.

        Args:
            attempts: What failed so far; one failure is added if there is another attempt.
            failure: How the last attempt failed.
            repeatable: Sending the same once more does no harm.
        """
        policy = self._resumption if attempts.patient else self._policy
        delay = policy.delay_seconds(
            attempts.failed, failure, repeatable=repeatable, now=self.clock.now(), chance=self._chance()
        )
        if delay is None:
            return False
        attempts.failed += 1
        _log.debug("Trying %s again in %.1f s (attempt %d)", self.address, delay, attempts.failed + 1)
        await self.clock.sleep(delay)
        return True

    async def _attempt(
        self,
        request: Request,
        use: Callable[[Answer], Awaitable[_T]],
        *,
        session_id: str | None,
        attempts: Attempts | None,
    ) -> _T:
        counted = attempts or Attempts()
        while True:
            ran_before, counted.may_have_run = counted.may_have_run, True
            try:
                answer = await self._send(request, once=not self._is_repeatable(request))
                if 200 <= answer.status < 300:
                    self._note_announcement(answer)
                    return await use(answer)
                error = await self._status_error(answer, request, session_id)
            except TransportFailure as broken:
                failure, raised = Failure(sent=broken.sent), broken.error
                raised.session_id = raised.session_id or session_id
                cause: BaseException | None = broken.__cause__
                if broken.lasting:
                    counted.may_have_run = ran_before or _may_have_run(failure)
                    raise raised from cause
            else:
                failure, raised, cause = Failure(sent=True, status=error.status, headers=answer.headers), error, None
            counted.may_have_run = ran_before or _may_have_run(failure)
            # Asked only now: the answer itself may have told what the server is.
            repeatable = self._is_repeatable(request)
            counted.patient |= counted.resumable and repeatable and failure.sent and failure.status is None
            if not await self.may_repeat(counted, failure, repeatable=repeatable):
                raise raised from cause

    def _is_repeatable(self, request: Request) -> bool:
        return request.safe or (request.is_keyed and self.idempotent)

    async def _send(self, request: Request, *, once: bool) -> Answer:
        url = f"{self.address}{request.path}"
        for _ in range(_LONGEST_REDIRECTION):
            answer = await self._transport.send(url, request, once=once)
            target = _same_origin_target(url, answer, request)
            if target is None:
                return answer
            answer.close()
            url = target
        return await self._transport.send(url, request, once=once)

    async def _status_error(self, answer: Answer, request: Request, session_id: str | None) -> APIStatusError:
        try:
            async with answer:
                body = await answer.read(_LARGEST_ERROR_BODY_BYTES)
        except (TransportFailure, ProtocolError):
            # The status is known; what the server had to say about it is not, or is too long. Cut, it could not be
            # cleaned of a prompt that it quotes.
            body = b""
        error = error_for_status(
            answer.status,
            answer.headers,
            body,
            now=self.clock.now(),
            secrets=request.secrets,
            session_id=session_id,
        )
        return _redirection_error(error, answer) if 300 <= answer.status < 400 else error

    def _note_announcement(self, answer: Answer) -> None:
        announced = answer.headers.get(IDEMPOTENCY_ANNOUNCEMENT_HEADER.lower()) == "1"
        if announced != self.idempotent:
            self.idempotent = announced
            if self._on_idempotency is not None:
                self._on_idempotency(announced)


def _may_have_run(failure: Failure) -> bool:
    """Whether the server may have carried out what failed like this."""
    if failure.status is None:
        return failure.sent
    if failure.status == 503:
        # One that says when to come back did nothing.
        return (failure.headers or {}).keys().isdisjoint(("retry-after", "retry-after-ms"))
    return failure.status >= 500


def _same_origin_target(url: str, answer: Answer, request: Request) -> str | None:
    """Where to ask again: only on the same host and port, since the token goes along, and only what may be repeated."""
    location = answer.headers.get("location")
    if answer.status not in {301, 302, 303, 307, 308} or location is None or request.method != "GET":
        return None
    target = urljoin(url, location)
    return target if _origin(url) == _origin(target) else None


def _origin(url: str) -> str | None:
    """Scheme, host and port, also where the address does not spell out the port; None where it is no server's."""
    parts = urlsplit(url)
    try:
        return normal_address(f"{parts.scheme}://{parts.netloc}")
    except ConfigurationError:
        return None


def _redirection_error(error: APIStatusError, answer: Answer) -> APIStatusError:
    target = urlsplit(answer.headers.get("location", ""))
    where = f" to {target.scheme}://{target.netloc.rpartition('@')[2]}" if target.netloc else ""
    text = f"HTTP {error.status}: the server redirects{where}; name the address it should be asked at"
    return replace_message(error, text)


def replace_message(error: APIStatusError, text: str) -> APIStatusError:
    """The same error with another text."""
    return type(error)(
        text,
        status=error.status,
        body=error.body,
        retry_after_seconds=error.retry_after_seconds,
        session_id=error.session_id,
        request_id=error.request_id,
        last_event_id=error.last_event_id,
    )
