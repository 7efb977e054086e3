"""Redaction: decoys in every notation disappear, and what an operator needs stays."""

from dataclasses import dataclass
from decimal import Decimal

import pytest
from cost import growth
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.telemetry.redact import BANK_MASK, CARD_MASK, MASK, is_card_number, is_iban, redact, redact_text

DECOY = "Hush-9f+/Decoy=="
ID = "2c92c0f94a5d7e0a014a5e1f3b6a0002"

# Numbers that card schemes publish for tests, one of each length and grouping.
CARDS = [
    "4111111111111111",
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "4111.1111.1111.1111",
    "4111\u00a01111\u00a01111\u00a01111",
    "5555555555554444",
    "2223003122003222",
    "2223 0031 2200 3222",
    "378282246310005",
    "3782 822463 10005",
    "30569309025904",
    "3056 930902 5904",
    "6011111111111117",
    "4222222222222",
    "6304000000000000",
    "4000000000000000006",
]
IBANS = [
    "DE89370400440532013000",
    "DE89 3704 0044 0532 0130 00",
    "GB82WEST12345698765432",
    "GB82 WEST 1234 5698 7654 32",
    "NO9386011117947",
    "fr1420041010050500013m02606",
]
NAMED = [
    f"<ns1:session>{DECOY}</ns1:session>",
    f'<api:Session xmlns:api="u">{DECOY}</api:Session>',
    f"<session><![CDATA[{DECOY}]]></session>",
    f"<password>\n  {DECOY}\n</password>",
    f'<wsse:Password Type="x#PasswordText">{DECOY}</wsse:Password>',
    f"<ns1:session>{DECOY}",
    f"&lt;session&gt;{DECOY}&lt;/session&gt;",
    f"<ons:CreditCardSecurityCode>{DECOY}</ons:CreditCardSecurityCode>",
    f"<ons:AchAccountNumber>{DECOY}</ons:AchAccountNumber>",
    f"<ons:BankTransferAccountNumber>{DECOY}</ons:BankTransferAccountNumber>",
    f"<GatewayOptionData><GatewayOption><name>n</name><value>{DECOY}</value></GatewayOption></GatewayOptionData>",
    f'{{"session": "{DECOY}"}}',
    f'{{"password":"{DECOY}"',
    f"{{'clientSecret': '{DECOY}'}}",
    f'{{\\"access_token\\": \\"{DECOY}\\"}}',
    f'{{"gatewayOptions": {{"key": "{DECOY}", "more": {{"x": "{DECOY}"}}}}}}',
    f'{{"credentials": ["{DECOY}", "{DECOY}"]}}',
    f"Authorization: Bearer {DECOY}",
    f"authorization: Basic {DECOY} trailing",
    f"Cookie: ZSession={DECOY}; x=1",
    f"apiSecretAccessKey: {DECOY}",
    f"got 'Bearer {DECOY}' instead",
    f"got 'ZSession {DECOY}' instead",
    f"grant_type=client_credentials&client_secret={DECOY}&x=1",
    f"https://example.com/a?access_token={DECOY}&b=1",
    f"url=https://example.com/a?token={DECOY}",
    f"msg='password={DECOY}'",
    f"BRIDGE_ZUORA__CLIENT_SECRET={DECOY}",
    f"BRIDGE_JOURNAL__KEY={DECOY}",
    f'password="{DECOY} with blanks"',
    f'<login password="{DECOY}"/>',
]


@pytest.mark.parametrize("text", NAMED)
def test_named_secret_disappears_from_text(text: str) -> None:
    """Whatever the notation, the value behind a secret name is gone."""
    told = redact_text(f"before {text}")
    assert "Hush" not in told
    assert "Decoy" not in told
    assert "[redacted]" in told
    assert told.startswith("before ")


@pytest.mark.parametrize("card", CARDS)
@pytest.mark.parametrize(
    "frame", ["{}", "card {} 12/27", "<n>{}</n>", 'x="{}"', "PAN{}.", "id_{}", "no-{} 123", "{} 12 27"]
)
def test_card_number_disappears_from_text(card: str, frame: str) -> None:
    """A Luhn-valid number goes, whatever surrounds it."""
    told = redact_text(frame.format(card))
    assert CARD_MASK in told or MASK in told
    assert card not in told


@pytest.mark.parametrize("iban", IBANS)
@pytest.mark.parametrize("frame", ["{}", "from {} was refused", "<a>{}</a>", "({}),"])
def test_bank_account_disappears_from_text(iban: str, frame: str) -> None:
    """A valid IBAN goes, and the words around it stay."""
    assert redact_text(frame.format(iban)) == frame.format(BANK_MASK)


@pytest.mark.parametrize(
    "text",
    [
        f"payment {ID} of account A00000123",
        "2c92c0f94111111111111111014a5e1f",
        f"<ons:AccountId>{ID}</ons:AccountId><ons:Amount>100.50</ons:Amount>",
        f'{{"id": "{ID}", "amount": 100.50, "date": "2024-01-31"}}',
        "2024-01-31T08:00:00.000-08:00",
        "2024-01-31 2024-02-29 2024-03-31",
        "100.00 200.00 300.00 400.00",
        "time 1700000000000 and 1700000000000000000",
        "4111111111111112",
        "DE89370400440532013001",
        "PM123456789012345678",
        "token expired: log in again",
        "basic auth failed",
        "SessionHeader: missing",
        '<session xsi:nil="true"/>',
        '{"session": null, "token": false}',
        "https://example.com:8080/apps/services/a/64.0?wsdl",
        "Comment: paid by card, see note",
        "550e8400-e29b-41d4-a716-446655440000",
        "************1111",
        "",
    ],
)
def test_what_an_operator_needs_stays(text: str) -> None:
    """Ids, amounts, dates, times and messages are not touched."""
    assert redact_text(text) == text


def test_structures_are_redacted_by_key_and_by_shape() -> None:
    """Keys decide for their whole value; everything else is looked at; the original is not changed."""
    original = {
        "Session": DECOY,
        "nested": [{"client_secret": {"x": DECOY}}, ("Authorization", f"Bearer {DECOY}"), 4111111111111111],
        b"password": DECOY,
        "card 4111111111111111": 1,
        "amount": Decimal("100.50"),
        "rate": 0.1,
        "token": None,
        "session": True,
        "raw": b"<session>" + DECOY.encode() + b"</session>",
        "ids": {ID},
    }
    told = redact(original)
    assert "Hush" not in repr(told)
    assert "4111" not in repr(told)
    assert isinstance(told, dict)
    assert told["amount"] == "100.50"
    assert (told["rate"], told["token"], told["session"], told["ids"]) == (0.1, None, True, [ID])
    assert original["Session"] == DECOY


def test_dataclass_is_redacted_by_its_fields() -> None:
    """A value object hides its secrets like a mapping."""

    @dataclass
    class Login:
        username: str
        password: str

    assert redact(Login("u", DECOY)) == {"username": "u", "password": MASK}


def test_object_that_cannot_be_told_is_named() -> None:
    """A broken __str__ does not break the log line."""

    class Broken:
        def __str__(self) -> str:
            raise RuntimeError(DECOY)

    assert redact({"x": Broken()}) == {"x": "<Broken>"}


def test_endless_structure_ends() -> None:
    """A structure that contains itself is cut."""
    loop: list[object] = []
    loop.append(loop)
    assert MASK in repr(redact(loop))


def test_quote_inside_a_secret_does_not_end_it() -> None:
    """Escaped quotes, at any depth of JSON inside JSON, belong to the secret."""
    for quote in ('"', '\\"', '\\\\\\"'):
        inner = "\\" * (2 * len(quote) - 1) + '"'
        told = redact_text(
            f"{{{quote}secret{quote}:{quote}Hush{inner}Decoy{quote},{quote}b{quote}:{quote}keep{quote}}}"
        )
        assert "Decoy" not in told
        assert "keep" in told


def test_luhn_and_iban_checks_are_exact() -> None:
    """The published numbers are valid and their neighbours are not."""
    assert all(is_card_number(card) for card in CARDS)
    assert not any(is_card_number(card[:-1] + str((int(card[-1]) + 1) % 10)) for card in CARDS)
    assert not is_card_number("0" * 16)
    assert not is_card_number("\u00b2" * 16)
    assert all(is_iban(iban) for iban in IBANS)
    assert not is_iban("ZZ89370400440532013000")


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.recursive(st.text() | st.binary() | st.integers() | st.floats() | st.none(), st.lists))
def test_nothing_raises(value: object) -> None:
    """Any structure of any text is redacted."""
    redact({"x": value, "session": value})


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.integers(10**11, 10**17 - 1),
    st.sampled_from(["", " ", "-"]),
    st.text(alphabet="ab ,:;=<>/\"'{}\\", max_size=10),
    st.text(alphabet="ab ,:;=<>/\"'{}\\", max_size=10),
)
def test_any_card_number_disappears(stem: int, separator: str, before: str, behind: str) -> None:
    """Whatever the number, its grouping by fours and its surroundings, the digits do not stay."""
    stem = int("4" + str(stem))
    digits = next(f"{stem}{check}" for check in range(10) if is_card_number(f"{stem}{check}"))
    shown = separator.join(digits[at : at + 4] for at in range(0, len(digits), 4))
    assert shown not in redact_text(f"{before}{shown}{behind}")


@pytest.mark.parametrize(
    "piece", ["<session>", "\\", '"', "4", "4 ", "a=", "a:", "<a ", '"session":{', "bearer ", "DE89", "&lt;a ", "://a:"]
)
def test_hostile_text_costs_linear_time(piece: str) -> None:
    """Four times as much of any pattern's beginning, up to a quarter of a megabyte, costs about four times as much."""
    assert growth(lambda size: redact_text(piece * (size // len(piece))), 250_000) < 8
