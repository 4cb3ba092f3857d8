"""One prompt, driven to the end of its turn: tokens, sessions, retries, broken streams, continuations.

Both fronts and the provider run on this. What differs between them is passed in:

* `Exchange`: the server, over a transport of one's own or over a caller's `aiohttp.ClientSession`
  (`Transport(session=...)`, which neither closes nor changes it);
* `Access`: where tokens come from and what to do about a 401 (`robocoders.client.access` has two policies);
* `SessionPolicy`: which session the prompt goes to, and whether another may take its place;
* `Prompt`: the prompt and its options.

Used like this::

    exchange = Exchange(Transport(session=session), "http://127.0.0.1:8760")
    conversation = Conversation(exchange, access, policy, Prompt("Fix the test"), unmarked_continues=1)
    async with aclosing(conversation.events()) as events:
        async for event in events:
            ...
    conversation.end.reason

A prompt is never run twice: once its body has left, it is sent again only where the server has announced idempotency
(then with the same key, from the last event seen on, and patiently: a server that is restarted meanwhile is not
noticed), or after an answer that shows that it was not taken. A session is replaced at most once, before the first
event, and never for a continuation. A conversation that `is_abandoned` when its events were closed may still run at
the server.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace

from robocoders.client.access import Access
from robocoders.client.delivery import Delivery, Prompt, SessionPolicy
from robocoders.client.event_stream import only_events
from robocoders.client.exchange import Exchange
from robocoders.errors import InvalidLineError, RobocodersError
from robocoders.events import Event
from robocoders.wire.codec import StreamItem
from robocoders.wire.turns import BODY_ENDED, Post, TurnEnd, converse

__all__ = ["Conversation", "Prompt", "SessionPolicy"]


class Conversation:
    """Drives one prompt. See the module for how it is used.

    Args:
        exchange: The server.
        access: The policy of tokens.
        session: The policy of sessions.
        prompt: What to send.
        max_continues: How often to go on by itself at a limit that the server marks.
        unmarked_continues: How often to go on after a waiting message of a server that marks nothing.
        max_line_bytes: Longest line of the answer; None for no limit.
        on_invalid_line: Told of each line that is no JSON object, which is then skipped; None raises it instead.

    Attributes:
        session_id: The session in use; None before the first request.
        last_event_id: The id of the last event that was given out.
        end: How the turn ended; None until it has.
    """

    def __init__(
        self,
        exchange: Exchange,
        access: Access,
        session: SessionPolicy,
        prompt: Prompt,
        *,
        max_continues: int = 8,
        unmarked_continues: int = 0,
        max_line_bytes: int | None = None,
        on_invalid_line: Callable[[InvalidLineError], None] | None = None,
    ) -> None:
        self.session_id: str | None = None
        self.last_event_id: int | None = None
        self.end: TurnEnd | None = None
        self._exchange = exchange
        self._access = access
        self._session = session
        self._prompt = prompt
        self._max_continues = max_continues
        self._unmarked_continues = unmarked_continues
        self._max_line_bytes = max_line_bytes
        self._on_invalid_line = on_invalid_line
        self._delivery: Delivery | None = None

    @property
    def is_abandoned(self) -> bool:
        """Whether a prompt may have been taken whose answer was not read to its end: its run may still go on."""
        return self._delivery is not None and self._delivery.is_abandoned

    def events(self) -> AsyncGenerator[Event]:
        """The events of the turn and of its continuations, without live text; otherwise as `items`."""
        return only_events(self.items())

    async def items(self) -> AsyncGenerator[StreamItem]:
        """The events of the turn and of its continuations, and live text where the prompt asks for it.

        Nothing happens before the first step.

        Closing the generator drops the connection; the run at the server goes on.

        Raises:
            RobocodersError: Every error of requests and streams, with `session_id` and `last_event_id`.
        """
        turn = converse(
            self._prompt.text, max_continues=self._max_continues, unmarked_continues=self._unmarked_continues
        )
        step = next(turn)
        while isinstance(step, Post):
            turn.send(None)
            async with aclosing(self._answer(step)) as body:
                async for item in body:
                    if isinstance(item, Event):
                        turn.send(item)
                    yield item
            try:
                step = turn.send(BODY_ENDED)
            except StopIteration as over:
                self.end = over.value
                return

    async def _answer(self, post: Post) -> AsyncGenerator[StreamItem]:
        delivery = Delivery(
            self._exchange,
            self._access,
            self._session,
            replace(self._prompt, text=post.prompt),
            may_replace=post.number == 0,
            max_line_bytes=self._max_line_bytes,
            on_invalid_line=self._on_invalid_line,
        )
        self._delivery = delivery
        try:
            async with aclosing(delivery.items()) as items:
                async for item in items:
                    self.session_id = delivery.session_id
                    if isinstance(item, Event) and item.id is not None:
                        self.last_event_id = item.id
                    yield item
        except RobocodersError as error:
            self.session_id = delivery.session_id or self.session_id
            error.session_id = error.session_id or self.session_id
            error.last_event_id = self.last_event_id
            raise
