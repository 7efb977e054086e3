"""Which requests hold values of gateway options that are yet to be erased.

The default is what bridges of before leave behind, and what was there: nobody has looked. A constant, so that neither
database writes the table anew (PostgreSQL: ALTER TABLE, Notes).

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None
serves = "0007"


def upgrade() -> None:
    op.add_column("dispatch", sa.Column("options", sa.SmallInteger, server_default=sa.text("2")))
    to_erase = sa.text("options > 0")
    op.create_index("dispatch_options", "dispatch", ["id"], sqlite_where=to_erase, postgresql_where=to_erase)


def downgrade() -> None:
    op.drop_index("dispatch_options", "dispatch")
    op.drop_column("dispatch", "options")
