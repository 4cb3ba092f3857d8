"""What goes into the store and comes out of it. All times are microseconds since 1970 in UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from robocoders.wire.wishes import Wishes

__all__ = [
    "BegunStep",
    "BegunTurn",
    "BegunWait",
    "CancelBound",
    "ClosedTurn",
    "History",
    "Keyed",
    "KnownKey",
    "Ledger",
    "LiveReset",
    "LiveText",
    "ModelHistory",
    "NewTurn",
    "Place",
    "ResponseRow",
    "SessionRow",
    "SessionState",
    "SessionSummary",
    "Spending",
    "StepState",
    "StoredEvent",
    "Sums",
    "TokenRow",
    "TurnRow",
    "TurnState",
    "Visibility",
    "Withdrawn",
    "WorkspaceKind",
]

WorkspaceKind = Literal["private", "directory"]
"""`private`: a directory of the session's own below the data directory; `directory`: one that the user named."""

TurnState = Literal["queued", "running", "ended"]
SessionState = Literal["idle", "queued", "running"]

History = Literal["log", "in_prompt"]
"""`log`: the model hears the session's earlier turns; `in_prompt`: the prompt carries its own history."""

StepState = Literal["new", "unfinished", "finished"]
"""`unfinished`: it was begun before, and whatever it was doing was cut off before its result was committed."""

Visibility = Literal["action", "observation"]
"""Actions are on every stream, observations only on those that ask for all events."""


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token that was handed out; the token itself is never stored."""

    jti: str
    user_id: str
    expires_at_us: int
    revoked_at_us: int | None


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session. A deleted one keeps its row, so that nobody else can make it again.

    Attributes:
        id: The session's id.
        owner: Whose it is.
        workspace_kind: Whose directory it works in.
        workspace_ref: That directory, where it is the user's.
        model: The model's name; None for the server's.
        limits: What its turns may use up, as the request had it.
        created_at_us: When it was made.
        deleted_at_us: When it was deleted.
        network: Whether its commands may use the network.
    """

    id: str
    owner: str
    workspace_kind: WorkspaceKind
    workspace_ref: str | None
    model: str | None
    limits: dict[str, Any]
    created_at_us: int
    deleted_at_us: int | None = None
    network: bool = False


@dataclass(frozen=True, slots=True)
class Sums:
    """What was used up: millionths of a US dollar, tokens in and out, microseconds of work."""

    cost_micro_usd: int = 0
    tokens: int = 0
    wall_us: int = 0


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """A session as a list shows it.

    Attributes:
        session: The session.
        turns: How many prompts it was sent.
        last_event_id: The id of its newest event, 0 where there is none.
        state: `running` or `queued` where a turn is open.
        last_prompt_at_us: When the newest prompt came; None where there is none.
        last_turn_after: The id after which the present answer begins: that of the running turn, else of the one that
            waits longest, else of the newest. None where there were no prompts.
        spent: What its turns have used up.
    """

    session: SessionRow
    turns: int
    last_event_id: int
    state: SessionState
    last_prompt_at_us: int | None
    last_turn_after: int | None = None
    spent: Sums = Sums()


@dataclass(frozen=True, slots=True)
class NewTurn:
    """A prompt to be accepted.

    Attributes:
        session_id: The session.
        owner: The caller; keys are unique for each.
        agent: The agent's name.
        model: The model's name.
        prompt: What the user says.
        history: What the model hears before it.
        limits: The limits as they are now.
        key: The idempotency key, where the caller gave one.
        body_hash: A hash of the request's body; the same key must come with the same one.
        refuse_if_busy: Refuse, rather than wait, where the session has an open turn.
        only_continues: It runs only where there is something to continue.
        wishes: What is asked for beside the words.
    """

    session_id: str
    owner: str
    agent: str
    model: str
    prompt: str = field(repr=False)
    history: History = "log"
    limits: dict[str, Any] = field(default_factory=dict[str, Any])
    key: str | None = None
    body_hash: str = ""
    refuse_if_busy: bool = False
    only_continues: bool = False
    wishes: Wishes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class TurnRow:
    """A prompt that was accepted, and what became of it.

    Attributes:
        id: The turn's id.
        session_id: Its session.
        number: 1, 2, 3, ... within the session, in the order of acceptance.
        state: `queued`, `running` or `ended`.
        reason: Why it ended; None before.
        agent: The agent's name.
        model: The model's name.
        prompt: What the user said; empty after the session was deleted.
        history: What the model hears before it.
        limits: The limits as they were.
        usage: Tokens and calls, by name.
        cost_micro_usd: What it cost, in millionths of a US dollar.
        key: The idempotency key, where there was one.
        after_event_id: The session's newest event when the turn was accepted: its own events come after it.
        last_event_id: Its closing message; None before it ended, and where the session was deleted first.
        created_at_us: When it was accepted.
        ended_at_us: When it ended; None before.
        durable: Whether it can go on after a crash. Turns that were accepted before events had places cannot.
        only_continues: Whether it runs only where there is something to continue; else it ends at once.
        wall_us: How long it has been worked on, in microseconds, as far as that is on record.
        wishes: What was asked for beside the words; None after the session was deleted, and in a `ClosedTurn`.
    """

    id: str
    session_id: str
    number: int
    state: TurnState
    reason: str | None
    agent: str
    model: str
    prompt: str = field(repr=False)
    history: History
    limits: dict[str, Any]
    usage: dict[str, int]
    cost_micro_usd: int
    key: str | None
    after_event_id: int
    last_event_id: int | None
    created_at_us: int
    ended_at_us: int | None
    durable: bool = True
    only_continues: bool = False
    wall_us: int = 0
    wishes: Wishes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Spending:
    """What one turn has used up.

    Attributes:
        usage: Tokens and calls, by name.
        cost_micro_usd: What it cost, in millionths of a US dollar.
        wall_us: How long it has been worked on, in microseconds.
        last: What its last request to its model used up.
    """

    usage: dict[str, int] = field(default_factory=dict[str, int])
    cost_micro_usd: int = 0
    wall_us: int = 0
    last: Sums = field(default_factory=Sums)


@dataclass(frozen=True, slots=True)
class Ledger:
    """What others than one turn have used up.

    Attributes:
        session: All other turns of its session.
        user: All other turns of its user.
        last: The last request to a model in its session.
    """

    session: Sums
    user: Sums
    last: Sums


@dataclass(frozen=True, slots=True)
class ModelHistory:
    """The model's messages of a session.

    Attributes:
        messages: In a form that the agents know.
        after_turn: The number of the turn that left them.
    """

    messages: bytes = field(repr=False)
    after_turn: int


@dataclass(frozen=True, slots=True)
class BegunTurn:
    """The turn of a prompt; `existing` where the key was known and nothing new was begun."""

    turn: TurnRow
    existing: bool


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event of the log.

    Attributes:
        session_id: The session.
        id: The event's number within the session, from 1. 0 only in a closing message for which the disk had no space
            left: it is not in the log, and its body has no id.
        turn_id: The turn it belongs to.
        cause: On an observation, the id of its action.
        body: The encoded line, without its line end.
        visibility: `action` or `observation`.
        schema_version: The version of the body's form.
        created_at_us: When it was committed.
        closes_turn: Whether it is the last event of its turn.
    """

    session_id: str
    id: int
    turn_id: str
    cause: int | None
    body: bytes = field(repr=False)
    visibility: Visibility
    schema_version: int
    created_at_us: int
    closes_turn: bool = False


@dataclass(frozen=True, slots=True)
class ClosedTurn:
    """A turn that has ended, with its closing message."""

    turn: TurnRow
    closing: StoredEvent


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where in its turn an event belongs, so that a turn which is played again adds nothing twice.

    Attributes:
        step: 0 for what the turn itself says, 1, 2, 3, ... for its tool calls.
        n: 0, 1, 2, ... within the step.
    """

    step: int
    n: int


@dataclass(frozen=True, slots=True)
class BegunStep:
    """A tool call that may be carried out, or what became of it before.

    Attributes:
        action: The event that announced it.
        state: `new` where it is to be carried out now.
        result: What it was finished with; None before.
        output: What its live text had said when it was cut off; empty where it is not `unfinished`.
    """

    action: StoredEvent
    state: StepState
    result: bytes | None = field(default=None, repr=False)
    output: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class LiveText:
    """A piece of the text of an event to come, or all of it so far.

    Attributes:
        session_id: The session.
        turn_id: The turn whose event it will be.
        event_id: The id that the event will have.
        generation: How often the text was withdrawn before.
        offset: Where `text` begins, in characters.
        text: The piece.
    """

    session_id: str
    turn_id: str
    event_id: int
    generation: int
    offset: int
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LiveReset:
    """The live text of an event to come was withdrawn; what follows begins at offset 0 with this generation."""

    session_id: str
    event_id: int
    generation: int


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Live text that was shown and did not become an event.

    Attributes:
        event_id: The id that its event was to have; another event has it now, or will.
        generation: How often the text of that event had been withdrawn before.
        characters: How long it was.
    """

    event_id: int
    generation: int
    characters: int


@dataclass(frozen=True, slots=True)
class BegunWait:
    """Questions to somebody outside the turn, and what was answered so far.

    Attributes:
        asked: The events that ask, in their order; ids without gap.
        answers: For each the event that answers it; None where that has not come.
    """

    asked: tuple[StoredEvent, ...]
    answers: tuple[StoredEvent | None, ...]

    @property
    def complete(self) -> bool:
        """Whether all is answered."""
        return None not in self.answers


@dataclass(frozen=True, slots=True)
class ResponseRow:
    """A segment of a turn under a name of its own: what follows an event, up to where the client is asked, or the end.

    Attributes:
        id: `resp_` and hexadecimal digits.
        owner: Whose it is.
        session_id: The session.
        turn_id: The turn.
        after_event_id: The id after which the segment begins.
        request: What is to be told again of the request; empty after the response was deleted.
        created_at_us: When it was made.
        deleted_at_us: When it was deleted; None while it is not.
        previous_id: The response that it follows, where the request named one.
    """

    id: str
    owner: str
    session_id: str
    turn_id: str
    after_event_id: int
    request: dict[str, Any] = field(repr=False)
    created_at_us: int
    deleted_at_us: int | None = None
    previous_id: str | None = None


@dataclass(frozen=True, slots=True)
class Keyed:
    """The idempotency key of a request; keys are unique for each owner.

    Attributes:
        owner: The caller.
        key: The key, as the caller gave it.
        body_hash: A hash of the request; the same key must come with the same one.
    """

    owner: str
    key: str
    body_hash: str


@dataclass(frozen=True, slots=True)
class KnownKey:
    """What a key was used for.

    Attributes:
        turn_id: The turn that was begun with it.
        session_id: The session that the request was about.
        answer: What was answered, where neither of them tells it.
    """

    turn_id: str | None
    session_id: str | None
    answer: str | None


@dataclass(frozen=True, slots=True)
class CancelBound:
    """Which turns a request to cancel means, however late it is carried out.

    Attributes:
        up_to: The greatest number of a turn that was open; 0 where there was none.
        any_open: Whether there was one.
    """

    up_to: int
    any_open: bool
