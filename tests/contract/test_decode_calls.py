"""Decoding what is not an object: delete calls, sessions and call options."""

import pytest
from contract_samples import decoder, element

from bridge.contract.decode import Deletion, session, single_transaction
from bridge.contract.errors import DecodeError


def test_delete_is_a_type_and_ids():
    """In any namespace, ids repeated, white space stripped."""
    body = element("<zns:delete><zns:type> Payment </zns:type><ids>1</ids><ons:ids>\n2</ons:ids></zns:delete>")
    assert decoder().deletion(body) == Deletion("Payment", ("1", "2"))


@pytest.mark.parametrize(
    "inner",
    ["<ids>1</ids>", "<type/><ids>1</ids>", "<type>A</type><type>A</type>", "<type>A</type><ids/>",
     '<type>A</type><ids xsi:nil="true"/>', "<type>A</type><id>1</id>", "<type><x/></type>"],
)  # fmt: skip
def test_a_delete_that_is_incomplete_is_refused(inner):
    """A skipped id would shift every later row of the answer."""
    with pytest.raises(DecodeError):
        decoder().deletion(element(f"<zns:delete>{inner}</zns:delete>"))


@pytest.mark.parametrize(
    "inner",
    [
        "<zns:SessionHeader><zns:session>s</zns:session></zns:SessionHeader>",
        "<SessionHeader><session>s</session></SessionHeader>",
        '<e:SessionHeader xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><ons:Session>s</ons:Session></e:SessionHeader>',
        '<zns:sessionheader mustUnderstand="1"><zns:session>\n s </zns:session></zns:sessionheader>',
        '<zns:CallOptions xsi:nil="true"/><!-- x --><zns:SessionHeader>'
        '<zns:session xsi:type="xsd:string">s</zns:session></zns:SessionHeader>',
        2 * "<zns:SessionHeader><zns:session>s</zns:session></zns:SessionHeader>",
    ],
)
def test_the_session_is_found_in_every_dress(inner):
    """By local name, in any case, namespace and company."""
    assert session(element(f"<h>{inner}</h>")) == "s"


@pytest.mark.parametrize(
    "inner",
    [
        "",
        "<zns:SessionHeader/>",
        '<SessionHeader xsi:nil="1"><session>s</session></SessionHeader>',
        "<session>s</session>",
    ],
)
def test_no_session_is_none(inner):
    """An empty header is common, on login above all."""
    assert session(element(f"<h>{inner}</h>")) is None
    assert session(None) is None


def test_two_different_sessions_are_refused():
    """Whose call it is must not be guessed."""
    two = "".join(f"<SessionHeader><session>{s}</session></SessionHeader>" for s in "ab")
    with pytest.raises(DecodeError):
        session(element(f"<h>{two}</h>"))


@pytest.mark.parametrize(
    ("inner", "value"),
    [("true", True), (" 1 ", True), ("false", False), ("0", False), ("", False)],
)
def test_the_single_transaction_option_is_read(inner, value):
    """Absent, nil and empty are false."""
    xml = f"<h><zns:CallOptions><zns:useSingleTransaction>{inner}</zns:useSingleTransaction></zns:CallOptions></h>"
    assert single_transaction(element(xml)) is value
    assert single_transaction(None) is False
    assert single_transaction(element('<h><CallOptions xsi:nil="true"/></h>')) is False


def test_a_wrong_single_transaction_option_is_refused():
    """All or nothing must not be guessed."""
    with pytest.raises(DecodeError):
        single_transaction(
            element("<h><CallOptions><useSingleTransaction>yes</useSingleTransaction></CallOptions></h>")
        )
