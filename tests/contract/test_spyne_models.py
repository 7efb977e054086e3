"""Spyne: that it imports everywhere and quietly, and that it routes our contract's operations."""

import io
import logging
import math
import subprocess
import sys

import pytest
from contract_samples import API, OBJECT, own

from bridge.contract import compat
from bridge.contract.contract import QName
from bridge.contract.models import build

ENVELOPE = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:z="http://api.zuora.com/" '
    'xmlns:o="http://object.api.zuora.com/" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">'
    "<e:Header><z:SessionHeader><z:session>s1</z:session></z:SessionHeader></e:Header><e:Body>{}</e:Body></e:Envelope>"
)


@pytest.fixture(scope="module")
def models():
    """The models of our own contract."""
    return build(own())


@pytest.fixture(scope="module")
def server(models):
    """A WSGI application of all operations, and the calls it got."""
    calls = []

    def recorder(name):
        def handler(context, *message):
            calls.append((name, message, context.in_header))

        handler.__name__ = name
        return handler

    methods = {name: operation.expose(recorder(name)) for name, operation in models.operations.items()}
    service = type("Recorder", (compat.Service,), methods)
    application = compat.Application(
        [service], tns=API, name="ZuoraService", in_protocol=compat.Soap11(), out_protocol=compat.Soap11()
    )
    return compat.WsgiApplication(application), calls


def post(server, body):
    """Send one envelope; the status and the recorded call."""
    wsgi, calls = server
    calls.clear()
    raw = ENVELOPE.format(body).encode()
    statuses = []
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SERVER_NAME": "h",
        "SERVER_PORT": "1",
        "CONTENT_TYPE": "text/xml; charset=utf-8",
        "CONTENT_LENGTH": str(len(raw)),
        "HTTP_SOAPACTION": '"wrong"',
        "wsgi.input": io.BytesIO(raw),
        "wsgi.url_scheme": "http",
    }
    b"".join(wsgi(environ, lambda status, headers: statuses.append(status)))
    return statuses[0], calls


@pytest.mark.parametrize(
    ("operation", "inner"),
    [
        ("login", "<z:username>u</z:username>"),
        ("getUserInfo", ""),
        ("create", '<z:zObjects i:type="o:Payment"><o:Amount>1.5</o:Amount></z:zObjects>'),
        ("update", '<z:zObjects i:type="o:Refund"><o:Id>1</o:Id></z:zObjects>'),
        ("delete", "<z:type>Payment</z:type><z:ids>1</z:ids>"),
        ("query", "<z:queryString>select Id from Account</z:queryString>"),
        ("queryMore", "<z:queryLocator>x-2000</z:queryLocator>"),
    ],
)
def test_spyne_routes_on_the_body_element(server, operation, inner):
    """Never on SOAPAction, which legacy stacks fill with anything."""
    status, calls = post(server, f"<z:{operation}>{inner}</z:{operation}>")
    assert status == "200 OK"
    assert [name for name, _, _ in calls] == [operation]


def test_an_unknown_operation_is_not_routed(server):
    """Spyne's own refusal; the facade turns it into Zuora's."""
    status, calls = post(server, "<z:nope/>")
    assert status.startswith("500")
    assert not calls


def test_models_have_the_contracts_order_and_namespaces(models):
    """Every type is there, derived as in the file."""
    contract = models.contract
    assert set(models.types) == set(contract.complex_types)
    for name, item in contract.complex_types.items():
        model = models.types[name]
        assert (model.get_namespace(), model.get_type_name()) == (name.namespace, name.name)
        assert list(model._type_info) == [field.name for field in item.own]
        if item.base is not None:
            assert issubclass(model, models.types[item.base])


def test_fields_carry_occurrence_and_nillability(models):
    """As the file says, so that a service could be generated from them."""
    row = models.types[QName(API, "SaveResult")]._type_info
    assert [(m.Attributes.min_occurs, m.Attributes.nillable) for m in row.values()] == [
        (0, True),
        (0, True),
        (0, False),
    ]
    assert math.isinf(row["Errors"].Attributes.max_occurs)
    # Extension elements are ordinary fields, the child of a container in the API namespace.
    container = models.types[QName(OBJECT, "Payment")]._type_info["DebitMemoPaymentData"]
    assert list(container._type_info) == ["DebitMemoPayment"]


def test_equal_members_share_one_class(models):
    """customize() makes a class each time: uncached, building takes three times as long."""
    payment, refund = (models.types[QName(OBJECT, name)]._type_info for name in ("Payment", "Refund"))
    assert payment["Comment"] is refund["Comment"]


def test_headers_and_faults_are_registered(models):
    """By the name of their element."""
    assert set(models.headers) == {"SessionHeader", "CallOptions", "QueryOptions"}
    assert "UnexpectedErrorFault" in models.faults
    assert {f.get_type_name() for f in models.operations["delete"].faults} == {
        "InvalidTypeFault",
        "InvalidValueFault",
        "UnexpectedErrorFault",
    }
    assert models.operations["getUserInfo"].input is None


def test_spyne_imports_without_a_warning_and_leaves_nothing_behind():
    """Also where ImportWarning and DeprecationWarning are errors, and so do later imports that fail."""
    code = (
        "import sys\nfrom bridge.contract import compat\nassert 'cgi' not in sys.modules\n"
        "try:\n    import no_such_module\nexcept ModuleNotFoundError:\n    print(compat.Application.__name__)\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("Application", "")


def test_spyne_does_not_collect_garbage_inside_requests():
    """A full collection every second would cost 9 to 15 ms of a payment call."""
    assert math.isinf(compat.spyne.const.MIN_GC_INTERVAL)


@pytest.mark.parametrize(
    "name",
    ["spyne.protocol.soap.soap11.invalid", "spyne.protocol.soap.soap12.invalid", "spyne.protocol.xml.invalid",
     "spyne.protocol.xml", "spyne.protocol._inbase"],
)  # fmt: skip
def test_spyne_writes_no_payload_to_a_log(name):
    """Its loggers print whole bad requests and values at ERROR."""
    assert not logging.getLogger(name).isEnabledFor(logging.ERROR)


@pytest.mark.parametrize(
    ("line", "parsed"),
    [
        ("text/xml", ("text/xml", {})),
        ("text/xml; charset=utf-8;", ("text/xml", {"charset": "utf-8"})),
        ('text/xml;Charset="utf-8"; x', ("text/xml", {"charset": "utf-8"})),
        (r'a; b="c\"d\\e"', ("a", {"b": 'c"d\\e'})),
        ("", ("", {})),
    ],
)
def test_the_stand_in_for_cgi_parses_headers(line, parsed):
    """The one function that Spyne uses of a module Python 3.13 has no more."""
    assert compat.parse_header(line) == parsed
