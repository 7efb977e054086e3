"""What a release after this one might add: a column with values, an index over all intents, a table.

Revision ID: next
Revises: the package's head
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from next_release import RELEASED, REVISION

revision = REVISION
down_revision = RELEASED
branch_labels = None
depends_on = None
serves = RELEASED


def upgrade() -> None:
    """Only adds."""
    op.add_column("intent", sa.Column("next_release", sa.Text, nullable=False, server_default="yes"))
    op.create_index("intent_next", "intent", ["next_release", "created_at"])
    op.create_table("next", sa.Column("id", sa.Text, primary_key=True))


def downgrade() -> None:
    """Takes it away again."""
    op.drop_table("next")
    op.drop_index("intent_next", "intent")
    op.drop_column("intent", "next_release")
