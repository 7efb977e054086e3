"""What an ordered fault changes about one call inside the tenant: the gateway's verdict, a refusal, a fault.

The edge of the network (drops, HTML pages, delays) is the server's own business. Must not decide which call is meant.
"""

from dataclasses import dataclass
from typing import Final

from bridge.sandbox.gateway import Verdict
from bridge.sandbox.refusal import Refusal
from bridge.sandbox.soap.faults import ServerFault, TypedFault


@dataclass(frozen=True)
class Orders:
    """Nothing, unless a fault was ordered: `refuse` is told to every object of a write, `fault` to the whole call."""

    verdict: Verdict = ""
    refuse: Refusal | None = None
    fault: TypedFault | ServerFault | None = None


NONE: Final = Orders()
