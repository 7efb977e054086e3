"""The WSDL that callers download from the bridge: byte for byte the file, but for the address."""

import contextlib

import pytest
from contract_samples import own, raw_extension, raw_wsdl
from hypothesis import given
from hypothesis import strategies as st
from zeep import Client

from bridge.contract import files
from bridge.contract.errors import ContractError
from bridge.contract.reader import read
from bridge.contract.serve import extended_wsdl, served_wsdl

ZUORA = b"https://www.zuora.com/apps/services/a/107.0"
BRIDGE = "http://127.0.0.1:8080/apps/services/a/107.0"


def test_the_served_file_differs_in_the_address_only():
    """Builds compare and patch the file as text."""
    assert served_wsdl(raw_wsdl(), BRIDGE) == raw_wsdl().replace(ZUORA, BRIDGE.encode())


def test_an_address_is_escaped_as_xml():
    """A query in a public URL must not break the file."""
    assert read(served_wsdl(raw_wsdl(), "http://h/?a=1&b='<é>'/107.0")).address == "http://h/?a=1&b='<é>'/107.0"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'location="' + ZUORA + b'"', b"location = '" + ZUORA + b"'"),
        (b"<soap:address ", b"<soap:address\n    "),
        (b'.0"/>\n    </port>', b'.0" ></soap:address></port>'),
        (b"<types>", b'<!-- <soap:address location="x"/> --><types>'),
        (b"\n", b"\r\n"),
        (b'"UTF-8"', b'"ISO-8859-1"'),
        (b"soap:", b"wsdlsoap:"),
    ],
)
def test_other_ways_to_write_the_file_are_kept(old, new):
    """Quotes, line ends, comments, prefixes and encodings stay the tenant's."""
    raw = (
        raw_wsdl()
        .replace(old, new)
        .replace(b"xmlns:soap=", b"xmlns:wsdlsoap=" if b"wsdlsoap:" in new else b"xmlns:soap=")
    )
    served = served_wsdl(raw, BRIDGE)
    assert read(served).address == BRIDGE
    assert len(served) - len(raw) == len(BRIDGE) - len(ZUORA)


def test_every_soap_address_is_replaced_and_no_other():
    """A file may have several ports; an http:address is another matter."""
    port = b'<port name="More" binding="zns:SoapBinding"><soap:address location="https://na.zuora.com/a/107.0"/></port>'
    other = b'<port name="Get" binding="zns:SoapBinding"><http:address location="https://x"/></port>'
    served = served_wsdl(raw_wsdl().replace(b"</service>", port + other + b"</service>"), BRIDGE)
    assert served.count(BRIDGE.encode()) == 2
    assert b'<http:address location="https://x"/>' in served


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<a/>",
        raw_wsdl().replace(b"<soap:address", b"<soap:adress"),
        raw_wsdl().replace(b"location=", b"where="),
        raw_wsdl().decode().replace('"UTF-8"', '"UTF-16"').encode("utf-16"),
    ],
)
def test_a_file_whose_address_cannot_be_replaced_is_not_served(raw):
    """Serving it would send callers past the bridge."""
    with pytest.raises(ContractError):
        served_wsdl(raw, BRIDGE)


def test_the_extended_file_reads_as_the_extended_contract():
    """What is served and what is read cannot differ."""
    served = extended_wsdl(raw_wsdl(), raw_extension(), "https://www.zuora.com/apps/services/a/107.0")
    assert read(served) == own()
    assert b"DebitMemoPaymentData" in served


def test_zeep_builds_an_extended_payment(tmp_path):
    """A changed caller generates its client from this file."""
    path = tmp_path / "extended.wsdl"
    path.write_bytes(extended_wsdl(raw_wsdl(), raw_extension(), BRIDGE))
    client = Client(str(path))
    make = client.get_type("{http://object.api.zuora.com/}Payment")
    part = {"DebitMemoPayment": [{"Amount": 5, "DebitMemoNumber": "DM00000001"}]}
    message = client.create_message(client.service, "create", zObjects=[make(DebitMemoPaymentData=part)])
    tags = [node.tag for node in message.find(".//{*}zObjects").iter()][1:]
    ons, zns = "{http://object.api.zuora.com/}", "{http://api.zuora.com/}"
    assert tags == [f"{ons}DebitMemoPaymentData", f"{zns}DebitMemoPayment", f"{ons}Amount", f"{ons}DebitMemoNumber"]


@given(cut=st.integers(0, 40_000), width=st.integers(0, 200))
def test_a_damaged_file_raises_only_the_rooms_own_error(cut, width):
    """Any bytes are served or refused."""
    raw = raw_wsdl()
    with contextlib.suppress(ContractError):
        served_wsdl(raw[:cut] + raw[cut + width :], BRIDGE)


def test_the_files_are_found_in_the_checkout_and_in_a_wheel(tmp_path, monkeypatch):
    """An installed package carries them beside itself, and prefers them."""
    assert files.own_wsdl().is_file()
    assert files.extension().is_file()
    (tmp_path / "bridge" / "_wsdl").mkdir(parents=True)
    (tmp_path / "bridge" / "_wsdl" / files.WSDL_NAME).touch()
    monkeypatch.setattr("bridge.__file__", str(tmp_path / "bridge" / "__init__.py"))
    assert files.folder() == (tmp_path / "bridge" / "_wsdl").resolve()
