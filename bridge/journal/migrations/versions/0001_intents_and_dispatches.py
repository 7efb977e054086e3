"""Intents, dispatches, instances and the check value of the key.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "intent",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("call_id", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("op", sa.Text, nullable=False),
        sa.Column("object_type", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("route", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("zuora_id", sa.Text),
        sa.Column("errors", sa.Text, nullable=False),
        sa.Column("unsent", sa.SmallInteger, nullable=False),
        sa.Column("settled_at", sa.BigInteger),
        sa.Column("delivered_at", sa.BigInteger),
        sa.UniqueConstraint("scope", "fingerprint", "ordinal", "generation", name="intent_identity"),
    )
    for name, columns, unique, where in (
        (
            "intent_zuora_id",
            ["scope", "object_type", "zuora_id"],
            True,
            "op = 'create' AND zuora_id IS NOT NULL",
        ),
        (
            "intent_open",
            ["scope", "fingerprint"],
            False,
            "(state NOT IN ('applied', 'not_applied', 'refused') OR (state = 'applied' AND delivered_at IS NULL))",
        ),
        (
            "intent_told",
            ["scope", "fingerprint", "delivered_at"],
            False,
            "state = 'applied' AND delivered_at IS NOT NULL",
        ),
    ):
        op.create_index(
            name, "intent", columns, unique=unique, sqlite_where=sa.text(where), postgresql_where=sa.text(where)
        )
    op.create_table(
        "dispatch",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("call_id", sa.Text, nullable=False),
        sa.Column("route", sa.Text, nullable=False),
        sa.Column("op", sa.Text, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("key", sa.Text),
        sa.Column("marker", sa.Text),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("first_sent_at", sa.BigInteger),
        sa.Column("answered_at", sa.BigInteger),
        sa.Column("verdict", sa.Text),
        sa.Column("http_status", sa.Integer),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "dispatch_intent",
        sa.Column("dispatch_id", sa.Text, sa.ForeignKey("dispatch.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("intent_id", sa.Text, sa.ForeignKey("intent.id"), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("dispatch_intent_by_intent", "dispatch_intent", ["intent_id"])
    op.create_table(
        "instance",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("heartbeat_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "meta",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    for table in ("meta", "instance", "dispatch_intent", "dispatch", "intent"):
        op.drop_table(table)
