"""Indexes by when intents came in and by their objects, for searches and for the traffic of the last hours.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None
serves = "0007"


def upgrade() -> None:
    op.create_index("intent_created", "intent", ["created_at", "route"])
    refused = sa.text("state IN ('not_applied', 'refused')")
    op.create_index("intent_refused", "intent", ["created_at", "route"], sqlite_where=refused, postgresql_where=refused)
    known = sa.text("zuora_id IS NOT NULL")
    op.create_index("intent_of_object", "intent", ["zuora_id"], sqlite_where=known, postgresql_where=known)


def downgrade() -> None:
    op.drop_index("intent_of_object", "intent")
    op.drop_index("intent_refused", "intent")
    op.drop_index("intent_created", "intent")
