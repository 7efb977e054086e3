"""Nothing of a request is readable without the key, and the key is kept from others."""

from __future__ import annotations

import asyncio
import base64
import os
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from journal_examples import KEY, dispatch, intent, journal_in, moved, newest, opened, play, url_of

from bridge.core.commands import Opened
from bridge.core.intent import State
from bridge.core.model import RowError
from bridge.journal import Journal, JournalDown, JournalRefused, key_from_text
from bridge.journal.crypto import Seal, Unreadable, XaesGcm, derived

SECRETS = (b"4111111111111111", b"gateway-secret", b"session-abcdef", b"/v1/secret-path", b"PATCH", b"X-Header")


def test_the_cipher_is_xaes_256_gcm() -> None:
    """The published example: https://c2sp.org/XAES-256-GCM, test vectors."""
    nonce = b"ABCDEFGHIJKLMNOPQRSTUVWX"
    sealed = bytes.fromhex("ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271")
    assert XaesGcm(b"\x01" * 32).encrypt(nonce, b"XAES-256-GCM", b"") == sealed
    assert XaesGcm(b"\x01" * 32).decrypt(nonce, sealed, b"") == b"XAES-256-GCM"
    with pytest.raises(InvalidTag):
        XaesGcm(b"\x02" * 32).decrypt(nonce, sealed, b"")


def test_the_same_bytes_never_seal_alike() -> None:
    """Equal requests cannot be told from the database."""
    seal = Seal(KEY)
    assert len({seal.close(b"same", "d1") for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "spoil",
    [
        lambda sealed: (sealed[:-1] + bytes([sealed[-1] ^ 1]), "d1"),
        lambda sealed: (bytes([sealed[0] ^ 1]) + sealed[1:], "d1"),
        lambda sealed: (sealed, "d2"),
        lambda sealed: (sealed[:30], "d1"),
        lambda sealed: (b"", "d1"),
    ],
    ids=["tag", "nonce", "another name", "short", "empty"],
)
def test_a_sealed_value_opens_only_whole_and_under_its_name(spoil: object) -> None:
    """A sealed request cannot be moved to another dispatch."""
    seal = Seal(KEY)
    sealed, name = spoil(seal.close(b"plain", "d1"))  # type: ignore[operator]
    with pytest.raises(Unreadable):
        seal.open(sealed, name)


def test_each_purpose_has_its_own_key() -> None:
    """The root key itself seals nothing and is not in the key's id."""
    assert derived(KEY, "seal") != derived(KEY, "audit") != KEY
    assert Seal(KEY).key_id != Seal(bytes(32)).key_id


def test_no_file_holds_a_request_in_clear(tmp_path: Path) -> None:
    """Neither the database nor its WAL nor anything else in the folder."""
    sent = dispatch(
        "d1",
        method="PATCH",
        path="/v1/secret-path",
        headers=(("X-Header", "gateway-secret"), ("Cookie", "session-abcdef")),
        body=b'{"card": "4111111111111111"}' * 400,
    )

    async def scene(journal: Journal) -> None:
        assert await journal.record([Opened((intent(),), (sent,))])
        stored = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        assert b"print of i1" in stored["bridge.db-wal"]
        for name, content in stored.items():
            assert [secret for secret in SECRETS if secret in content] == [], name
        assert await newest(journal, "i1") == sent

    play(tmp_path, scene)
    for path in tmp_path.iterdir():
        assert [secret for secret in SECRETS if secret in path.read_bytes()] == [], path.name


def test_no_file_holds_a_number_that_a_caller_or_zuora_named(tmp_path: Path) -> None:
    """A card number as reference, in the text of an error, as a field's name, as the Id that a lease is on."""
    cards = ["4111111111111111", "5555555555554444", "378282246310005", "6011111111111117"]
    marker, text, name, key = cards
    sent = dispatch("d1", marker=marker)
    errors = (RowError("INVALID_VALUE", f"{text} is no reference", f"C{name}__c"), RowError("INVALID_ID", "no", None))

    async def scene(journal: Journal) -> None:
        assert await journal.record([Opened((intent(),), (sent,)), opened("i2", near_place=1, ordinal=1)])
        assert await journal.hold("s", key, "i1", whole=False)
        assert not await journal.hold("s", key, "i2", whole=False)
        assert await journal.hold("s", "378734493671000", "i2", whole=False)
        assert await journal.record([moved(target=State.REFUSED, errors=errors)])
        assert await newest(journal, "i1") == sent
        (found,) = await journal.intents(["i1"])
        assert [error.message for error in found.errors] == ["[card] is no reference", "no"]
        assert [error.field for error in found.errors] == ["C[card]__c", None]
        for path in tmp_path.iterdir():
            assert [card for card in cards if card.encode() in path.read_bytes()] == [], path.name

    play(tmp_path, scene)


def test_a_damaged_dispatch_is_journal_down_and_not_a_guess(tmp_path: Path) -> None:
    """Bytes that do not open are never sent."""
    import sqlite3

    play(tmp_path, lambda journal: journal.record([opened("i1")]))
    with closing(sqlite3.connect(tmp_path / "bridge.db")) as database, database:
        database.execute("UPDATE dispatch SET sealed = zeroblob(60)")

    async def scene(journal: Journal) -> None:
        with pytest.raises(JournalDown, match="do not open"):
            await newest(journal, "i1")
        assert await journal.record([opened("i2")])

    play(tmp_path, scene)


def test_another_key_is_refused_at_the_start(tmp_path: Path) -> None:
    """Not at the first read, when a call may depend on it."""
    with journal_in(tmp_path):
        pass
    with pytest.raises(JournalRefused, match="key does not open"):
        Journal.open(url_of(tmp_path), bytes(32), "w1")
    with journal_in(tmp_path):
        pass


def test_without_a_key_a_file_of_mode_0600_is_made_and_used_again(tmp_path: Path) -> None:
    """Whatever the umask; the next start reads it."""
    umask = os.umask(0)
    try:
        for _ in range(2):
            with closing(Journal.open(url_of(tmp_path), None, "w1")) as journal:
                asyncio.run(journal.heartbeat(1))
    finally:
        os.umask(umask)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {"bridge.db": 0o600, "bridge.db.key": 0o600}
    assert len((tmp_path / "bridge.db.key").read_bytes()) == 32


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_key_file_that_others_can_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    """The instruction says how to close it; the mode is not changed behind the owner's back."""
    with closing(Journal.open(url_of(tmp_path), None, "w1")):
        pass
    (tmp_path / "bridge.db.key").chmod(mode)
    with pytest.raises(JournalRefused, match="chmod 600"):
        Journal.open(url_of(tmp_path), None, "w1")
    assert (tmp_path / "bridge.db.key").stat().st_mode & 0o777 == mode


def test_a_lost_key_file_is_not_replaced(tmp_path: Path) -> None:
    """A new key would not open the old rows."""
    with closing(Journal.open(url_of(tmp_path), None, "w1")):
        pass
    (tmp_path / "bridge.db.key").unlink()
    with pytest.raises(JournalRefused, match="Restore the key file"):
        Journal.open(url_of(tmp_path), None, "w1")
    assert not (tmp_path / "bridge.db.key").exists()


def test_a_key_file_of_another_length_is_refused(tmp_path: Path) -> None:
    """A text editor adds a line end."""
    path = tmp_path / "bridge.db.key"
    path.write_bytes(bytes(33))
    path.chmod(0o600)
    with pytest.raises(JournalRefused, match="32 bytes"):
        Journal.open(url_of(tmp_path), None, "w1")


@pytest.mark.parametrize("text", ["", "short", base64.b64encode(bytes(31)).decode(), "*" * 44, "é" * 44])
def test_a_key_that_is_not_32_bytes_in_base64_is_refused_without_repeating_it(text: str) -> None:
    """A wrong key may be nearly the right one."""
    with pytest.raises(JournalRefused, match="32 bytes") as refusal:
        key_from_text(text)
    assert not text or text not in str(refusal.value)


def test_a_key_in_base64_is_read() -> None:
    """Also with the line end of ``openssl rand``."""
    assert key_from_text(base64.b64encode(KEY).decode() + "\n") == KEY


def test_a_key_of_another_length_is_refused(tmp_path: Path) -> None:
    """The journal checks what it is given."""
    with pytest.raises(JournalRefused, match="32 random bytes"):
        Journal.open(url_of(tmp_path), b"short", "w1")
