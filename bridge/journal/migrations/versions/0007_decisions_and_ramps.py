"""Why an intent went its way; what gates judged, what was compared, and who uses what.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("intent", sa.Column("decided", sa.Text))
    op.add_column("intent", sa.Column("ramp", sa.Text))
    of_a_ramp = sa.text("ramp IS NOT NULL")
    op.create_index("intent_ramp", "intent", ["ramp", "created_at"], sqlite_where=of_a_ramp, postgresql_where=of_a_ramp)
    op.create_table(
        "judgement",
        sa.Column("rule", sa.Text, primary_key=True),
        sa.Column("revision", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_table(
        "comparison",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("rule", sa.Text),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("object_type", sa.Text, nullable=False),
        sa.Column("intent_id", sa.Text),
        sa.Column("equal", sa.SmallInteger, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_index("comparison_at", "comparison", ["at"])
    op.create_table(
        "usage",
        sa.Column("caller", sa.Text, primary_key=True),
        sa.Column("operation", sa.Text, primary_key=True),
        sa.Column("object_type", sa.Text, primary_key=True),
        sa.Column("field", sa.Text, primary_key=True),
        sa.Column("version", sa.Text, primary_key=True),
        sa.Column("route", sa.Text, primary_key=True),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("first_seen", sa.BigInteger, nullable=False),
        sa.Column("last_seen", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("usage")
    op.drop_index("comparison_at", "comparison")
    op.drop_table("comparison")
    op.drop_table("judgement")
    op.drop_index("intent_ramp", "intent")
    # One by one: a copy of the table would lose the conditions of its other indexes.
    op.drop_column("intent", "ramp")
    op.drop_column("intent", "decided")
