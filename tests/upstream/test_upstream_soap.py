"""SOAP: messages by Zuora's WSDL, verbatim values, and no session in the bytes."""

from __future__ import annotations

import asyncio
import re
import warnings
from functools import cache
from pathlib import Path

import pytest
from cost import Reference
from lxml import etree
from upstream_servers import FAULT, ID, OK_ROW, Request, always, answer, saved, serving, transporting

from bridge.core.commands import Composed, Lost, NotSent, SoapAnswer, SoapFault, SoapRow
from bridge.core.intent import Dispatch
from bridge.core.model import Op, Route, Version, ZObject
from bridge.upstream.budget import Budget
from bridge.upstream.clock import fence_now
from bridge.upstream.soap import Uncomposable, UserInfo, ZuoraSoap
from bridge.upstream.soap_objects import _fragment
from bridge.upstream.transport import Transport

WSDL = Path(__file__).parents[2] / "wsdl" / "zuora.107.0.wsdl"
PAYMENT = ZObject(
    "Payment",
    {"Type": "External", "Amount": "100.50", "AccountId": ID, "EffectiveDate": "2026-02-20", "Comment": "A & B <C>"},
)
ENVELOPE = (
    "<?xml version='1.0' encoding='utf-8'?>\n"
    '<soap-env:Envelope xmlns:soap-env="http://schemas.xmlsoap.org/soap/envelope/" xmlns:zns="http://api.zuora.com/" '
    'xmlns:ons="http://object.api.zuora.com/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    "<soap-env:Header><zns:SessionHeader><zns:session>@session@</zns:session></zns:SessionHeader>{header}"
    "</soap-env:Header><soap-env:Body>{body}</soap-env:Body></soap-env:Envelope>"
)


def soap(transport: Transport | None = None, origin: str = "http://zuora.example.com", path: Path = WSDL) -> ZuoraSoap:
    """A client; without a transport it only composes."""
    return ZuoraSoap(path, origin, transport, Budget())  # type: ignore[arg-type]


@cache
def composer() -> ZuoraSoap:
    """One client for all tests that only compose."""
    return soap()


def composed(op: Op, *objects: ZObject, single: bool = False) -> str:
    """The composed message as text."""
    return composer().compose(op, objects, single).body.decode()


def body_of(op: Op, *objects: ZObject) -> str:
    """What stands inside the Body."""
    found = re.search(r"<soap-env:Body>(.*)</soap-env:Body>", composed(op, *objects), re.DOTALL)
    assert found is not None
    return found[1]


# ---------------------------------------------------------------- composing


def test_a_create_is_the_golden_message() -> None:
    """Fields in the WSDL's order, texts verbatim, a place for the session and no session."""
    assert composed(Op.CREATE, PAYMENT) == ENVELOPE.format(
        header="",
        body=f'<zns:create><zns:zObjects xsi:type="ons:Payment"><ons:AccountId>{ID}</ons:AccountId>'
        "<ons:Amount>100.50</ons:Amount><ons:Comment>A &amp; B &lt;C&gt;</ons:Comment>"
        "<ons:EffectiveDate>2026-02-20</ons:EffectiveDate><ons:Type>External</ons:Type></zns:zObjects></zns:create>",
    )


def test_an_update_puts_nulls_before_the_id_before_the_fields() -> None:
    """zObject's own elements come first: fieldsToNull, then Id."""
    given = ZObject("Refund", {"Status": "Canceled", "Id": ID}, nulls=("ReasonCode", "Comment"))
    assert body_of(Op.UPDATE, given) == (
        '<zns:update><zns:zObjects xsi:type="ons:Refund"><ons:fieldsToNull>ReasonCode</ons:fieldsToNull>'
        f"<ons:fieldsToNull>Comment</ons:fieldsToNull><ons:Id>{ID}</ons:Id><ons:Status>Canceled</ons:Status>"
        "</zns:zObjects></zns:update>"
    )


def test_a_delete_names_the_type_and_the_ids() -> None:
    """Delete carries no objects."""
    ids = [ZObject("Payment", {"Id": ID}), ZObject("Payment", {"Id": ID[::-1]})]
    assert body_of(Op.DELETE, *ids) == (
        f"<zns:delete><zns:type>Payment</zns:type><zns:ids>{ID}</zns:ids><zns:ids>{ID[::-1]}</zns:ids></zns:delete>"
    )


def test_a_single_transaction_is_asked_for_in_its_header() -> None:
    """CallOptions, after the session."""
    assert composed(Op.CREATE, PAYMENT, single=True).count(
        "</zns:SessionHeader><zns:CallOptions><zns:useSingleTransaction>true</zns:useSingleTransaction>"
        "</zns:CallOptions></soap-env:Header>"
    )


def test_path_and_headers_are_those_of_the_binding() -> None:
    """The WSDL's own version, SOAP 1.1, an empty action."""
    made = composer().compose(Op.CREATE, (PAYMENT,), False)
    assert composer().version == Version(107)
    assert made.path == "/apps/services/a/107.0"
    assert made.headers == (("Content-Type", "text/xml; charset=utf-8"), ("SOAPAction", '""'))


@pytest.mark.parametrize(
    "text", ["100.50", "100.500", "1E+3", "0.1", "+5", "00012", "1e400", "99999999999999999.99", " 5 ", "NaN"]
)
def test_a_decimal_goes_out_verbatim(text: str) -> None:
    """No rounding, no exponent, no trimming: what the caller wrote is what Zuora judges."""
    assert f"<ons:Amount>{text}</ons:Amount>" in body_of(Op.CREATE, ZObject("Payment", {"Amount": text}))


@pytest.mark.parametrize("text", ["2026-02-20", "2026-02-20T00:00:00", "2026-02-20T00:00:00.000-08:00", "20.02.2026"])
def test_a_date_goes_out_verbatim(text: str) -> None:
    """Dates are the caller's too."""
    given = ZObject("Payment", {"EffectiveDate": text, "CancelledOn": text})
    assert body_of(Op.CREATE, given).count(f">{text}<") == 2


def test_a_boolean_goes_out_verbatim() -> None:
    """zeep would write true for yes (Zuora reads true, yes and 1 alike)."""
    assert "<ons:AutoPay>yes</ons:AutoPay>" in body_of(Op.CREATE, ZObject("Account", {"AutoPay": "yes"}))


def test_containers_hold_objects_in_the_alternating_namespaces() -> None:
    """The container is a field of the object, its content is declared in the API's namespace."""
    given = ZObject(
        "Payment",
        {"Amount": "3"},
        {
            "InvoicePaymentData": (
                ZObject("InvoicePayment", {"InvoiceId": "b", "Amount": "1.00"}),
                ZObject("InvoicePayment", {"Amount": "2", "InvoiceId": "c"}),
            ),
            "GatewayOptionData": (ZObject("GatewayOption", {"value": "v", "name": "n"}),),
        },
    )
    assert body_of(Op.CREATE, given) == (
        '<zns:create><zns:zObjects xsi:type="ons:Payment"><ons:Amount>3</ons:Amount>'
        "<ons:GatewayOptionData><zns:GatewayOption><ons:name>n</ons:name><ons:value>v</ons:value></zns:GatewayOption>"
        "</ons:GatewayOptionData><ons:InvoicePaymentData>"
        "<zns:InvoicePayment><ons:Amount>1.00</ons:Amount><ons:InvoiceId>b</ons:InvoiceId></zns:InvoicePayment>"
        "<zns:InvoicePayment><ons:Amount>2</ons:Amount><ons:InvoiceId>c</ons:InvoiceId></zns:InvoicePayment>"
        "</ons:InvoicePaymentData></zns:zObjects></zns:create>"
    )


def test_unknown_fields_keep_their_alphabetical_place() -> None:
    """A custom field the file lacks is inserted, ignoring case, never dropped."""
    fields = {"Type": "External", "zebra__c": "4", "amountX__c": "2", "Aaa__c": "1", "Amount": "5", "Status__c": "3"}
    names = re.findall(r"<ons:(\w+)>", body_of(Op.CREATE, ZObject("Payment", fields)))
    assert names == ["Aaa__c", "Amount", "amountX__c", "Status__c", "Type", "zebra__c"]


def test_unknown_elements_are_inserted_byte_for_byte() -> None:
    """Prefixes inside survive, even one that only an xsi:type uses; a placeholder cannot be forged from outside."""
    xml = (
        '<q:Extra xmlns:q="urn:x" xmlns:o="http://object.api.zuora.com/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="o:T"><q:a><![CDATA[1 < 2]]></q:a>'
        "<?bridge 0?></q:Extra>"
    )
    given = ZObject("Payment", {"Amount": "1", "Type": "<?bridge 0?>"}, verbatim={"Extra": xml, "Zed": "<Zed/>"})
    assert body_of(Op.CREATE, given, given) == "".join(
        (
            "<zns:create>",
            (
                f'<zns:zObjects xsi:type="ons:Payment"><ons:Amount>1</ons:Amount>{xml}'
                "<ons:Type>&lt;?bridge 0?&gt;</ons:Type><Zed/></zns:zObjects>"
            )
            * 2,
            "</zns:create>",
        )
    )


@pytest.mark.parametrize(
    "xml",
    [
        "<Extra>",
        "text",
        "",
        "<Other/>",
        '<?xml version="1.0"?><Extra/>',
        '<!DOCTYPE Extra [<!ENTITY e "x">]><Extra>&e;</Extra>',
        "<Extra>\x00</Extra>",
        "</ons:Amount><ons:Amount>1</ons:Amount>",
    ],
)
def test_a_fragment_that_is_not_one_element_is_refused(xml: str) -> None:
    """It could otherwise close our elements and open others."""
    with pytest.raises(Uncomposable):
        composed(Op.CREATE, ZObject("Payment", {}, verbatim={"Extra": xml}))


@pytest.mark.parametrize(
    "given",
    [
        ZObject("Payment", {"Comment": "a\x00b"}),
        ZObject("Payment", {"Comment": "\ud800"}),
        ZObject("Payment", {"not a name": "x"}),
        ZObject("Payment", {"a><b": "x"}),
        ZObject("Payment", {}, nulls=("\x01",)),
        ZObject("NoSuchThing", {}),
        ZObject("Pay}ment{", {}),
        ZObject("Payment", {}, {"InvoicePaymentData": (ZObject("a b", {}),)}),
    ],
)
def test_what_xml_or_the_wsdl_cannot_carry_is_refused(given: ZObject) -> None:
    """One clear error before anything is recorded, and no text of the caller's in it."""
    with pytest.raises(Uncomposable) as refused:
        composed(Op.CREATE, given)
    assert "\x00" not in str(refused.value)


def test_a_container_the_wsdl_lacks_follows_the_pattern() -> None:
    """Unknown never means dropped."""
    given = ZObject("Payment", {}, {"NewData": (ZObject("NewThing", {"b": "2", "a": "1"}),)})
    assert '<ons:NewData><zns:NewThing xsi:type="ons:NewThing"><ons:a>1</ons:a><ons:b>2</ons:b></zns:NewThing>' in (
        body_of(Op.CREATE, given)
    )


def test_the_same_objects_give_the_same_bytes() -> None:
    """A resend is byte-identical, also from another process."""
    assert composed(Op.CREATE, PAYMENT, PAYMENT) == soap().compose(Op.CREATE, (PAYMENT, PAYMENT), False).body.decode()


def test_our_rendering_is_what_zeep_itself_would_render() -> None:
    """The same object as a zeep value of the WSDL's own type gives the same element."""
    client = composer()._client
    children = [{"Amount": "1.00", "InvoiceId": "b"}]
    fields = {"Type": "External", "Amount": "100.50", "AccountId": ID, "fieldsToNull": ["Comment"], "Id": ID}
    value = client.get_type("ons:Payment")(**fields, InvoicePaymentData={"InvoicePayment": children})
    envelope = client.create_message(client.service, "create", [value])
    by_zeep = etree.tostring(envelope.find(".//{*}zObjects"), method="c14n", exclusive=True)
    nulls = fields.pop("fieldsToNull")
    given = ZObject("Payment", fields, {"InvoicePaymentData": (ZObject("InvoicePayment", children[0]),)}, tuple(nulls))
    ours = etree.fromstring(composed(Op.CREATE, given).encode()).find(".//{*}zObjects")
    assert etree.tostring(ours, method="c14n", exclusive=True) == by_zeep


def test_the_memory_that_names_can_claim_is_bounded() -> None:
    """Callers choose field names; the table of plans does not grow with them."""
    for number in range(600):
        composed(Op.CREATE, ZObject("Payment", {f"F{number}__c": "1"}))
    assert len(composer()._tables.of("Payment")._plans) <= 256


def test_composing_fifty_objects_is_cheap() -> None:
    """It takes less than a quarter of what zeep's own rendering of the same objects takes."""
    client = composer()._client
    of_zeep = [client.get_type("ons:Payment")(**PAYMENT.fields)] * 50
    by_zeep = Reference(lambda: client.create_message(client.service, "create", of_zeep))
    assert by_zeep.ratio(lambda: composer().compose(Op.CREATE, (PAYMENT,) * 50, False), 0.25) < 0.25


def test_a_wsdl_that_wants_another_file_or_a_dtd_is_refused(tmp_path: Path) -> None:
    """Only the one local file is read; nothing is fetched."""
    text = WSDL.read_text()
    reaching = tmp_path / "reaching.wsdl"
    for location in ("http://127.0.0.1:9/x.xsd", "other.xsd", "file:///etc/hostname"):
        reaching.write_text(
            text.replace(
                '<import namespace="http://api.zuora.com/"/>',
                f'<import namespace="urn:other" schemaLocation="{location}"/>',
                1,
            )
        )
        with pytest.raises(Exception, match=r"(?i)refused|forbid|external"):
            soap(path=reaching)
    reaching.write_text(text.replace("?>", '?><!DOCTYPE definitions [<!ENTITY e "x">]>', 1))
    with pytest.raises(Exception, match=r"(?i)forbid|dtd|entit"):
        soap(path=reaching)


def test_importing_zeep_warns_nobody() -> None:
    """Warnings are errors in these tests; the import handles its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        soap()


# ---------------------------------------------------------------- sending


def dispatch(made: Composed, op: Op = Op.CREATE) -> Dispatch:
    """A recorded dispatch of a composed message."""
    return Dispatch("d", "c", Route.SOAP, op, "POST", made.path, made.headers, made.body, ("i",))


def send(raw: bytes, session: str = "s3ss!on", given: ZObject = PAYMENT) -> tuple[object, Request]:
    """Send one create; what it came to and what arrived."""

    async def run() -> tuple[object, Request]:
        async with serving(always(raw)) as server, transporting() as transport:
            client = soap(transport, server.origin)
            came = await client.send(dispatch(client.compose(Op.CREATE, (given,), False)), session)
            return came, server.requests[0]

    return asyncio.run(run())


def test_a_dispatch_goes_out_with_its_session_put_back() -> None:
    """The recorded bytes but for the session, which is escaped."""
    came, request = send(answer(200, saved(OK_ROW)), session="a<&>]]>b")
    assert came == SoapAnswer(200, rows=(SoapRow(True, ID),))
    assert request.target == "/apps/services/a/107.0"
    assert request.header("SOAPAction") == '""'
    assert request.header("Content-Type") == "text/xml; charset=utf-8"
    assert etree.fromstring(request.body).findtext(".//{*}session") == "a<&>]]>b"
    recorded = composer().compose(Op.CREATE, (PAYMENT,), False).body
    assert request.body == recorded.replace(b"@session@", b"a&lt;&amp;&gt;]]&gt;b")


def test_a_caller_cannot_have_the_session_copied_into_a_field() -> None:
    """Only the first placeholder, which is ours, becomes the session."""
    given = ZObject("Payment", {"Comment": "@session@", "Amount": "1"})
    _, request = send(answer(200, saved(OK_ROW)), given=given)
    assert request.body.count(b"s3ss!on") == 1
    assert etree.fromstring(request.body).findtext(".//{*}Comment") == "@session@"


def test_the_host_of_the_session_is_used() -> None:
    """Zuora's login names the host to call from then on."""

    async def run() -> object:
        async with serving(always(answer(200, saved(OK_ROW)))) as server, transporting() as transport:
            client = soap(transport, "http://elsewhere.invalid")
            made = dispatch(client.compose(Op.CREATE, (PAYMENT,), False))
            return await client.send(made, "s", f"127.0.0.1:{server.port}")

    assert isinstance(asyncio.run(run()), SoapAnswer)


def test_fence_and_budget_hold_a_send_back() -> None:
    """Both are not sent."""

    async def run() -> tuple[object, object, int]:
        async with serving(always(answer(200, saved(OK_ROW)))) as server, transporting() as transport:
            budget = Budget(1, wait=0.05)
            client = ZuoraSoap(WSDL, server.origin, transport, budget)
            made = dispatch(client.compose(Op.CREATE, (PAYMENT,), False))
            late = await client.send(made, "s", not_after=fence_now() - 1)
            async with budget.slot():
                crowded = await client.send(made, "s")
            return late, crowded, len(server.requests)

    assert asyncio.run(run()) == (NotSent("fenced"), NotSent("budget"), 0)


def test_user_info_proves_a_tenant_or_relays_the_fault() -> None:
    """The fields of getUserInfoResponse, which has no result wrapper."""
    fields = {
        "TenantId": "10000",
        "TenantName": "Acme",
        "UserEmail": "e@example.com",
        "UserFullName": "E",
        "UserId": ID,
        "Username": "erp@example.com",
    }
    inner = "".join(f"<ns1:{name}>{value}</ns1:{name}>" for name, value in fields.items())

    async def run(raw: bytes) -> tuple[object, Request]:
        async with serving(always(raw)) as server, transporting() as transport:
            return await soap(transport, server.origin).user_info("s3ss"), server.requests[0]

    came, request = asyncio.run(run(answer(200, saved(inner, "getUserInfo"))))
    assert came == UserInfo("10000", "Acme", ID, "erp@example.com")
    assert etree.fromstring(request.body).findtext(".//{*}session") == "s3ss"
    came, _ = asyncio.run(run(answer(500, FAULT.encode())))
    assert isinstance(came, SoapFault)
    for raw in (
        answer(200, saved("<ns1:TenantId/>", "getUserInfo")),
        answer(200, saved(inner + "<ns1:TenantId>20000</ns1:TenantId>", "getUserInfo")),
        answer(502, b"<html/>"),
        answer(502, saved(inner, "getUserInfo")),
    ):
        came, _ = asyncio.run(run(raw))
        assert isinstance(came, Lost)


def test_an_unknown_element_that_is_repeated_goes_out_as_it_came() -> None:
    """Zuora ignores what it does not know, also twice; the bridge must not stumble over it."""
    twice = '<a:Odd xmlns:a="urn:x">1</a:Odd><a:Odd xmlns:a="urn:x"><b/></a:Odd>'
    assert _fragment("Odd", twice) == twice


@pytest.mark.parametrize("xml", ["<Odd/>text<Odd/>", "<Odd/><Even/>", "</r><r>", "", "text", "<Odd/></r><r><Odd/>"])
def test_what_is_not_elements_of_that_name_is_not_put_into_a_message(xml: str) -> None:
    """A fragment must not be able to break out of its place."""
    with pytest.raises(Uncomposable):
        _fragment("Odd", xml)
