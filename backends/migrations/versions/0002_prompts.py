"""Topics shown in calls, and what people say of them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "prompts",
        sa.Column("prompt_id", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("match_id", sa.Text(), nullable=False),
        sa.Column("topic_id", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=True),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("silence_ms", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("resumed_after_ms", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("prompt_id", name=op.f("pk_prompts")),
    )
    op.create_index(op.f("ix_prompts_call_id"), "prompts", ["call_id"], unique=False)
    op.create_table(
        "prompt_ratings",
        sa.Column("prompt_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("used", sa.Boolean(), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["prompt_id"], ["prompts.prompt_id"], name=op.f("fk_prompt_ratings_prompt_id")),
        sa.PrimaryKeyConstraint("prompt_id", "user_id", name=op.f("pk_prompt_ratings")),
    )


def downgrade() -> None:
    """Drop the tables; the one that refers to the other first."""
    op.drop_table("prompt_ratings")
    op.drop_table("prompts")
