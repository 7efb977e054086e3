"""The rules of the bridge, as pure code.

Nothing in this room does IO, reads a clock, starts a thread or draws a random number: it consists of tables,
frozen dataclasses and generators that yield commands (``commands``) and receive events. ``tests/test_rooms.py``
holds that line.
"""
