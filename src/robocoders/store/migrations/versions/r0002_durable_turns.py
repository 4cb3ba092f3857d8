"""What turns need to go on after a crash: places of events, steps, live text; keys for every route."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEY_LIFE_US = 24 * 3600 * 1_000_000
"""How long keys outlive their session, as of this revision."""


def upgrade() -> None:
    """Add what is new; only the table of keys is written anew, and no event is touched."""
    op.add_column("turn", sa.Column("durable", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("turn", sa.Column("only_continues", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("event", sa.Column("step", sa.Integer))
    op.add_column("event", sa.Column("n", sa.Integer))
    has_place = sa.text("step IS NOT NULL")
    op.create_index(
        "event_place",
        "event",
        ["turn_id", "step", "n"],
        unique=True,
        sqlite_where=has_place,
        postgresql_where=has_place,
    )
    op.create_table(
        "step",
        sa.Column("turn_id", sa.String, nullable=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("action_id", sa.BigInteger, nullable=False),
        sa.Column("created_at_us", sa.BigInteger, nullable=False),
        sa.Column("result", sa.LargeBinary),
        sa.PrimaryKeyConstraint("turn_id", "number"),
        sa.ForeignKeyConstraint(["turn_id"], ["turn.id"]),
    )
    op.create_table(
        "live_text",
        sa.Column("session_id", sa.String, nullable=False),
        sa.Column("turn_id", sa.String, nullable=False),
        sa.Column("event_id", sa.BigInteger, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("length", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("session_id"),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"]),
        sa.ForeignKeyConstraint(["turn_id"], ["turn.id"]),
    )
    _make_keys_anew()


def _make_keys_anew() -> None:
    # SQLite cannot take NOT NULL away from a column.
    op.rename_table("key", "key_before")
    op.create_table(
        "key",
        sa.Column("owner", sa.String, sa.ForeignKey("user.id"), nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("body_hash", sa.String, nullable=False),
        sa.Column("turn_id", sa.String, sa.ForeignKey("turn.id")),
        sa.Column("session_id", sa.String),
        sa.Column("answer", sa.Text),
        sa.Column("created_at_us", sa.BigInteger, nullable=False),
        sa.Column("expires_at_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("owner", "key"),
    )
    op.create_index("key_of_session", "key", ["session_id"])
    may_go = sa.text("expires_at_us IS NOT NULL")
    op.create_index("key_to_forget", "key", ["expires_at_us"], sqlite_where=may_go, postgresql_where=may_go)
    op.execute(
        sa.text(
            'INSERT INTO "key" (owner, "key", body_hash, turn_id, session_id, created_at_us, expires_at_us) '
            'SELECT k.owner, k."key", k.body_hash, k.turn_id, s.id, k.created_at_us, s.deleted_at_us + :life '
            "FROM key_before AS k JOIN turn AS t ON t.id = k.turn_id JOIN session AS s ON s.id = t.session_id"
        ).bindparams(life=_KEY_LIFE_US)
    )
    op.drop_table("key_before")
