"""Leases on payments and memos, and when a dispatch was last begun to be sent.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("dispatch", sa.Column("last_sent_at", sa.BigInteger))
    op.create_table(
        "hold",
        sa.Column("scope", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("intent_id", sa.Text, sa.ForeignKey("intent.id"), nullable=False),
        sa.Column("whole", sa.SmallInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("hold")
    with op.batch_alter_table("dispatch") as dispatch:
        dispatch.drop_column("last_sent_at")
