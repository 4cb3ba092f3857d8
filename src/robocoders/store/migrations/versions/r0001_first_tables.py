"""The complete data model: users, tokens, sessions, turns, events, keys, settings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "user",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "token",
        sa.Column("jti", sa.String, nullable=False),
        sa.Column("user_id", sa.String, sa.ForeignKey("user.id"), nullable=False),
        sa.Column("expires_at_us", sa.BigInteger, nullable=False),
        sa.Column("revoked_at_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("jti"),
    )
    op.create_table(
        "setting",
        sa.Column("name", sa.String, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    _make_session()
    _make_turn()
    _make_event()
    op.create_table(
        "key",
        sa.Column("owner", sa.String, sa.ForeignKey("user.id"), nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("body_hash", sa.String, nullable=False),
        sa.Column("turn_id", sa.String, sa.ForeignKey("turn.id"), nullable=False),
        sa.Column("created_at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("owner", "key"),
    )


def _make_session() -> None:
    op.create_table(
        "session",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("owner", sa.String, sa.ForeignKey("user.id"), nullable=False),
        sa.Column("workspace_kind", sa.String, nullable=False),
        sa.Column("workspace_ref", sa.String),
        sa.Column("model", sa.String),
        sa.Column("limits", sa.JSON, nullable=False),
        sa.Column("lease_owner", sa.String),
        sa.Column("lease_epoch", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("created_at_us", sa.BigInteger, nullable=False),
        sa.Column("deleted_at_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("session_of_owner", "session", ["owner", "created_at_us"])


def _make_turn() -> None:
    op.create_table(
        "turn",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("session_id", sa.String, sa.ForeignKey("session.id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("reason", sa.String),
        sa.Column("agent", sa.String, nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("prompt", sa.Text, nullable=False),
        sa.Column("history", sa.String, nullable=False),
        sa.Column("limits", sa.JSON, nullable=False),
        sa.Column("usage", sa.JSON, nullable=False),
        sa.Column("cost_micro_usd", sa.BigInteger, nullable=False),
        sa.Column("key", sa.String),
        sa.Column("after_event_id", sa.BigInteger, nullable=False),
        sa.Column("last_event_id", sa.BigInteger),
        sa.Column("created_at_us", sa.BigInteger, nullable=False),
        sa.Column("ended_at_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("session_id", "number"),
    )
    open_turns = sa.text("state <> 'ended'")
    op.create_index("turn_open", "turn", ["session_id"], sqlite_where=open_turns, postgresql_where=open_turns)


def _make_event() -> None:
    op.create_table(
        "event",
        sa.Column("session_id", sa.String, nullable=False),
        sa.Column("id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("turn_id", sa.String, nullable=False),
        sa.Column("cause", sa.BigInteger),
        sa.Column("visibility", sa.String, nullable=False),
        sa.Column("schema_version", sa.Integer, nullable=False),
        sa.Column("created_at_us", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("session_id", "id"),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"]),
        sa.ForeignKeyConstraint(["turn_id"], ["turn.id"]),
    )
