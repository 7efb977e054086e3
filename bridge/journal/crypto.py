"""Sealing: what the journal stores of a request is unreadable without the key.

XAES-256-GCM: AES-256-GCM under a key derived per message from a 192-bit random nonce
(https://c2sp.org/XAES-256-GCM). Plain AES-GCM with random nonces ends at 2^32 messages per key (NIST SP 800-38D,
8.3), which a tenant at Zuora's ceiling of 50,000 requests a minute reaches within two months.
Must not choose, store or print a key.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from bridge.journal.errors import JournalRefused

KEY_BYTES = 32
NONCE_BYTES = 24


class Unreadable(Exception):
    """A sealed value does not open: another key, another owner of the value, or damage."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What a process knows of a journal's keys: the one it seals with (None: the journal's place has one), and others
    that open too, while a key is being exchanged."""

    own: bytes | None = None
    others: tuple[bytes, ...] = ()


def keys_of(given: Keys | bytes | None) -> Keys:
    """One key, or None, as keys."""
    return given if isinstance(given, Keys) else Keys(given)


def key_from_text(text: str) -> bytes:
    """The 32 bytes of ``BRIDGE_JOURNAL__KEY``; the refusal does not repeat what was given."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise JournalRefused(
            "BRIDGE_JOURNAL__KEY is not 32 bytes in base64",
            "Make one with `openssl rand -base64 32`, keep it safe, and set it for every process on this database.",
        )
    return key


def derived(root: bytes, purpose: str) -> bytes:
    """A key for one purpose. The root key encrypts nothing itself, so that no two purposes share a key."""
    return hmac.digest(root, b"bridge journal: " + purpose.encode(), "sha256")


class XaesGcm:
    """The cipher alone, by its specification. Not safe for several threads at once."""

    def __init__(self, key: bytes) -> None:
        # ECB here is the bare block cipher that CMAC is made of; it has no state, so one encryptor serves for ever.
        self._block = Cipher(AES(key), ECB()).encryptor()  # noqa: S305
        high = int.from_bytes(self._block.update(bytes(16)))
        self._subkey = ((high << 1) & (1 << 128) - 1) ^ (0x87 if high >> 127 else 0)

    def encrypt(self, nonce: bytes, plain: bytes, associated: bytes) -> bytes:
        """Ciphertext and tag."""
        return self._message_cipher(nonce).encrypt(nonce[12:], plain, associated)

    def decrypt(self, nonce: bytes, sealed: bytes, associated: bytes) -> bytes:
        """The plain bytes; raises ``InvalidTag`` where anything differs."""
        return self._message_cipher(nonce).decrypt(nonce[12:], sealed, associated)

    def _message_cipher(self, nonce: bytes) -> AESGCM:
        first = int.from_bytes(b"\x00\x01X\x00" + nonce[:12]) ^ self._subkey
        second = int.from_bytes(b"\x00\x02X\x00" + nonce[:12]) ^ self._subkey
        return AESGCM(self._block.update(first.to_bytes(16) + second.to_bytes(16)))


class Seal:
    """Seals and opens byte strings, each bound to a name (a dispatch's id). Not safe for several threads at once.

    It seals under ``root`` and opens what was sealed under one of ``others`` as well.
    """

    def __init__(self, root: bytes, others: Iterable[bytes] = ()) -> None:
        self._cipher = XaesGcm(derived(root, "seal"))
        others = tuple(others)
        self._openers = (self._cipher, *(XaesGcm(derived(other, "seal")) for other in others))
        self.key_id = derived(root, "key id")[:4].hex()
        # For query locators, which every process on this journal must know as its own.
        self.locator_key = derived(root, "query locators")
        self.audit_key = derived(root, "audit")
        self.audit_keys = (self.audit_key, *(derived(other, "audit") for other in others))
        # For the console's sessions, which every process on this journal must know as well.
        self.console_key = derived(root, "console sessions")

    def close(self, plain: bytes, name: str) -> bytes:
        """``plain`` sealed under ``name``: 24 bytes of nonce, then ciphertext and tag."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, name.encode())

    def open(self, sealed: bytes, name: str) -> bytes:
        """What was sealed under ``name``; raises ``Unreadable`` where key, name or bytes differ."""
        if len(sealed) < NONCE_BYTES:
            raise Unreadable(f"the sealed bytes of {name} are cut short")
        for cipher in self._openers:
            try:
                return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], name.encode())
            except InvalidTag:
                continue
        raise Unreadable(f"the sealed bytes of {name} do not open under key {self.key_id}")
