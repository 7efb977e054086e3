"""Near fingerprints, and the keys that callers' ids and fields are.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COLUMNS = {"near": sa.Text, "near_place": sa.Integer, "alias": sa.Text, "content": sa.Text}


def upgrade() -> None:
    for name, kind in COLUMNS.items():
        op.add_column("intent", sa.Column(name, kind))
    is_open = sa.text(
        "(state NOT IN ('applied', 'not_applied', 'refused') OR (state = 'applied' AND delivered_at IS NULL))"
    )
    op.create_index(
        "intent_near",
        "intent",
        ["scope", "near", "near_place"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    has_alias = sa.text("alias IS NOT NULL")
    op.create_index("intent_alias", "intent", ["scope", "alias"], sqlite_where=has_alias, postgresql_where=has_alias)


def downgrade() -> None:
    op.drop_index("intent_alias", "intent")
    op.drop_index("intent_near", "intent")
    # One by one: a copy of the table would lose the conditions of its other indexes.
    for name in reversed(COLUMNS):
        op.drop_column("intent", name)
