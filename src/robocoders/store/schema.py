"""The tables, as the newest migration leaves them."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

__all__ = [
    "EVENT_SCHEMA_VERSION",
    "HEAD_REVISION",
    "KNOWN_REVISIONS",
    "alembic_version",
    "event",
    "history",
    "key",
    "live_text",
    "metadata",
    "response",
    "session",
    "setting",
    "step",
    "token",
    "turn",
    "user",
    "withdrawn",
]

KNOWN_REVISIONS = ("0001", "0002", "0003", "0004")
"""Every migration, oldest first; a database with any other revision was made by a newer version."""

HEAD_REVISION = KNOWN_REVISIONS[-1]

EVENT_SCHEMA_VERSION = 1
"""The form of `event.body`: one line of the wire protocol."""

metadata = MetaData()

alembic_version = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""Alembic's own table; not part of `metadata`, because Alembic makes it."""

user = Table(
    "user",
    metadata,
    Column("id", String, nullable=False),
    Column("name", String, nullable=False),
    PrimaryKeyConstraint("id"),
)

token = Table(
    "token",
    metadata,
    Column("jti", String, nullable=False),
    Column("user_id", String, ForeignKey("user.id"), nullable=False),
    Column("expires_at_us", BigInteger, nullable=False),
    Column("revoked_at_us", BigInteger),
    PrimaryKeyConstraint("jti"),
)

session = Table(
    "session",
    metadata,
    Column("id", String, nullable=False),
    Column("owner", String, ForeignKey("user.id"), nullable=False),
    Column("workspace_kind", String, nullable=False),
    Column("workspace_ref", String),
    Column("model", String),
    Column("limits", JSON, nullable=False),
    # Who runs the session's turns where several workers share a database. The epoch grows with every change of
    # hands, so that a worker which lost the lease cannot write any more.
    Column("lease_owner", String),
    Column("lease_epoch", BigInteger, nullable=False, server_default=text("0")),
    Column("created_at_us", BigInteger, nullable=False),
    Column("deleted_at_us", BigInteger),
    Column("network", Boolean, nullable=False, server_default=false()),
    PrimaryKeyConstraint("id"),
    Index("session_of_owner", "owner", "created_at_us"),
)

turn = Table(
    "turn",
    metadata,
    Column("id", String, nullable=False),
    Column("session_id", String, ForeignKey("session.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", String),
    Column("agent", String, nullable=False),
    Column("model", String, nullable=False),
    Column("prompt", Text, nullable=False),
    Column("history", String, nullable=False),
    Column("limits", JSON, nullable=False),
    Column("usage", JSON, nullable=False),
    Column("cost_micro_usd", BigInteger, nullable=False),
    Column("key", String),
    Column("after_event_id", BigInteger, nullable=False),
    Column("last_event_id", BigInteger),
    Column("created_at_us", BigInteger, nullable=False),
    Column("ended_at_us", BigInteger),
    Column("durable", Boolean, nullable=False, server_default=false()),
    Column("only_continues", Boolean, nullable=False, server_default=false()),
    # For sums: those of `usage`, in and out.
    Column("tokens", BigInteger, nullable=False, server_default=text("0")),
    Column("wall_us", BigInteger, nullable=False, server_default=text("0")),
    # Of the turn's last request to its model: the measure for the next one.
    Column("last_tokens", BigInteger, nullable=False, server_default=text("0")),
    Column("last_cost_micro_usd", BigInteger, nullable=False, server_default=text("0")),
    # Last, because images are in it. JSON, but text here: whoever wrote it reads it, in its own form.
    Column("wishes", Text),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("session_id", "number"),
    # Few turns are open at any time: this one stays tiny, and a start finds them without reading the others.
    Index("turn_open", "session_id", sqlite_where=text("state <> 'ended'"), postgresql_where=text("state <> 'ended'")),
)

# A table with a row id on purpose: SQLite advises against WITHOUT ROWID for rows beyond a twentieth of a page, and a
# body may have 64 MiB. The primary key is an index of its own, small enough to stay in memory.
event = Table(
    "event",
    metadata,
    Column("session_id", String, nullable=False),
    Column("id", BigInteger, nullable=False, autoincrement=False),
    Column("turn_id", String, nullable=False),
    Column("cause", BigInteger),
    Column("visibility", String, nullable=False),
    Column("schema_version", Integer, nullable=False),
    Column("created_at_us", BigInteger, nullable=False),
    # Last of what is read, so that the columns before it are read without walking through a long body.
    Column("body", LargeBinary, nullable=False),
    # Where in its turn the event belongs. Behind the body, where a migration can add columns without writing the whole
    # log anew; they are only looked up, in the index.
    Column("step", Integer),
    Column("n", Integer),
    PrimaryKeyConstraint("session_id", "id"),
    ForeignKeyConstraint(["session_id"], ["session.id"]),
    ForeignKeyConstraint(["turn_id"], ["turn.id"]),
    Index(
        "event_place",
        "turn_id",
        "step",
        "n",
        unique=True,
        sqlite_where=text("step IS NOT NULL"),
        postgresql_where=text("step IS NOT NULL"),
    ),
)

step = Table(
    "step",
    metadata,
    Column("turn_id", String, nullable=False),
    Column("number", Integer, nullable=False, autoincrement=False),
    Column("fingerprint", Text, nullable=False),
    Column("action_id", BigInteger, nullable=False),
    Column("created_at_us", BigInteger, nullable=False),
    # NULL where the step was begun and not finished.
    Column("result", LargeBinary),
    PrimaryKeyConstraint("turn_id", "number"),
    ForeignKeyConstraint(["turn_id"], ["turn.id"]),
)

live_text = Table(
    "live_text",
    metadata,
    Column("session_id", String, nullable=False),
    Column("turn_id", String, nullable=False),
    Column("event_id", BigInteger, nullable=False),
    Column("generation", Integer, nullable=False),
    # In characters. SQLite's own length() ends at the first NUL, and reads the whole text for every piece.
    Column("length", Integer, nullable=False),
    Column("text", Text, nullable=False),
    PrimaryKeyConstraint("session_id"),
    ForeignKeyConstraint(["session_id"], ["session.id"]),
    ForeignKeyConstraint(["turn_id"], ["turn.id"]),
)

withdrawn = Table(
    "withdrawn",
    metadata,
    Column("session_id", String, nullable=False),
    Column("event_id", BigInteger, nullable=False, autoincrement=False),
    Column("generation", Integer, nullable=False, autoincrement=False),
    Column("characters", Integer, nullable=False),
    PrimaryKeyConstraint("session_id", "event_id", "generation"),
    ForeignKeyConstraint(["session_id"], ["session.id"]),
)

response = Table(
    "response",
    metadata,
    Column("id", String, nullable=False),
    Column("owner", String, ForeignKey("user.id"), nullable=False),
    Column("session_id", String, ForeignKey("session.id"), nullable=False),
    Column("turn_id", String, ForeignKey("turn.id"), nullable=False),
    Column("after_event_id", BigInteger, nullable=False),
    Column("request", JSON, nullable=False),
    Column("created_at_us", BigInteger, nullable=False),
    Column("deleted_at_us", BigInteger),
    # No foreign key: what a response follows may be gone.
    Column("previous_id", String),
    PrimaryKeyConstraint("id"),
    # A segment of a turn has one name, however often it is asked for.
    UniqueConstraint("turn_id", "after_event_id"),
    Index("response_of_session", "session_id", "created_at_us"),
)

history = Table(
    "history",
    metadata,
    Column("session_id", String, nullable=False),
    Column("after_turn", Integer, nullable=False),
    Column("messages", LargeBinary, nullable=False),
    PrimaryKeyConstraint("session_id"),
    ForeignKeyConstraint(["session_id"], ["session.id"]),
)

key = Table(
    "key",
    metadata,
    Column("owner", String, ForeignKey("user.id"), nullable=False),
    Column("key", String, nullable=False),
    Column("body_hash", String, nullable=False),
    Column("turn_id", String, ForeignKey("turn.id")),
    # No foreign key: the session of a request may never have been.
    Column("session_id", String),
    Column("answer", Text),
    Column("created_at_us", BigInteger, nullable=False),
    # When it may be forgotten; NULL as long as its session lives.
    Column("expires_at_us", BigInteger),
    PrimaryKeyConstraint("owner", "key"),
    Index("key_of_session", "session_id"),
    Index(
        "key_to_forget",
        "expires_at_us",
        sqlite_where=text("expires_at_us IS NOT NULL"),
        postgresql_where=text("expires_at_us IS NOT NULL"),
    ),
)

setting = Table(
    "setting",
    metadata,
    Column("name", String, nullable=False),
    Column("value", Text, nullable=False),
    PrimaryKeyConstraint("name"),
)
