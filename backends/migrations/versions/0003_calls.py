"""Calls, who was in them, and how each second of them was."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "calls",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("match_id", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("video", sa.Boolean(), nullable=False),
        sa.Column("started_ms", sa.BigInteger(), nullable=False),
        sa.Column("connected_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("duration_s", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_calls")),
    )
    op.create_index(op.f("ix_calls_match_id"), "calls", ["match_id"], unique=False)
    op.create_table(
        "call_people",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.call_id"], name=op.f("fk_call_people_call_id")),
        sa.PrimaryKeyConstraint("call_id", "user_id", name=op.f("pk_call_people")),
    )
    op.create_index(op.f("ix_call_people_user_id_call_id"), "call_people", ["user_id", "call_id"], unique=False)
    op.create_table(
        "call_seconds",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", "at_ms", name=op.f("pk_call_seconds")),
    )


def downgrade() -> None:
    """Drop the tables; those that refer to others first."""
    for table in ("call_seconds", "call_people", "calls"):
        op.drop_table(table)
