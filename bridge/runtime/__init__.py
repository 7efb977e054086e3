"""Drives core's generators: executes their commands against journal, upstream and clock. Must not hold a rule."""

from bridge.runtime.driver import Runtime, Stopping, machine_now
from bridge.runtime.recoverer import Recoverer
from bridge.runtime.visit import Visit

__all__ = ["Recoverer", "Runtime", "Stopping", "Visit", "machine_now"]
