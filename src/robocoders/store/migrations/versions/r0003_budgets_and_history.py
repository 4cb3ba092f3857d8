"""What turns use up, for budgets; the model's messages of a session; whether its commands may use the network."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is new, and count the tokens that turns have used until now."""
    op.add_column("session", sa.Column("network", sa.Boolean, nullable=False, server_default=sa.false()))
    for name in ("tokens", "wall_us", "last_tokens", "last_cost_micro_usd"):
        op.add_column("turn", sa.Column(name, sa.BigInteger, nullable=False, server_default=sa.text("0")))
    op.create_table(
        "history",
        sa.Column("session_id", sa.String, nullable=False),
        sa.Column("after_turn", sa.Integer, nullable=False),
        sa.Column("messages", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("session_id"),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"]),
    )
    _count_tokens()


def _count_tokens() -> None:
    # Read as text: JSON is not the same thing to every database.
    connection = op.get_bind()
    for turn_id, text in connection.execute(sa.text("SELECT id, CAST(usage AS TEXT) FROM turn")).all():
        usage = json.loads(text)
        tokens = usage.get("input_tokens", 0) + usage.get("output_tokens", 0)
        if tokens:
            connection.execute(
                sa.text("UPDATE turn SET tokens = :tokens WHERE id = :id"), {"tokens": tokens, "id": turn_id}
            )
