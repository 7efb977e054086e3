"""Parity: record calls, replay them on two sides, compare by the contract, know the noise, give a verdict.

A run answers one question per operation and object: may this step be taken? It is write-safe because each side works on
a twin of its own and because what is left behind is compared as well. May import every room before it. Must not change
production state: it reads captures, sends only to the origins that it is given, and writes only reports.
"""
