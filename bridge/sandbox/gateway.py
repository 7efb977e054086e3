"""What the test gateway says to an electronic transaction, and what Zuora makes of it.

Nobody documents what a decline leaves behind over REST (Zuora: Create a payment; Error handling, category 99), so every
possibility can be ordered: by a fault of the kind named here, by the setting `decline`, or by a gateway option
`decline`. External transactions never meet a gateway. Must not move money or know a wire format.

| verdict | the object | REST answers | SOAP and JSON objects answer |
|---|---|---|---|
| decline | kept in status Error | category 99 | success with its Id |
| decline_200 | kept in status Error | 200, the object | success with its Id |
| decline_unkept | none | category 99 | TRANSACTION_FAILED |
| gateway_timeout | none | category 99 | TRANSACTION_TIMEOUT |
| gateway_timeout_kept | kept, Processed | category 99 | TRANSACTION_TIMEOUT |
"""

from collections.abc import Mapping
from typing import Final, Literal

from bridge.sandbox.refusal import EXTERNAL, Refusal

Verdict = Literal["", "decline", "decline_200", "decline_unkept", "gateway_timeout", "gateway_timeout_kept"]
VERDICTS: Final = ("decline", "decline_200", "decline_unkept", "gateway_timeout", "gateway_timeout_kept")
DECLINE_TEXT: Final = "Transaction declined.generic_decline - Your card was declined."
TIMEOUT_TEXT: Final = "The payment gateway did not answer in time."


def verdict_of(kind: str) -> Verdict:
    """Return the verdict that a fault kind orders; other kinds leave the gateway alone."""
    return kind if kind in VERDICTS else ""  # type: ignore[return-value]


def asked(always: bool, verdict: Verdict, options: Mapping[str, str]) -> Verdict:
    """Return the verdict ordered, or a decline where the setting or a gateway option asks for one."""
    declines = any(name.lower() == "decline" and value.lower() != "false" for name, value in options.items())
    return verdict or ("decline" if always or declines else "")


def require_kept(verdict: Verdict) -> None:
    """Refuse where the gateway's no leaves nothing behind; call it before anything is made."""
    if verdict == "decline_unkept":
        raise Refusal(EXTERNAL, DECLINE_TEXT)
    if verdict == "gateway_timeout":
        raise timed_out()


def declined(verdict: Verdict) -> bool:
    """Tell whether what is made ends in status Error."""
    return verdict in ("decline", "decline_200")


def answer_rest(verdict: Verdict) -> None:
    """Refuse, after the commit, where REST answers an error although the object is there."""
    if verdict == "decline":
        raise Refusal(EXTERNAL, DECLINE_TEXT)
    if verdict == "gateway_timeout_kept":
        raise timed_out()


def timed_out() -> Refusal:
    """Return the refusal of a gateway that did not answer; it says nothing about what the gateway did."""
    return Refusal(EXTERNAL, TIMEOUT_TEXT, soap="TRANSACTION_TIMEOUT")
