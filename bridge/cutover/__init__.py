"""Policy: which route carries what more than one can carry, decided by rules that its owner changes while it runs.

Must not touch the wire.
"""

from bridge.cutover.live import Live
from bridge.cutover.policy import Policy

__all__ = ["Live", "Policy"]
