"""Our own WSDL, element by element, against the published description (Zuora: SOAP API WSDL, and its object pages)."""

import pytest
from contract_samples import API, FAULT, OBJECT, own, plain, raw_wsdl
from lxml import etree
from zeep import Client, Settings
from zeep.xsd import Nil

from bridge.contract import files
from bridge.contract.contract import XSD, QName
from bridge.contract.decode import Decoder, session
from bridge.core.model import Version

BASE = "fieldsToNull string 0 * nil; Id ID 0 1 nil"

# Every own field is 0..1 and nillable: "name" is a string, "name type" anything else.
OBJECTS = {
    "Account": """
        AccountNumber, AdditionalEmailAddresses, AllowInvoiceEdit boolean, AutoPay boolean, Balance decimal,
        Batch, BcdSettingOption, BillCycleDay int, BillToId ID, CommunicationProfileId ID, CreatedById ID,
        CreatedDate dateTime, CreditBalance decimal, CrmId ID, Currency, CustomerServiceRepName,
        DefaultPaymentMethodId ID, InvoiceDeliveryPrefsEmail, InvoiceDeliveryPrefsPrint, InvoiceTemplateId
        ID, LastInvoiceDate dateTime, Name, Notes, ParentId ID, PaymentGateway, PaymentTerm,
        PurchaseOrderNumber, SalesRepName, SoldToId ID, Status, TaxCompanyCode, TaxExemptCertificateID,
        TaxExemptCertificateType, TaxExemptDescription, TaxExemptEffectiveDate dateTime,
        TaxExemptExpirationDate dateTime, TaxExemptIssuingJurisdiction, TaxExemptStatus, TotalInvoiceBalance
        decimal, UpdatedById ID, UpdatedDate dateTime, VATId ID""",
    "GatewayOption": "name, value",
    "Invoice": """
        AccountId ID, AdjustmentAmount decimal, Amount decimal, AmountWithoutTax decimal, Balance decimal,
        BillRunId ID, Body, Comments, CreatedById ID, CreatedDate dateTime, CreditBalanceAdjustmentAmount
        decimal, DueDate date, IncludesOneTime boolean, IncludesRecurring boolean, IncludesUsage boolean,
        InvoiceDate date, InvoiceNumber, LastEmailSentDate dateTime, PaymentAmount decimal, PostedBy ID,
        PostedDate dateTime, RefundAmount decimal, RegenerateInvoicePDF boolean, Status, TargetDate date,
        TaxAmount decimal, TaxExemptAmount decimal, TransferredToAccounting, UpdatedById ID, UpdatedDate
        dateTime""",
    "InvoicePayment": """
        Amount decimal, CreatedById ID, CreatedDate dateTime, InvoiceId ID, PaymentId ID, RefundAmount
        decimal, UpdatedById ID, UpdatedDate dateTime""",
    "Payment": """
        AccountId ID, AccountingCode, Amount decimal, AppliedAmount decimal, AppliedCreditBalanceAmount
        decimal, AppliedInvoiceAmount decimal, AuthTransactionId, BankIdentificationNumber, CancelledOn
        dateTime, Comment, CreatedById ID, CreatedDate dateTime, Currency, EffectiveDate date, Gateway,
        GatewayOptionData zns:GatewayOptionData, GatewayOrderId, GatewayResponse, GatewayResponseCode,
        GatewayState, InvoiceId ID, InvoiceNumber, InvoicePaymentData zns:InvoicePaymentData,
        MarkedForSubmissionOn dateTime, PaymentMethodId ID, PaymentMethodSnapshotId ID, PaymentNumber,
        ReferenceId, RefundAmount decimal, SecondPaymentReferenceId, SettledOn dateTime, SoftDescriptor,
        SoftDescriptorPhone, Source, SourceName, Status, SubmittedOn dateTime, TransferredToAccounting,
        Type, UnappliedAmount decimal, UpdatedById ID, UpdatedDate dateTime""",
    "Refund": """
        AccountId ID, AccountingCode, Amount decimal, CancelledOn dateTime, Comment, CreatedById ID,
        CreatedDate dateTime, Gateway, GatewayOptionData zns:GatewayOptionData, GatewayResponse,
        GatewayResponseCode, GatewayState, MarkedForSubmissionOn dateTime, MethodType, PaymentId ID,
        PaymentMethodId ID, PaymentMethodSnapshotId ID, ReasonCode, ReferenceID, RefundDate date,
        RefundInvoicePaymentData zns:RefundInvoicePaymentData, RefundNumber, RefundTransactionTime dateTime,
        SecondRefundReferenceId, SettledOn dateTime, SoftDescriptor, SoftDescriptorPhone, SourceType,
        Status, SubmittedOn dateTime, TransferredToAccounting, Type, UpdatedById ID, UpdatedDate dateTime""",
    "RefundInvoicePayment": """
        CreatedById ID, CreatedDate dateTime, InvoiceId ID, InvoicePaymentId ID, RefundAmount decimal,
        RefundId ID, UpdatedById ID, UpdatedDate dateTime""",
}
# name type minimum maximum [nil], in order
TYPES = {
    "LoginResult": "Session string 0 1 nil; ServerUrl string 0 1 nil",
    "SaveResult": "Errors zns:Error 0 * nil; Id ID 0 1 nil; Success boolean 0 1",
    "DeleteResult": "errors zns:Error 0 * nil; id ID 0 1 nil; success boolean 0 1",
    "Error": "Code zns:ErrorCode 0 1 nil; Message string 0 1 nil; Field string 0 1 nil",
    "QueryResult": "done boolean 1 1; queryLocator zns:QueryLocator 1 1 nil; records ons:zObject 0 * nil; size int 1 1",
    "InvoicePaymentData": "InvoicePayment ons:InvoicePayment 0 * nil",
    "RefundInvoicePaymentData": "RefundInvoicePayment ons:RefundInvoicePayment 0 * nil",
    "GatewayOptionData": "GatewayOption ons:GatewayOption 0 200 nil",
}
ELEMENTS = {
    "SessionHeader": "session string 1 1",
    "CallOptions": "useSingleTransaction boolean 0 1 nil",
    "QueryOptions": "batchSize int 0 1; caseSensitive boolean 0 1",
    "login": "username string 0 1; password string 0 1; entityId string 0 1; entityName string 0 1",
    "loginResponse": "result zns:LoginResult 0 1",
    "getUserInfo": "",
    "getUserInfoResponse": "TenantId string 1 1; TenantName string 1 1; UserEmail string 1 1; UserFullName string 1 1; "
    "UserId string 1 1; Username string 1 1",
    "create": "zObjects ons:zObject 0 *",
    "createResponse": "result zns:SaveResult 0 *",
    "update": "zObjects ons:zObject 0 *",
    "updateResponse": "result zns:SaveResult 0 *",
    "delete": "type string 1 1; ids ID 0 *",
    "deleteResponse": "result zns:DeleteResult 0 *",
    "query": "queryString string 1 1",
    "queryResponse": "result zns:QueryResult 1 1",
    "queryMore": "queryLocator zns:QueryLocator 1 1",
    "queryMoreResponse": "result zns:QueryResult 1 1",
}
OPERATIONS = {
    "login": ("", "LoginFault UnexpectedErrorFault"),
    "getUserInfo": ("SessionHeader", "UnexpectedErrorFault"),
    "create": ("CallOptions SessionHeader", "InvalidTypeFault UnexpectedErrorFault"),
    "update": ("SessionHeader", "InvalidTypeFault UnexpectedErrorFault"),
    "delete": ("SessionHeader", "InvalidTypeFault InvalidValueFault UnexpectedErrorFault"),
    "query": ("QueryOptions SessionHeader", "MalformedQueryFault InvalidQueryLocatorFault UnexpectedErrorFault"),
    "queryMore": ("QueryOptions SessionHeader", "InvalidQueryLocatorFault UnexpectedErrorFault"),
}
ERROR_CODES = """
        API_DISABLED CANNOT_DELETE CREDIT_CARD_PROCESSING_FAILURE DUPLICATE_VALUE INVALID_FIELD
        INVALID_LOGIN INVALID_SESSION INVALID_TYPE INVALID_ID INVALID_VALUE INVALID_VERSION LOCK_COMPETITION
        MALFORMED_QUERY MAX_RECORDS_EXCEEDED MISSING_REQUIRED_VALUE NO_PERMISSION SERVER_UNAVAILABLE
        UNKNOWN_ERROR TRANSACTION_FAILED INVALID_TEMPLATE ACCOUNTING_PERIOD_CLOSED BATCH_FAIL_ERROR
        PDF_QUERY_ERROR REQUEST_EXCEEDED_LIMIT REQUEST_EXCEEDED_RATE REQUEST_REJECTED TEMPORARY_ERROR
        TRANSACTION_TERMINATED TRANSACTION_TIMEOUT"""
FAULTS = (
    "LoginFault",
    "InvalidTypeFault",
    "InvalidValueFault",
    "MalformedQueryFault",
    "InvalidQueryLocatorFault",
    "UnexpectedErrorFault",
)
SAFE = Settings(forbid_dtd=True, forbid_entities=True, forbid_external=True)
WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
SOAP = "{http://schemas.xmlsoap.org/wsdl/soap/}"


def qualified(name):
    """The QName behind a table's short type name."""
    prefix, colon, local = name.rpartition(":")
    if colon:
        return QName({"zns": API, "ons": OBJECT}[prefix], local)
    return QName(API, "ID") if name == "ID" else QName(XSD, name)


def rows(table, namespace):
    """A table's rows as the reader tells fields."""
    found = []
    for row in filter(None, (part.split() for part in table.split(";"))):
        maximum = None if row[3] == "*" else int(row[3])
        found.append((row[0], namespace, qualified(row[1]), int(row[2]), maximum, "nil" in row[4:]))
    return found


def own_rows(table):
    """The rows of an object's own fields, with the one field of the file that is not nillable."""
    found = []
    for part in table.split(","):
        name, kind = (*part.split(), "string")[:2]
        found.append((name, OBJECT, qualified(kind), 0, 1, name != "BillCycleDay"))
    return found


def told(fields):
    """Fields as tuples."""
    return [(f.name, f.namespace, f.type, f.minimum, f.maximum, f.nillable) for f in fields]


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_has_exactly_the_published_fields_in_order(name):
    """Names, types, order, occurrence and nillability are those of the table, behind the base's two."""
    assert told(plain().objects[name].own) == own_rows(OBJECTS[name])
    assert told(plain().objects[name].fields) == rows(BASE, OBJECT) + own_rows(OBJECTS[name])
    assert plain().objects[name].base == QName(OBJECT, "zObject")


def test_the_file_has_no_other_object_types():
    """What is not in the table is not in the file."""
    assert set(plain().objects) == set(OBJECTS)


@pytest.mark.parametrize("name", [name for name in OBJECTS if name != "GatewayOption"])
def test_own_fields_are_alphabetical(name):
    """Zuora's public files are in strict alphabetical order, and strict clients build on it."""
    names = [field.name for field in plain().objects[name].own]
    assert names == sorted(names)


@pytest.mark.parametrize("name", TYPES)
def test_an_envelope_type_is_as_published(name):
    """Results, errors and containers keep their order, case and occurrence."""
    assert told(plain().complex_types[QName(API, name)].fields) == rows(TYPES[name], API)


@pytest.mark.parametrize("name", ELEMENTS)
def test_a_message_element_is_as_published(name):
    """The wrapped document/literal elements are exactly those of the public files."""
    assert told(plain().elements[QName(API, name)].fields) == rows(ELEMENTS[name], API)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_declares_its_headers_and_faults(name):
    """Typed clients only understand the faults that their operation declares."""
    operation = plain().operations[name]
    headers, faults = OPERATIONS[name]
    assert (operation.input, operation.output) == (QName(API, name), QName(API, f"{name}Response"))
    assert [header.name for header in operation.headers] == headers.split()
    assert [fault.name for fault in operation.faults] == faults.split()


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_its_own_type_of_code_and_message(name):
    """Each fault extends ApiFault with nothing added."""
    fault = plain().complex_types[QName(FAULT, name)]
    assert plain().elements[QName(FAULT, name)].type == fault.name
    assert (fault.base, fault.own) == (QName(FAULT, "ApiFault"), ())
    assert told(fault.fields) == rows("FaultCode zns:ErrorCode 0 1 nil; FaultMessage string 0 1 nil", FAULT)


def test_the_error_codes_are_the_published_enumeration_in_order():
    """29 codes, in the order of the public files of 61.0 to 83.0."""
    assert list(plain().error_codes) == ERROR_CODES.split()


def test_the_simple_types_are_strings():
    """An id is 32 alphanumerics or a number; locators and codes are strings."""
    simple = plain().simple_types
    assert {name.name: item.primitive for name, item in simple.items()} == dict.fromkeys(
        ("ID", "QueryLocator", "ErrorCode"), "string"
    )
    assert simple[QName(API, "ID")].pattern == r"[a-zA-Z0-9]{32}|\d+"


def test_the_skeleton_is_as_published():
    """Names, prefixes, styles and parts outside the schemas, which generated code turns into class names."""
    root = etree.fromstring(raw_wsdl())
    assert root.get("targetNamespace") == API
    assert root.get("name") is None
    assert root.nsmap == {
        None: "http://schemas.xmlsoap.org/wsdl/",
        "http": "http://schemas.xmlsoap.org/wsdl/http/",
        "xs": XSD,
        "soap": "http://schemas.xmlsoap.org/wsdl/soap/",
        "zns": API,
        "ons": OBJECT,
        "fns": FAULT,
    }
    schemas = list(root.iter(f"{{{XSD}}}schema"))
    assert [schema.get("targetNamespace") for schema in schemas] == [OBJECT, API, FAULT]
    assert [[i.get("namespace") for i in s.iter(f"{{{XSD}}}import")] for s in schemas] == [[API], [OBJECT], [API]]
    assert {(s.get("elementFormDefault"), s.get("attributeFormDefault")) for s in schemas} == {
        ("qualified", "qualified")
    }
    assert [node.get("name") for node in root.iter(f"{WSDL}portType", f"{WSDL}binding", f"{WSDL}service")] == [
        "Soap",
        "SoapBinding",
        "ZuoraService",
    ]
    binding = root.find(f".//{SOAP}binding")
    assert (binding.get("style"), binding.get("transport")) == ("document", "http://schemas.xmlsoap.org/soap/http")
    assert {node.get("soapAction") for node in root.iter(f"{SOAP}operation")} == {""}
    assert {n.get("use") for n in root.iter(f"{SOAP}body", f"{SOAP}header", f"{SOAP}fault")} == {"literal"}
    assert root.find(f".//{SOAP}address").get("location") == "https://www.zuora.com/apps/services/a/107.0"


def test_the_messages_have_the_published_names_and_parts():
    """One part each; getUserInfo's message and part are called as the operation; ApiFault is bound nowhere."""
    root = etree.fromstring(raw_wsdl())
    parts = {
        message.get("name"): [(part.get("name"), part.get("element")) for part in message]
        for message in root.iter(f"{WSDL}message")
    }
    expected = {"Header": [(n, f"zns:{n}") for n in ("CallOptions", "QueryOptions", "SessionHeader")]}
    expected["ApiFault"] = [("fault", "fns:fault")]
    expected |= {name: [("fault", f"fns:{name}")] for name in FAULTS}
    for name in OPERATIONS:
        exception = name == "getUserInfo"
        expected[name if exception else f"{name}Request"] = [(name if exception else "parameters", f"zns:{name}")]
        expected[f"{name}Response"] = [("parameters", f"zns:{name}Response")]
    assert parts == expected


def test_the_version_is_that_of_the_address():
    """The last segment of the address is the version, and the file is enough for what the bridge sends."""
    assert plain().version == Version(107)
    plain().require(Version(107))


def test_the_file_is_ours():
    """It opens with a line of our own and carries nobody's copyright."""
    assert b"Written for the bridge" in raw_wsdl().splitlines()[1]
    assert b"opyright" not in raw_wsdl()


def test_zeep_loads_the_file_with_every_protection_on():
    """The strictest stock client makes a service of it and binds all operations."""
    client = Client(str(files.own_wsdl()), settings=SAFE)
    binding = client.wsdl.services["ZuoraService"].ports["Soap"].binding
    assert set(binding._operations) == set(OPERATIONS)
    assert client.service is not None


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("login", {"username": "u", "password": "p", "entityId": "1", "entityName": "n"}),
        ("getUserInfo", {}),
        ("delete", {"type": "Payment", "ids": ["1", "2"]}),
        ("query", {"queryString": "select Id from Account"}),
        ("queryMore", {"queryLocator": "x-2000"}),
    ],
)
def test_zeep_builds_every_plain_message(operation, arguments):
    """zeep writes the body element of the operation's own name in the API namespace."""
    client = Client(str(files.own_wsdl()), settings=SAFE)
    message = client.create_message(client.service, operation, **arguments)
    assert message.find(".//{*}Body")[0].tag == f"{{{API}}}{operation}"


@pytest.mark.parametrize("operation", ["create", "update"])
@pytest.mark.parametrize("name", OBJECTS)
def test_zeep_builds_objects_in_every_order_and_we_read_them_back(operation, name):
    """All string fields given and all others nil: what zeep writes is what our decoder reads."""
    client = Client(str(files.own_wsdl()), settings=SAFE)
    strings = [f.name for f in plain().objects[name].own if f.type == QName(XSD, "string")]
    others = [f.name for f in plain().objects[name].own if f.nillable and f.name not in strings]
    make = client.get_type(f"{{{OBJECT}}}{name}")
    item = make(**{n: f"v {n}" for n in reversed(strings)}, **dict.fromkeys(others, Nil), fieldsToNull=["A", "B"])
    header = {"SessionHeader": {"session": "s"}}
    message = client.create_message(client.service, operation, zObjects=[item], _soapheaders=header)
    (found,) = Decoder(own()).objects(message.find(".//{*}Body")[0])
    assert dict(found.fields) == {n: f"v {n}" for n in strings}
    assert (found.type, found.nulls, dict(found.verbatim)) == (name, ("A", "B"), {})
    assert session(message.find("{*}Header")) == "s"
