"""Tenant features that Zuora switches per tenant, as the control face can flip them.

`POST /sandbox/settings` takes any of them under the camel case of their names here (`unapplyWhenCancel`) and answers
all; `customFields` and `denied` are replaced as a whole. Must not hold business state: a seed resets it to these
defaults.
"""

from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal

from bridge.sandbox.custom import Fields, default_fields, wrong_fields
from bridge.sandbox.money import Json


@dataclass
class Settings:
    """The switches; names on the wire are the camel case of the names here."""

    # Without it no REST operation on payments, refunds and memos is there; SOAP goes on.
    invoice_settlement: bool = True
    item_settlement: bool = True
    enhanced_write_off: bool = True
    # Zuora: Session and login: 15 minutes unless the tenant sets up to 8 hours.
    session_seconds: int = 900
    # Zuora: Create an OAuth token: the sample answers 3599.
    token_seconds: int = 3599
    # Zuora: Configure payment rules, "Unapply payment first when canceling it?"
    unapply_when_cancel: bool = True
    # Nobody documents whether SOAP may change what REST made; both answers can be tried. A payment counts as REST's
    # while it is applied to a debit memo, a refund when it is one of a credit memo.
    soap_cancels_debit_memo_payments: bool = False
    soap_updates_debit_memo_payments: bool = True
    soap_refunds_debit_memo_payments: bool = False
    soap_cancels_credit_memo_refunds: bool = False
    # The table of supported calls omits delete for Payment and Refund, their own pages have it (documents disagree).
    soap_deletes: bool = True
    # Deprecated under Invoice Settlement (Zuora: Invoice Settlement API impacts); refused unless switched on.
    legacy_invoice_payments: bool = False
    # The REST page says that an external payment's date must be today; the UI lets one choose (documents disagree).
    external_date_must_be_today: bool = False
    custom_payment_numbers: bool = False
    # Answers 200 with success:false whatever Zuora-Version says, as tenants pinned below 2024-05-20 see.
    legacy_http_status: bool = False
    decline: bool = False
    # Answers category 10 to every REST write, as a user without the permission gets.
    deny_writes: bool = False
    # Per user or OAuth client what it may not do, in the words of `permissions`.
    denied: dict[str, list[str]] = field(
        default_factory=lambda: {"viewer@example.com": ["writes"], "viewer-client": ["writes"]}
    )
    # Per object the custom fields and their types, in the words of `custom`.
    custom_fields: dict[str, dict[str, str]] = field(default_factory=default_fields)
    # How long a made object is missing from Object Query and from v1 lists; by key it is there at once.
    visibility_seconds: int = 0
    # Zuora: Application rules: Proration is the default, FIFO the other.
    application_rule: str = "Proration"
    closed_before: str = "2026-01-01"
    default_page: int = 20
    # Zuora: Rate and concurrency limits: 40 at once, and 50,000 a minute for a production tenant.
    concurrent_requests: int = 40
    requests_per_minute: int = 50_000
    # How many requests GET /sandbox/requests remembers; 0 records nothing (benchmarks).
    request_log: int = 20000

    def open_from(self) -> date:
        """Return the first day of the oldest open accounting period."""
        return date.fromisoformat(self.closed_before)

    def custom(self, kind: str) -> Fields:
        """Return the custom fields of an object type."""
        return self.custom_fields.get(kind, {})

    def wire(self) -> dict[str, Json]:
        """Return all switches under their wire names."""
        return {_camel(item.name): getattr(self, item.name) for item in fields(self)}

    def change(self, values: object) -> str:
        """Set the given switches; return an empty text, or what is wrong (then nothing is set)."""
        if not isinstance(values, dict) or not values:
            return "the body must be a JSON object of settings: " + ", ".join(sorted(self.wire()))
        known = {_camel(item.name): item.name for item in fields(self)}
        checked: dict[str, object] = {}
        for name, value in values.items():
            if name not in known:
                return f"unknown setting {name!r}; known: {', '.join(sorted(known))}"
            old = getattr(self, known[name])
            plain_value = int(value) if isinstance(value, Decimal) and value == int(value) else value
            if type(plain_value) is not type(old):
                return f"setting {name!r} takes a {type(old).__name__}"
            if name == "closedBefore" and not _is_date(str(plain_value)):
                return "setting 'closedBefore' takes a date yyyy-mm-dd"
            if name == "applicationRule" and plain_value not in ("Proration", "FIFO"):
                return "setting 'applicationRule' takes Proration or FIFO"
            if name == "customFields" and wrong_fields(plain_value):
                return wrong_fields(plain_value)
            if name == "denied" and not _are_rules(plain_value):
                return 'setting \'denied\' takes an object such as {"demo-client": ["Refund.create"]}'
            checked[known[name]] = plain_value
        for attribute, value in checked.items():
            setattr(self, attribute, value)
        return ""


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.title() for word in rest)


def _are_rules(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(rules, list) and all(isinstance(rule, str) for rule in rules) for rules in value.values()
    )


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
