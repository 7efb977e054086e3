"""The journal's tables, the same on SQLite and PostgreSQL. ``migrations`` must arrive at exactly this.

Instants are BIGINT milliseconds, enumerations are their values, booleans are 0 and 1: nothing depends on a driver's
conversions. Must not hold a request in clear: ``dispatch.sealed`` is the whole of it (I9).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from bridge.core.intent import SETTLED, State

UNSETTLED_SQL = f"state NOT IN ({', '.join(repr(state) for state in sorted(state.value for state in SETTLED))})"
"""Literal on purpose, in the indexes and in the queries: SQLite takes a partial index only where its WHERE appears as
a term of the query's WHERE, which a bound parameter never does (https://sqlite.org/partialindex.html, 3.1)."""

APPLIED_SQL = f"state = '{State.APPLIED.value}'"

NOT_PARKED_SQL = f"state <> '{State.PARKED.value}'"

REFUSED_SQL = f"state IN ('{State.NOT_APPLIED.value}', '{State.REFUSED.value}')"

IN_DOUBT_SQL = f"state = '{State.IN_DOUBT.value}'"

OPEN_SQL = f"({UNSETTLED_SQL} OR ({APPLIED_SQL} AND delivered_at IS NULL))"
TOLD_SQL = f"{APPLIED_SQL} AND delivered_at IS NOT NULL"

SETTLED_FOR_GOOD = frozenset({State.APPLIED, State.REFUSED})
"""From which no move leads on (``core.intent.TRANSITIONS``)."""

NOT_FOR_GOOD_SQL = f"state NOT IN ({', '.join(repr(value) for value in sorted(s.value for s in SETTLED_FOR_GOOD))})"

ERASED, HOLDS, UNKNOWN = 0, 1, 2
"""What ``dispatch.options`` says of a request's gateway options: their values are erased; it holds some; nobody has
looked, as a bridge of before recorded it. NULL: it has none."""

TO_ERASE_SQL = f"options > {ERASED}"

metadata = MetaData()

intent = Table(
    "intent",
    metadata,
    Column("id", Text, primary_key=True),
    Column("scope", Text, nullable=False),
    Column("caller", Text, nullable=False),
    Column("call_id", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("op", Text, nullable=False),
    Column("object_type", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("route", Text),
    Column("state", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("owner", Text, nullable=False),
    Column("zuora_id", Text),
    Column("errors", Text, nullable=False),
    Column("unsent", SmallInteger, nullable=False),
    Column("settled_at", BigInteger),
    Column("delivered_at", BigInteger),
    Column("near", Text),
    Column("near_place", Integer),
    Column("alias", Text),
    Column("content", Text),
    Column("decided", Text),
    Column("ramp", Text),
    UniqueConstraint("scope", "fingerprint", "ordinal", "generation", name="intent_identity"),
)

# A Zuora Id settles one intent only: two creates that claim the same object are a wrong match, never both right.
Index(
    "intent_zuora_id",
    intent.c.scope,
    intent.c.object_type,
    intent.c.zuora_id,
    unique=True,
    sqlite_where=text("op = 'create' AND zuora_id IS NOT NULL"),
    postgresql_where=text("op = 'create' AND zuora_id IS NOT NULL"),
)
# Two indexes for match. What is open (unsettled, or applied and not yet told) is never many, so the pages of its index
# stay hot; settling does not touch it. What was told is entered by the moment of its delivery, so old twins of a
# fingerprint cost nothing however many there are.
Index(
    "intent_open",
    intent.c.scope,
    intent.c.fingerprint,
    sqlite_where=text(OPEN_SQL),
    postgresql_where=text(OPEN_SQL),
)
Index(
    "intent_told",
    intent.c.scope,
    intent.c.fingerprint,
    intent.c.delivered_at,
    sqlite_where=text(TOLD_SQL),
    postgresql_where=text(TOLD_SQL),
)

# Of two calls that come near to each other at the same moment one is first: each open intent of a near fingerprint has
# a place of its own, on any number of replicas.
Index(
    "intent_near",
    intent.c.scope,
    intent.c.near,
    intent.c.near_place,
    unique=True,
    sqlite_where=text(OPEN_SQL),
    postgresql_where=text(OPEN_SQL),
)
# The other name of an intent; most have none. SQLite takes the index for any comparison of the column
# (https://sqlite.org/partialindex.html, 3.2).
Index(
    "intent_alias",
    intent.c.scope,
    intent.c.alias,
    sqlite_where=text("alias IS NOT NULL"),
    postgresql_where=text("alias IS NOT NULL"),
)

# What came in last, and how much since when, for people who look: counted without a row being read. Opening appends to
# the first, and nothing moves in it; what was refused is little.
Index("intent_created", intent.c.created_at, intent.c.route)
Index(
    "intent_refused",
    intent.c.created_at,
    intent.c.route,
    sqlite_where=text(REFUSED_SQL),
    postgresql_where=text(REFUSED_SQL),
)

# For who has an Id of Zuora's and asks what the bridge has to do with it: creates, updates and deletes.
Index(
    "intent_of_object",
    intent.c.zuora_id,
    sqlite_where=text("zuora_id IS NOT NULL"),
    postgresql_where=text("zuora_id IS NOT NULL"),
)

# By which the oldest are let go; settling appends to it.
Index(
    "intent_settled",
    intent.c.settled_at,
    sqlite_where=text("settled_at IS NOT NULL"),
    postgresql_where=text("settled_at IS NOT NULL"),
)

# What a ramp's gate counts: only intents that a rule with a ramp decided are in it.
Index(
    "intent_ramp_route",
    intent.c.ramp,
    intent.c.route,
    intent.c.created_at,
    intent.c.id,
    sqlite_where=text("ramp IS NOT NULL"),
    postgresql_where=text("ramp IS NOT NULL"),
)

dispatch = Table(
    "dispatch",
    metadata,
    Column("id", Text, primary_key=True),
    Column("call_id", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("op", Text, nullable=False),
    Column("step", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("key", Text),
    Column("marker", Text),
    Column("recorded_at", BigInteger, nullable=False),
    Column("first_sent_at", BigInteger),
    Column("answered_at", BigInteger),
    Column("verdict", Text),
    Column("http_status", Integer),
    Column("key_id", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("last_sent_at", BigInteger),
    Column("options", SmallInteger, server_default=text(str(UNKNOWN))),
)

# What holds values of gateway options, until they are erased: for most tenants nothing is ever in it.
Index(
    "dispatch_options",
    dispatch.c.id,
    sqlite_where=text(TO_ERASE_SQL),
    postgresql_where=text(TO_ERASE_SQL),
)

dispatch_intent = Table(
    "dispatch_intent",
    metadata,
    Column("dispatch_id", Text, ForeignKey("dispatch.id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("intent_id", Text, ForeignKey("intent.id"), nullable=False),
    sqlite_with_rowid=False,
)
Index("dispatch_intent_by_intent", dispatch_intent.c.intent_id)

# The lease on a payment or memo. It has no end of its own: it is free again when its intent is.
hold = Table(
    "hold",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("intent_id", Text, ForeignKey("intent.id"), nullable=False),
    Column("whole", SmallInteger, nullable=False),
    sqlite_with_rowid=False,
)

Index("hold_by_intent", hold.c.intent_id)

instance = Table(
    "instance",
    metadata,
    Column("id", Text, primary_key=True),
    Column("started_at", BigInteger, nullable=False),
    Column("heartbeat_at", BigInteger, nullable=False),
)

# The audit: one chain per writer (a process), and for each chain its signed head and the end of what was deleted.
audit = Table(
    "audit",
    metadata,
    Column("writer", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
Index("audit_by_subject", audit.c.subject)

audit_mark = Table(
    "audit_mark",
    metadata,
    Column("writer", Text, primary_key=True),
    Column("part", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

# What reconciliation found. ``sealed`` is what was expected and what is there: amounts are not kept in clear.
discrepancy = Table(
    "discrepancy",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("object_type", Text, nullable=False),
    Column("zuora_id", Text),
    Column("intent_id", Text),
    Column("found_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("owner", Text),
    Column("closed_at", BigInteger),
    Column("closed_by", Text),
    Column("reason", Text),
    Column("sealed", LargeBinary, nullable=False),
)
Index(
    "discrepancy_open",
    discrepancy.c.found_at,
    sqlite_where=text("closed_at IS NULL"),
    postgresql_where=text("closed_at IS NULL"),
)

# What the owner decided about routes, revision by revision; the last one counts. ``decided`` is cutover's own text.
revision = Table(
    "revision",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("decided", Text, nullable=False),
)

# What a gate judged about a ramp as of one revision, with its numbers as JSON.
judgement = Table(
    "judgement",
    metadata,
    Column("rule", Text, primary_key=True),
    Column("revision", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("verdict", Text, nullable=False),
    Column("detail", Text, nullable=False),
)

# What the other route would have said or done, beside what was. ``detail`` is redacted before it comes here.
comparison = Table(
    "comparison",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("rule", Text),
    Column("operation", Text, nullable=False),
    Column("object_type", Text, nullable=False),
    Column("intent_id", Text),
    Column("equal", SmallInteger, nullable=False),
    Column("detail", Text, nullable=False),
)
Index("comparison_at", comparison.c.at)

# Who calls what, counted. Names only, never a value.
usage = Table(
    "usage",
    metadata,
    Column("caller", Text, primary_key=True),
    Column("operation", Text, primary_key=True),
    Column("object_type", Text, primary_key=True),
    Column("field", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("route", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("first_seen", BigInteger, nullable=False),
    Column("last_seen", BigInteger, nullable=False),
)

# Console sessions that were signed out of, until their cookie would be over by its age.
signed_out = Table(
    "signed_out",
    metadata,
    Column("session", Text, primary_key=True),
    Column("until", BigInteger, nullable=False),
)

meta = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
