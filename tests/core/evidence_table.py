"""Writes the table of evidence into ``bridge/README.md``: ``python tests/core/evidence_table.py``.

Every row is conducted in the small world, and what it says is what core kept with the request that was sent.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core_objects import TENANT, call, pays, policy, refund, zobject
from core_world import World

from bridge.core.conduct.proof import kept_question
from bridge.core.facts import Question, Shows, WhichLike, WhichMade
from bridge.core.model import Op, Route, ZObject

PAGE = Path(__file__).parents[2] / "bridge" / "README.md"
BEGIN, END = "<!-- evidence -->\n", "<!-- /evidence -->\n"

ACTS: tuple[tuple[str, Op, ZObject], ...] = (
    ("a payment with ReferenceId or GatewayOrderId", Op.CREATE, pays("i1", "10", ReferenceId="E")),
    ("a payment without", Op.CREATE, pays("i1", "10")),
    ("a payment without AccountId", Op.CREATE, pays("i1", "10", AccountId=None)),
    ("a refund of a payment", Op.CREATE, refund(PaymentId="p1", Amount="5")),
    ("a refund of a credit memo", Op.CREATE, refund(PaymentId="c1", Amount="5")),
    ("a cancel of a payment", Op.UPDATE, zobject("Payment", Id="p1", Status="Canceled")),
    ("a cancel of a refund", Op.UPDATE, zobject("Refund", Id="r1", Status="Canceled")),
    ("a void", Op.UPDATE, zobject("Payment", Id="p1", Status="Voided")),
    ("an update of what REST shows", Op.UPDATE, zobject("Payment", Id="p1", Region__c="W")),
    ("an update that clears fields", Op.UPDATE, ZObject("Payment", {"Id": "p1"}, nulls=("Region__c",))),
    ("a delete of a payment", Op.DELETE, zobject("Payment", Id="p1")),
    ("a delete of a refund", Op.DELETE, zobject("Refund", Id="r1")),
)

EVIDENCE = {
    "its marker": "two objects with it, or only an older one",
    "its look": "a candidate too many or unsure, or another open act that looks like it",
    "the values it was to leave": "never",
    "absence": "never",
    "nothing": "always",
}
"""What a request is found by, and when a person has to find it instead."""


def table() -> str:
    """The table as Markdown: for each act and each route it can take."""
    lines = [
        "| act | route | same key again | looked for by | PARKED, once quiet |",
        "|---|---|---|---|---|",
    ]
    for name, op, obj in ACTS:
        for route in (Route.SOAP, Route.ACTION, Route.REST):
            lines += _row(name, op, obj, route)
    lines += _row("the same, BRIDGE_REFUND_REFERENCE off", Op.CREATE, ACTS[4][2], Route.REST, reference=False)
    return "\n".join([*lines, ""])


def _row(name: str, op: Op, obj: ZObject, route: Route, *, reference: bool = True) -> list[str]:
    world = World("lost before", prefer=policy(lambda _: route), tenant=replace(TENANT, refund_reference=reference))
    world.begin(call(obj, op=op))
    while not world.zuora.requests and world.turn():
        pass
    if not world.zuora.requests or world.zuora.requests[0][0].route is not route:
        return []
    sent, _ = world.zuora.requests[0]
    (intent,) = world.journal.intents.values()
    evidence = _words(kept_question(intent, sent))
    key = "yes" if sent.key is not None else "no"
    return [f"| {name} | {route.value} | {key} | {evidence} | {EVIDENCE[evidence]} |"]


def _words(question: Question | None) -> str:
    match question:
        case WhichMade():
            return "its marker"
        case WhichLike():
            return "its look"
        case Shows(_, _, expected):
            return "the values it was to leave" if expected else "absence"
        case _:
            return "nothing"


def page(text: str) -> str:
    """The page with the table in its place."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
