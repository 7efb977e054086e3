"""An ERP that repeats until it is told, and that holds every answer against the sandbox's books.

Every act has an amount of its own, so the books tell exactly what it moved. Must not know the bridge's journal.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from threading import Event
from typing import Any

from harness import ERP, Answer, Obj, Value, World, deleted, part, payment, post, refund, saved, until

LATER = 20 * 60
"""Seconds after which nothing can be on its way any more."""

REPEATS = 5


@dataclass
class Act:
    """What an ERP wants done: the same objects however often it says so."""

    name: str
    objects: Sequence[Obj]
    op: str = "create"
    told: list[str] = field(default_factory=list)
    uncertain: bool = False

    @property
    def amounts(self) -> list[Decimal]:
        """Of each object; no other object has the same."""
        return [Decimal(str(each.fields["Amount"])) for each in self.objects if "Amount" in each.fields]


class Erp:
    """One ERP, one bridge process at a time, and the books of the sandbox."""

    def __init__(self, world: World, chance: Random, *, wait_seconds: int | None = None) -> None:
        self.world = world
        self.chance = chance
        self.settings = {
            "ZUORA__ENHANCED_WRITE_OFF": "false",
            "ROUTES": chance.choice(['{"Payment.create": "action"}', "{}", '{"Payment.create": "rest"}']),
        }
        if wait_seconds is not None:
            caller = {"usernames": [ERP], "allow": ["*"], "wait_seconds": wait_seconds}
            self.settings["CALLERS"] = json.dumps({"erp": caller})
        self.serve()
        self.log: list[str] = [f"routes {self.settings['ROUTES']}"]
        self._cents = iter(range(1, 100))

    def serve(self) -> None:
        """Start a bridge; the one before it has ended."""
        self.process = self.world.serve(**self.settings)

    # -------------------------------------------------------------- acts

    def act(self, *, at_once: bool = False) -> Act:
        """Any of them, at random; or any whose duplicates, coming ``at_once``, are all told the same.

        Of two refunds of one payment the second was planned before the first changed it, so it is told as not sent and
        sent by whichever duplicate comes next; and a change that was settled is not joined.
        """
        kinds = {
            "an invoice": lambda: [self._pays("@I1")],
            "an invoice by reference": lambda: [self._pays("@I1", ReferenceId=f"ERP-{self.chance.random()}")],
            "a memo": lambda: [self._pays("@D1")],
            "a batch": lambda: [
                self._pays("@I1", ReferenceId=f"ERP-{self.chance.random()}"),
                self._pays("@D1"),
                self._pays("@I2"),
                self._pays("@D1"),
            ],
            "a refund of a memo": lambda: [refund(PaymentId="@C1", Amount=self._amount())],
            "a refund in three steps": lambda: [self._gives_back()],
            "two refunds in three steps": lambda: [self._gives_back(), self._gives_back()],
        }
        never = ["two refunds in three steps", "a cancel", "a delete"] if at_once else []
        name = self.chance.choice([each for each in [*kinds, "a cancel", "a delete"] if each not in never])
        if name not in kinds:
            return self._change(name)
        return Act(name, kinds[name]())

    def _change(self, name: str) -> Act:
        """The end of a payment of a debit memo, which Zuora's SOAP knows nothing of: only REST can cancel it."""
        (zuora_id,) = self.world.create(self._pays("@D1")).ids
        cancel = Act(name, [Obj("Payment", {"Id": zuora_id, "Status": "Canceled"})], "update")
        if name == "a cancel":
            return cancel
        assert self.say(cancel, json_door=False) == [zuora_id]
        return Act(name, [Obj("Payment", {"Id": zuora_id})], "delete")

    def _amount(self) -> str:
        return f"1.{next(self._cents):02}"

    def _pays(self, document: str, **more: str) -> Obj:
        amount = self._amount()
        return payment(InvoiceId=document, Amount=amount, AppliedInvoiceAmount=amount, **more)

    def _gives_back(self) -> Obj:
        amount = self._amount()
        row = part("RefundInvoicePayment", InvoiceId=self.world.id("@D5"), RefundAmount=amount)
        return refund(PaymentId="@P2", Amount=amount, RefundInvoicePaymentData=[row])

    # -------------------------------------------------------------- saying it

    def say(self, act: Act, *, json_door: bool) -> list[str]:
        """One call to its answer; what each row says: an id, ``none``, ``unknown`` or ``lost``."""
        try:
            if json_door:
                answer = self._action(act)
            else:
                answer = self.soap(act, self.world.url)
        except (OSError, http.client.HTTPException):
            return ["lost"] * len(act.objects)
        return _read_json(answer, act) if json_door else read_soap(answer, act)

    def soap(self, act: Act, at: str) -> Answer:
        """The call as the ERP's SOAP stack writes it, at a bridge."""
        objects = [self.world.resolve(each) for each in act.objects]
        ids = [str(each.fields.get("Id")) for each in objects]
        body = deleted("Payment", ids) if act.op == "delete" else saved(act.op, objects)
        return post(f"{at}/apps/services/a/107.0", self.world.message(body))

    def _action(self, act: Act) -> Answer:
        """The same as a JSON Action, under a bearer of its own."""
        form = b"client_id=demo-client&client_secret=demo-secret&grant_type=client_credentials"
        kind = (("Content-Type", "application/x-www-form-urlencoded"),)
        token = json.loads(post(f"{self.world.sandbox.url}/oauth/token", form, kind).body)["access_token"]
        objects = [self.world.resolve(each) for each in act.objects]
        listed = f'"objects":[{",".join(map(_json, objects))}]'
        if act.op == "delete":
            listed = f'"ids":{json.dumps([each.fields["Id"] for each in objects])}'
        body = f'{{"type":"{objects[0].type}",{listed}}}'
        headers = (("Content-Type", "application/json"), ("Authorization", f"Bearer {token}"))
        return post(f"{self.world.url}/v1/action/{act.op}", body.encode(), headers)

    def check(self, act: Act, rows: Sequence[str]) -> None:
        """The books bear out what was said."""
        books = self.world.ledger()
        moved = [*books["payments"], *books["refunds"]]
        assert books["violations"] == []
        if act.op != "create":
            self._check_change(act, rows, {one["id"]: one["status"] for one in moved})
            return
        for amount, row in zip(act.amounts, rows, strict=True):
            ids = [one["id"] for one in moved if Decimal(one["amount"]) == amount]
            assert len(ids) <= 1, f"{act.name}: {amount} was moved {len(ids)} times"
            if row == "none":
                assert ids == [], f"{act.name}: {amount} was moved, and the caller was told that it was not"
            elif row not in ("unknown", "lost"):
                assert ids == [row], f"{act.name}: the caller was told {row}, the books say {ids}"

    def _check_change(self, act: Act, rows: Sequence[str], statuses: Mapping[str, str]) -> None:
        zuora_id = str(act.objects[0].fields["Id"])
        done = statuses.get(zuora_id) == ("Canceled" if act.op == "update" else None)
        if rows == ["none"]:
            # A change that was settled is not joined: its repeat is refused because it is done already.
            assert not done or act.uncertain, f"{act.name}: done, and the caller was told that it was not"
        elif rows == [zuora_id]:
            assert done, f"{act.name}: not done, and the caller was told that it was"
        act.uncertain |= rows in (["unknown"], ["lost"])

    def disturbed(self, act: Act) -> list[str]:
        """A call during which the bridge is killed, or Zuora's answers get lost, or both."""
        world, chance = self.world, self.chance
        kind = chance.choice(["delay", "delay", "drop_before", "drop_after", "error_500_after", ""])
        skip = chance.choice([0, 0, 0, 1, 2])
        if kind == "delay":
            when = chance.choice(["before", "after"])
            world.fault("delay", method="POST", skip=skip, seconds=0.5, when=when, path=chance.choice(["/v1", "/apps"]))
        elif kind:
            world.fault(
                kind,
                method=chance.choice(["POST", "PUT", "DELETE"]),
                path="/v1",
                skip=skip,
                times=chance.choice([1, 9]),
            )
        mark, number, kills = world.mark(), chance.randrange(3), chance.random() < 0.8
        self.log.append(f"{act.name}: {kind} skip {skip}, {'killed' if kills else 'lives'} after {number} writes")
        with ThreadPoolExecutor() as pool:
            said: Future[list[str]] = pool.submit(self.say, act, json_door=chance.random() < 0.3)
            if kills:
                # While Zuora has a request, or between two, or wherever it is when no further one comes.
                late = kind == "delay"
                until(lambda: said.done() or (self._hit() if late else len(world.writes(mark)) > number), 60)
                Event().wait(chance.choice([0.0, 0.01, 0.1, 0.3]))
                world.kill(self.process)
            rows = said.result()
        self.clear_faults()
        if kills:
            self.serve()
        return rows

    def _hit(self) -> bool:
        return any(each["used"] for each in self.world.control("faults"))

    def clear_faults(self) -> None:
        """Zuora behaves again."""
        post(f"{self.world.sandbox.url}/sandbox/faults", b"", (), method="DELETE")

    def settle(self, act: Act) -> None:
        """Say it until every row is certain; with a reference or by REST that must come to pass."""
        rows = self.disturbed(act)
        for turn in range(REPEATS):
            self.log.append(f"{act.name}: {rows}")
            self.check(act, rows)
            if all(row not in ("unknown", "lost", "none") for row in rows):
                break
            if turn or self.chance.random() < 0.5:
                self.world.advance(LATER)
            self.check(act, ["none" if row == "none" else "unknown" for row in rows])
            rows = self.say(act, json_door=self.chance.random() < 0.3)
        act.told = list(rows)

    def check_parts(self, acts: Sequence[Act]) -> None:
        """What the payment P2 pays is less by exactly what was refunded of it, unless somebody was told otherwise."""
        given = [act for act in acts if "three steps" in act.name]
        if all(row not in ("unknown", "lost", "none") for act in given for row in act.told):
            payment_ = self.world.document("P2")
            (left,) = [Decimal(each["amount"]) for each in payment_["parts"]]
            refunded = sum((amount for act in given for amount in act.amounts), Decimal(0))
            assert left == Decimal(50) - refunded
            assert Decimal(payment_["unappliedAmount"]) == Decimal(30)


def _json(one: Obj) -> str:
    return "{" + ",".join(f'"{name}":{_json_value(name, value)}' for name, value in one.fields.items()) + "}"


def _json_value(name: str, value: Value) -> str:
    if value is None or isinstance(value, str):
        return str(value) if value and name.endswith("Amount") else json.dumps(value)
    return f'{{"{value[0].type}":[{",".join(map(_json, value))}]}}'


def read_soap(answer: Answer, act: Act) -> list[str]:
    """What each row of a SOAP answer says."""
    if answer.status == 504:
        return ["unknown"] * len(act.objects)
    if answer.status != 200:
        assert "nothing was sent" in answer.fault["faultstring"], answer.body
        return ["none"] * len(act.objects)
    return [
        _row(row["success"] == "true", row["id"], [each["Message"] for each in row["errors"]]) for row in answer.rows
    ]


def _read_json(answer: Answer, act: Act) -> list[str]:
    if answer.status == 504:
        return ["unknown"] * len(act.objects)
    found: Any = json.loads(answer.body)
    if isinstance(found, list):
        # Deletes are told in lower case.
        found = [{name.capitalize(): value for name, value in row.items()} for row in found]
    if answer.status != 200:
        assert "nothing was sent" in str(found).lower(), answer.body
        return ["none"] * len(act.objects)
    return [
        _row(row["Success"], row.get("Id"), [each.get("Message") or each["message"] for each in row.get("Errors", ())])
        for row in found
    ]


def _row(success: bool, zuora_id: str | None, messages: Sequence[str]) -> str:
    if success:
        assert zuora_id is not None
        return zuora_id
    (message,) = messages
    if message.startswith("Equal to "):
        return message.split()[2]
    return "unknown" if message.startswith("OUTCOME UNKNOWN") else "none"
