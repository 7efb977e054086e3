"""The durable record of intents and dispatches: what was asked, what was sent, what came of it.

``Journal`` is all that other rooms need. Must not decide anything.
"""

from bridge.journal.crypto import key_from_text
from bridge.journal.errors import JournalDown, JournalError, JournalRefused
from bridge.journal.retention import keep
from bridge.journal.store import Journal

__all__ = ["Journal", "JournalDown", "JournalError", "JournalRefused", "keep", "key_from_text"]
