"""The callers' side: guard, door, Spyne services, pass-through, sessions and faults.

It turns a caller's bytes into a Call and outcomes into the caller's bytes, and must not contain a business rule.
"""
