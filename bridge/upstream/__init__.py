"""Zuora, as the bridge reaches it: transport, SOAP, REST, OAuth, the directory of facts, and the concurrency budget.

Everything here executes what ``bridge.core`` decided and classifies what came back (answered, not sent, lost).
Must not know who called, decide a verdict, or retry anything that may have moved money.
"""
