"""What prompts ask for beside their words; live text that was withdrawn; segments of turns with names of their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is new; nothing that is there changes."""
    op.add_column("turn", sa.Column("wishes", sa.Text))
    op.create_table(
        "withdrawn",
        sa.Column("session_id", sa.String, nullable=False),
        sa.Column("event_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("generation", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("characters", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("session_id", "event_id", "generation"),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"]),
    )
    op.create_table(
        "response",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("owner", sa.String, sa.ForeignKey("user.id"), nullable=False),
        sa.Column("session_id", sa.String, sa.ForeignKey("session.id"), nullable=False),
        sa.Column("turn_id", sa.String, sa.ForeignKey("turn.id"), nullable=False),
        sa.Column("after_event_id", sa.BigInteger, nullable=False),
        sa.Column("request", sa.JSON, nullable=False),
        sa.Column("created_at_us", sa.BigInteger, nullable=False),
        sa.Column("deleted_at_us", sa.BigInteger),
        sa.Column("previous_id", sa.String),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("turn_id", "after_event_id"),
    )
    op.create_index("response_of_session", "response", ["session_id", "created_at_us"])
