"""Drives core's generators: executes their commands against journal, upstream and clock. Must not hold a rule."""

from bridge.runtime.driver import Runtime, Stopping
from bridge.runtime.visit import Visit

__all__ = ["Runtime", "Stopping", "Visit"]
