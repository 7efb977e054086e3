"""Indexes by which old intents are found and let go.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    settled = sa.text("settled_at IS NOT NULL")
    op.create_index("intent_settled", "intent", ["settled_at"], sqlite_where=settled, postgresql_where=settled)
    op.create_index("hold_by_intent", "hold", ["intent_id"])


def downgrade() -> None:
    op.drop_index("hold_by_intent", "hold")
    op.drop_index("intent_settled", "intent")
