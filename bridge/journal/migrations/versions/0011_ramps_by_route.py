"""What a ramp counts, by route: a rule at 100 % has a whole tenant's intents, and a gate looks every few seconds.

The index of before goes: bridges that know only that one find the same, and slower.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None
serves = "0007"

OF_A_RAMP = sa.text("ramp IS NOT NULL")


def _index(name: str, *columns: str) -> None:
    op.create_index(name, "intent", columns, sqlite_where=OF_A_RAMP, postgresql_where=OF_A_RAMP)


def upgrade() -> None:
    _index("intent_ramp_route", "ramp", "route", "created_at", "id")
    op.drop_index("intent_ramp", "intent")


def downgrade() -> None:
    _index("intent_ramp", "ramp", "created_at")
    op.drop_index("intent_ramp_route", "intent")
