"""What the bridge tells about itself: logs, metrics and the redaction both go through.

No secret, session id, card or bank number may leave through this room; it must not know payments or decide anything.
"""
