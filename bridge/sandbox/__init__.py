"""A simulated Zuora tenant with both faces, SOAP and REST, over one double-entry ledger.

A stand-in whose fidelity is part of the product: strict where Zuora is strict, liberal where it is liberal. It shares
no translation code with the bridge, so that a wrong mapping cannot agree with itself.
"""

from bridge.sandbox.ledger import Tenant
from bridge.sandbox.server import Sandbox, SandboxThread

__all__ = ["Sandbox", "SandboxThread", "Tenant"]
