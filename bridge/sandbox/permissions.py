"""What a user or OAuth client may not do, as the tenant's settings list it.

Source: Zuora: Error handling (category 10), SOAP API error codes (NO_PERMISSION). An operation is named
`Object.operation`, such as `Payment.create`, `Payment.unapply`, `Refund.create`, `Refund.createUnapplying`,
`CreditMemo.refund`, `Payment.read`. A rule is such a name, `Object.*`, `*.operation`, `writes` (all but reads) or `*`.
Must not know a wire format.
"""

from bridge.sandbox.ledger import Tenant, User
from bridge.sandbox.refusal import PERMISSION, Refusal

PERMISSION_TEXT = "You do not have permission to perform this operation."


def may(tenant: Tenant, user: User, operation: str) -> bool:
    """Tell whether a user may do an operation."""
    kind, _, verb = operation.partition(".")
    rules = tenant.settings.denied.get(user.name, ())
    named = {"*", operation, f"{kind}.*", f"*.{verb}"} | ({"writes"} if verb != "read" else set())
    return named.isdisjoint(rules)


def require(tenant: Tenant, user: User, operation: str) -> None:
    """Refuse what a user may not do."""
    if not may(tenant, user, operation):
        raise Refusal(PERMISSION, PERMISSION_TEXT)
