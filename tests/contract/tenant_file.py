"""A tenant's own WSDL of 44 object types with custom fields, written from a table: ``wsdl()`` gives its bytes.

The envelope, the optional operations and the fields of the payment objects are those of Zuora's public description
(Zuora: SOAP API WSDL); the fields of catalogue objects are a selection. ``STYLES`` are the ways in which such files
are found in the field: as Zuora writes them, without imports (up to 47.1), re-serialised by Visual Studio, and so on.
"""

from __future__ import annotations

import re
from functools import cache

API, OBJECT, FAULT = "http://api.zuora.com/", "http://object.api.zuora.com/", "http://fault.api.zuora.com/"
XSD = "http://www.w3.org/2001/XMLSchema"
STAMPS = "CreatedById ID, CreatedDate dateTime, UpdatedById ID, UpdatedDate dateTime"

# Name [type [!]], where no type is a string and ! is not nillable; "|" begins a tail that is out of order.
OBJECTS: dict[str, str] = {
    "Account": f"""AccountNumber, AdditionalEmailAddresses, AllowInvoiceEdit boolean, AutoPay boolean, Balance decimal,
        Batch, BcdSettingOption, BillCycleDay int !, BillToId ID, CommunicationProfileId ID, CreditBalance decimal,
        CrmId ID, Currency, CustomerServiceRepName, DefaultPaymentMethodId ID, DunningLevel__c, ErpKey__NS,
        InvoiceDeliveryPrefsEmail boolean, InvoiceDeliveryPrefsPrint boolean, InvoiceTemplateId ID,
        LastInvoiceDate dateTime, Name, Notes, ParentId ID, PaymentGateway, PaymentTerm, PurchaseOrderNumber,
        SalesRepName, SequenceSetId ID, SoldToId ID, Status, TaxCompanyCode, TaxExemptStatus,
        TotalInvoiceBalance decimal, VATId, {STAMPS} | CreditRating__c decimal, Blocked__c boolean""",
    "AccountingCode": f"Category, GLAccountName, GLAccountNumber, Name, Notes, Status, Type, {STAMPS}",
    "AccountingPeriod": f"EndDate date, FiscalYear int, Name, Notes, StartDate date, Status, {STAMPS}",
    "Amendment": f"""AutoRenew boolean, Code, ContractEffectiveDate date, CustomerAcceptanceDate date, Description,
        EffectiveDate date, InitialTerm long, Name, RenewalTerm long, ServiceActivationDate date, Status,
        SubscriptionId ID, TermStartDate date, TermType, Type, {STAMPS}""",
    "BillRun": f"""AccountId ID, AutoEmail boolean, AutoPost boolean, AutoRenewal boolean, Batch, BillCycleDay,
        BillRunNumber, ChargeTypeToExclude, ErrorMessage, ExecutedDate dateTime, InvoiceDate dateTime,
        NumberOfAccounts int, NumberOfInvoices int, Status, TargetDate dateTime, TargetType, TotalTime int,
        {STAMPS}""",
    "BillingPreviewRun": f"""AssumeRenewal, Batch, ChargeTypeToExclude, EndDate dateTime, ErrorMessage,
        IncludingEvergreenSubscription boolean, ResultFileUrl, RunNumber, StartDate dateTime, Status, Succeeded int,
        TargetDate date, TotalAccounts int, {STAMPS}""",
    "ChargeMetrics": "ChargeNumber, DMRR decimal, DTCV decimal, InvoiceOwnerAccountNumber, MRR decimal, TCV decimal",
    "ChargeMetricsRun": "EndDate date, ErrorMessage, RunNumber, StartDate date, Status",
    "CommunicationProfile": f"Description, ProfileName, {STAMPS}",
    "Contact": f"""AccountId ID, Address1, Address2, City, Country, County, Department__c, Description, Fax, FirstName,
        HomePhone, LastName, MobilePhone, NickName, OtherPhone, OtherPhoneType, PersonalEmail, PostalCode, State,
        TaxRegion, WorkEmail, WorkPhone, {STAMPS}""",
    "CreditBalanceAdjustment": f"""AccountId ID, AccountingCode, AdjustmentDate date, Amount decimal,
        CancelledOn dateTime, Comment, Number, ReasonCode, ReferenceId, SourceTransactionId, SourceTransactionNumber,
        SourceTransactionType, Status, TransferredToAccounting, Type, {STAMPS}""",
    "Export": f"Encrypted boolean, FileId ID, Format, Name, Query, Size int, Status, StatusReason, {STAMPS}",
    "Feature": f"Description, FeatureCode, Name, Status, {STAMPS}",
    "GatewayOption": "name, value",
    "Import": f"""FileId ID, ImportType, ImportedCount int, Md5, Name, ResultResourceUrl, Status, StatusReason,
        TotalCount int, {STAMPS}""",
    "Invoice": f"""AccountId ID, AdjustmentAmount decimal, Amount decimal, AmountWithoutTax decimal, AutoPay boolean,
        Balance decimal, BillRunId ID, BillToContactId ID, BillToContactSnapshotId ID, Body, Comments,
        CostCenter__c, CreditBalanceAdjustmentAmount decimal, CreditMemoAmount decimal, DueDate date,
        IncludesOneTime boolean, IncludesRecurring boolean, IncludesUsage boolean, InvoiceDate date, InvoiceNumber,
        LastEmailSentDate dateTime, PaymentAmount decimal, PaymentTerm, PostedBy ID, PostedDate dateTime,
        RefundAmount decimal, RegenerateInvoicePDF boolean, SequenceSetId ID, SoldToContactSnapshotId ID, SourceType,
        Status, TargetDate date, TaxAmount decimal, TaxExemptAmount decimal, TaxMessage, TaxStatus, TemplateId ID,
        TransferredToAccounting, {STAMPS}""",
    "InvoiceAdjustment": f"""AccountId ID, AccountingCode, AdjustmentDate date, AdjustmentNumber, Amount decimal,
        CancelledById ID, CancelledOn dateTime, Comments, CustomerName, CustomerNumber, ImpactAmount decimal,
        InvoiceId ID, InvoiceNumber, ReasonCode, ReferenceId, Status, TransferredToAccounting, Type, {STAMPS}""",
    "InvoiceFile": f"InvoiceId ID, PdfFileUrl, {STAMPS}",
    "InvoiceItem": f"""AccountingCode, AppliedToInvoiceItemId ID, ChargeAmount decimal, ChargeDate dateTime,
        ChargeDescription, ChargeName, InvoiceId ID, ProcessingType decimal, ProductId ID, Quantity decimal,
        RatePlanChargeId ID, RevRecStartDate date, SKU, ServiceEndDate date, ServiceStartDate date,
        SubscriptionId ID, TaxAmount decimal, TaxCode, TaxExemptAmount decimal, TaxMode, UOM, UnitPrice decimal,
        {STAMPS}""",
    "InvoiceItemAdjustment": f"""AccountId ID, AccountingCode, AdjustmentDate date, AdjustmentNumber, Amount decimal,
        CancelledById ID, CancelledDate dateTime, Comment, CustomerName, CustomerNumber, InvoiceId ID, InvoiceItemName,
        InvoiceNumber, ReasonCode, ReferenceId, ServiceEndDate date, ServiceStartDate date, SourceId, SourceType,
        Status, TransferredToAccounting, Type, {STAMPS}""",
    "InvoicePayment": f"Amount decimal, InvoiceId ID, PaymentId ID, RefundAmount decimal, {STAMPS}",
    "InvoiceSplit": f"InvoiceId ID, {STAMPS}",
    "InvoiceSplitItem": f"InvoiceDate date, InvoiceSplitId ID, PaymentTerm, SplitPercentage decimal, {STAMPS}",
    "Payment": f"""AccountId ID, AccountingCode, Amount decimal, AppliedAmount decimal,
        AppliedCreditBalanceAmount decimal, AppliedInvoiceAmount decimal, Approved__c boolean, AuthTransactionId,
        BankIdentificationNumber, BankFee__c decimal, CancelledOn dateTime, Channel__c, Comment, Currency,
        EffectiveDate date, Gateway, GatewayOptionData zns:GatewayOptionData, GatewayOrderId, GatewayResponse,
        GatewayResponseCode, GatewayState, IntegrationId__NS, IntegrationStatus__NS, InvoiceId ID, InvoiceNumber,
        InvoicePaymentData zns:InvoicePaymentData, MarkedForSubmissionOn dateTime, PaymentMethodId ID,
        PaymentMethodSnapshotId ID, PaymentNumber, ReferenceId, RefundAmount decimal, SecondPaymentReferenceId,
        SettledOn dateTime, SoftDescriptor, SoftDescriptorPhone, Source, SourceName, Status, SubmittedOn dateTime,
        SyncDate__NS date, TransferredToAccounting, Type, UnappliedAmount decimal, ValueDate__c date, {STAMPS}""",
    "PaymentMethod": f"""AccountId ID, AchAbaCode, AchAccountName, AchAccountNumberMask, AchAccountType, AchBankName,
        Active boolean, BankIdentificationNumber, CreditCardCountry, CreditCardExpirationMonth int,
        CreditCardExpirationYear int, CreditCardHolderName, CreditCardMaskNumber, CreditCardType, Email,
        LastFailedSaleTransactionDate dateTime, MandateID, Name, NumConsecutiveFailures int,
        PaymentMethodStatus, PaypalBaid, PaypalEmail, PaypalType, Phone, TokenId, Type,
        UseDefaultRetryRule boolean, {STAMPS}""",
    "PaymentMethodSnapshot": "AccountId ID, CreditCardMaskNumber, CreditCardType, Name, PaymentMethodId ID, Type",
    "PaymentMethodTransactionLog": """Gateway, GatewayReasonCode, GatewayReasonCodeDescription, GatewayTransactionType,
        PaymentMethodId ID, PaymentMethodType, RequestString, ResponseString, TransactionDate dateTime,
        TransactionId""",
    "PaymentTransactionLog": """AVSResponseCode, BatchId, CVVResponseCode, Gateway, GatewayReasonCode, GatewayState,
        GatewayTransactionType, PaymentId ID, RequestString, ResponseString, TransactionDate dateTime,
        TransactionId""",
    "Product": f"""AllowFeatureChanges boolean, Category, Description, EffectiveEndDate date, EffectiveStartDate date,
        Name, SKU, {STAMPS}""",
    "ProductFeature": f"FeatureId ID, ProductId ID, {STAMPS}",
    "ProductRatePlan": f"""Description, EffectiveEndDate date, EffectiveStartDate date, Name, ProductId ID,
        {STAMPS}""",
    "ProductRatePlanCharge": f"""AccountingCode, BillCycleDay int, BillCycleType, BillingPeriod, ChargeModel,
        ChargeType, DefaultQuantity decimal, Description, Name, ProductRatePlanChargeTierData
        zns:ProductRatePlanChargeTierData, ProductRatePlanId ID, TriggerEvent, UOM, {STAMPS}""",
    "ProductRatePlanChargeTier": f"""Active boolean, Currency, EndingUnit decimal, Price decimal, PriceFormat,
        ProductRatePlanChargeId ID, StartingUnit decimal, Tier int, {STAMPS}""",
    "RatePlan": f"""AmendmentId ID, AmendmentType, Name, ProductRatePlanId ID, SubscriptionId ID, {STAMPS}""",
    "RatePlanCharge": f"""AccountingCode, BillingPeriod, ChargeModel, ChargeNumber, ChargedThroughDate date,
        EffectiveEndDate date, EffectiveStartDate date, IsLastSegment boolean, MRR decimal, Name, Price decimal,
        Quantity decimal, RatePlanId ID, Segment int, TCV decimal, UOM, Version long, {STAMPS}""",
    "RatePlanChargeTier": f"""EndingUnit decimal, Price decimal, PriceFormat, RatePlanChargeId ID,
        StartingUnit decimal, Tier int, {STAMPS}""",
    "Refund": f"""AccountId ID, AccountingCode, Amount decimal, CancelledOn dateTime, CaseNumber__c, Comment, Gateway,
        GatewayOptionData zns:GatewayOptionData, GatewayResponse, GatewayResponseCode, GatewayState,
        Goodwill__c boolean, IntegrationId__NS, MarkedForSubmissionOn dateTime, MethodType, PaymentId ID,
        PaymentMethodId ID, PaymentMethodSnapshotId ID, ReasonCode, ReferenceID, RefundDate date,
        RefundInvoicePaymentData zns:RefundInvoicePaymentData, RefundNumber, RefundTransactionTime dateTime,
        Restocking__c decimal, SecondRefundReferenceId, SettledOn dateTime, SoftDescriptor, SoftDescriptorPhone,
        SourceType, Status, SubmittedOn dateTime, TransferredToAccounting, Type, {STAMPS}""",
    "RefundInvoicePayment": f"InvoiceId ID, InvoicePaymentId ID, RefundAmount decimal, RefundId ID, {STAMPS}",
    "RefundTransactionLog": """BatchId, Gateway, GatewayReasonCode, GatewayState, RefundId ID, RequestString,
        ResponseString, TransactionDate dateTime, TransactionId""",
    "Subscription": f"""AccountId ID, AutoRenew boolean, CancelledDate date, ContractAcceptanceDate date,
        ContractEffectiveDate date, InitialTerm long, IsInvoiceSeparate boolean, Name, Notes, OriginalId ID,
        PreviousSubscriptionId ID, RenewalTerm long, ServiceActivationDate date, Status, SubscriptionEndDate date,
        SubscriptionStartDate date, TermEndDate date, TermStartDate date, TermType, Version long, {STAMPS}
        | CancelReason__c, InvoiceOwnerId ID""",
    "SubscriptionProductFeature": f"Description, FeatureCode, FeatureId ID, Name, RatePlanId ID, {STAMPS}",
    "TaxationItem": f"""AccountingCode, ExemptAmount decimal, InvoiceId ID, InvoiceItemId ID, Jurisdiction,
        LocationCode, Name, TaxAmount decimal, TaxCode, TaxDate dateTime, TaxMode, TaxRate decimal,
        TaxRateDescription, TaxRateType, {STAMPS}""",
    "UnitOfMeasure": f"Active boolean, DecimalPlaces int, DisplayedAs, RoundingMode, UomName, {STAMPS}",
    "Usage": f"""AccountId ID, AccountNumber, ChargeId ID, Description, EndDateTime dateTime, Quantity decimal,
        RbeStatus, SourceName, SourceType, StartDateTime dateTime, SubmissionDateTime dateTime, SubscriptionId ID,
        UOM, {STAMPS} | ImportId ID""",
}  # fmt: skip

# Types of the api namespace: fields as above, with occurrence "?" (0..1), "*" (0..n), "0..50" and so on before "!".
TYPES = {
    "LoginResult": "Session, ServerUrl",
    "SaveResult": "Errors zns:Error *, Id ID, Success boolean !",
    "ExecuteResult": "Errors zns:Error *, Id ID, Success boolean !",
    "DeleteResult": "errors zns:Error *, id ID, success boolean !",
    "Error": "Code zns:ErrorCode, Message, Field",
    "QueryResult": "done boolean 1 !, queryLocator zns:QueryLocator 1, records ons:zObject *, size int 1 !",
    "InvoicePaymentData": "InvoicePayment ons:InvoicePayment *",
    "RefundInvoicePaymentData": "RefundInvoicePayment ons:RefundInvoicePayment *",
    "GatewayOptionData": "GatewayOption ons:GatewayOption 0..200",
    "ProductRatePlanChargeTierData": "ProductRatePlanChargeTier ons:ProductRatePlanChargeTier *",
    "ElectronicPaymentOptions": "PaymentMethodId ID",
    "ExternalPaymentOptions": "Amount decimal, EffectiveDate date, GatewayOrderId, PaymentMethodId ID, ReferenceId",
    "InvoiceProcessingOptions": "InvoiceDate date, InvoiceTargetDate date",
    "SubscribeInvoiceProcessingOptions": "InvoiceDate date, InvoiceProcessingScope, InvoiceTargetDate date",
    "SubscribeOptions": """ApplyCreditBalance boolean, ElectronicPaymentOptions zns:ElectronicPaymentOptions,
        ExternalPaymentOptions zns:ExternalPaymentOptions, GenerateInvoice boolean 1 !, ProcessPayments boolean 1 !,
        SubscribeInvoiceProcessingOptions zns:SubscribeInvoiceProcessingOptions""",
    "PreviewOptions": "EnablePreviewMode boolean, NumberOfPeriods int",
    "RatePlanChargeData": "RatePlanCharge ons:RatePlanCharge 1, RatePlanChargeTier ons:RatePlanChargeTier *",
    "RatePlanData": "RatePlan ons:RatePlan 1 !, RatePlanChargeData zns:RatePlanChargeData *",
    "SubscriptionData": "RatePlanData zns:RatePlanData *, Subscription ons:Subscription 1 !",
    "SubscribeRequest": """Account ons:Account, PaymentMethod ons:PaymentMethod, BillToContact ons:Contact,
        PreviewOptions zns:PreviewOptions, SoldToContact ons:Contact, SubscribeOptions zns:SubscribeOptions,
        SubscriptionData zns:SubscriptionData""",
    "ChargeMetricsData": "ChargeMetrics ons:ChargeMetrics *",
    "InvoiceData": "Invoice ons:Invoice, InvoiceItem ons:InvoiceItem *",
    "SubscribeResult": """AccountId ID, AccountNumber, ChargeMetricsData zns:ChargeMetricsData, Errors zns:Error *,
        GatewayResponse, GatewayResponseCode, InvoiceData zns:InvoiceData *, InvoiceId ID, InvoiceNumber, PaymentId ID,
        PaymentTransactionNumber, SubscriptionId ID, SubscriptionNumber, Success boolean !, TotalMrr decimal,
        TotalTcv decimal""",
    "AmendOptions": """ApplyCreditBalance boolean, ElectronicPaymentOptions zns:ElectronicPaymentOptions,
        ExternalPaymentOptions zns:ExternalPaymentOptions, GenerateInvoice boolean,
        InvoiceProcessingOptions zns:InvoiceProcessingOptions, ProcessPayments boolean""",
    "AmendRequest": """Amendments ons:Amendment 0..30, AmendOptions zns:AmendOptions,
        PreviewOptions zns:PreviewOptions""",
    "AmendResult": """AmendmentIds ID *, ChargeMetricsData zns:ChargeMetricsData, Errors zns:Error *, GatewayResponse,
        GatewayResponseCode, InvoiceDatas zns:InvoiceData *, InvoiceId ID, PaymentId ID, PaymentTransactionNumber,
        SubscriptionId ID, Success boolean !, TotalDeltaMrr decimal, TotalDeltaTcv decimal""",
    "BillingPreviewRequest": """AccountId ID, ChargeTypeToExclude, IncludingEvergreenSubscription boolean,
        TargetDate date""",
    "BillingPreviewResult": "AccountId ID, Errors zns:Error *, InvoiceItem ons:InvoiceItem *, Success boolean !",
}  # fmt: skip

ELEMENTS = {
    "login": "username !, password !, entityId !, entityName !",
    "loginResponse": "result zns:LoginResult !",
    "create": "zObjects ons:zObject * !",
    "createResponse": "result zns:SaveResult * !",
    "update": "zObjects ons:zObject * !",
    "updateResponse": "result zns:SaveResult * !",
    "delete": "type string 1 !, ids ID * !",
    "deleteResponse": "result zns:DeleteResult * !",
    "query": "queryString string 1 !",
    "queryResponse": "result zns:QueryResult 1 !",
    "queryMore": "queryLocator zns:QueryLocator 1 !",
    "queryMoreResponse": "result zns:QueryResult 1 !",
    "generate": "zObjects ons:zObject * !",
    "generateResponse": "result zns:SaveResult * !",
    "subscribe": "subscribes zns:SubscribeRequest 0..50 !",
    "subscribeResponse": "result zns:SubscribeResult * !",
    "amend": "requests zns:AmendRequest 0..50 !",
    "amendResponse": "results zns:AmendResult * !",
    "execute": "type string 1 !, synchronous boolean 1 !, ids ID * !",
    "executeResponse": "result zns:ExecuteResult * !",
    "getUserInfo": "",
    "getUserInfoResponse": """TenantId string 1 !, TenantName string 1 !, UserEmail string 1 !, UserFullName string 1 !,
        UserId string 1 !, Username string 1 !""",
    "rasdRequest": "",
    "rasdResponse": "overlap int, startDate date, updatedBy, updatedOn dateTime",
    "calculateChargeMetrics": "requests zns:SubscribeRequest *",
    "calculateChargeMetricsResponse": "results zns:ChargeMetricsData *",
    "billingPreview": "requests zns:BillingPreviewRequest *",
    "billingPreviewResponse": "results zns:BillingPreviewResult *",
    "SessionHeader": "session string 1 !",
    "CallOptions": "useSingleTransaction boolean",
    "QueryOptions": "batchSize int !, caseSensitive boolean !",
}  # fmt: skip

TYPE, VALUE, QUERY = "InvalidTypeFault", "InvalidValueFault", "MalformedQueryFault"
LOCATOR, UNEXPECTED = "InvalidQueryLocatorFault", "UnexpectedErrorFault"
FAULTS = ("LoginFault", TYPE, VALUE, QUERY, LOCATOR, UNEXPECTED)
OPERATIONS: dict[str, tuple[str, str, tuple[str, ...], tuple[str, ...]]] = {
    "login": ("login", "loginResponse", (), ("LoginFault", UNEXPECTED)),
    "subscribe": ("subscribe", "subscribeResponse", ("SessionHeader",), (UNEXPECTED,)),
    "create": ("create", "createResponse", ("CallOptions", "SessionHeader"), (TYPE, UNEXPECTED)),
    "generate": ("generate", "generateResponse", ("SessionHeader",), (TYPE, UNEXPECTED)),
    "update": ("update", "updateResponse", ("SessionHeader",), (TYPE, UNEXPECTED)),
    "delete": ("delete", "deleteResponse", ("SessionHeader",), (TYPE, VALUE, UNEXPECTED)),
    "query": ("query", "queryResponse", ("QueryOptions", "SessionHeader"), (QUERY, LOCATOR, UNEXPECTED)),
    "queryMore": ("queryMore", "queryMoreResponse", ("QueryOptions", "SessionHeader"), (LOCATOR, UNEXPECTED)),
    "getUserInfo": ("getUserInfo", "getUserInfoResponse", ("SessionHeader",), (UNEXPECTED,)),
    "amend": ("amend", "amendResponse", ("SessionHeader",), (UNEXPECTED,)),
    "execute": ("execute", "executeResponse", ("SessionHeader",), (TYPE, VALUE, UNEXPECTED)),
    "rasd": ("rasdRequest", "rasdResponse", ("SessionHeader",), (UNEXPECTED,)),
    "calculateChargeMetrics": (
        "calculateChargeMetrics", "calculateChargeMetricsResponse", ("SessionHeader",), (UNEXPECTED,)),
    "billingPreview": ("billingPreview", "billingPreviewResponse", ("SessionHeader",), (UNEXPECTED,)),
}  # fmt: skip
HEADERS = ("CallOptions", "QueryOptions", "SessionHeader")
CODES = """API_DISABLED CANNOT_DELETE CREDIT_CARD_PROCESSING_FAILURE DUPLICATE_VALUE INVALID_FIELD INVALID_LOGIN
    INVALID_SESSION INVALID_TYPE INVALID_ID INVALID_VALUE INVALID_VERSION LOCK_COMPETITION MALFORMED_QUERY
    MAX_RECORDS_EXCEEDED MISSING_REQUIRED_VALUE NO_PERMISSION SERVER_UNAVAILABLE UNKNOWN_ERROR TRANSACTION_FAILED
    INVALID_TEMPLATE ACCOUNTING_PERIOD_CLOSED BATCH_FAIL_ERROR PDF_QUERY_ERROR REQUEST_EXCEEDED_LIMIT
    REQUEST_EXCEEDED_RATE REQUEST_REJECTED TEMPORARY_ERROR TRANSACTION_TERMINATED TRANSACTION_TIMEOUT EXTENSION_ERROR"""


def names(kind: str) -> list[str]:
    """The own fields of an object in the file's order: the alphabet, then what stands out of order."""
    return [word.split()[0] for word in _ordered(OBJECTS[kind])]


def types(kind: str) -> dict[str, str]:
    """The built-in or named type of each own field."""
    split = (word.split() for word in _ordered(OBJECTS[kind]))
    return {name: rest[0].rpartition(":")[2] if rest else "string" for name, *rest in split}


def _ordered(text: str) -> list[str]:
    head, _, tail = text.partition("|")
    return [*sorted(_words(head), key=lambda word: word.split()[0]), *_words(tail)]


def _words(text: str) -> list[str]:
    return [" ".join(word.split()) for word in text.split(",") if word.strip()]


def _field(word: str) -> str:
    name, *rest = word.split()
    nillable = "" if rest and rest[-1] == "!" else ' nillable="true"'
    rest = [each for each in rest if each != "!"]
    occurrence = rest.pop() if rest and (rest[-1] in "?*1" or ".." in rest[-1]) else "?"
    kind = rest[0] if rest else "string"
    low, high = {"?": ("0", "1"), "*": ("0", "unbounded"), "1": ("1", "1")}.get(
        occurrence, occurrence.partition("..")[::2]
    )
    counts = ("" if low == "1" else f' minOccurs="{low}"') + ("" if high == "1" else f' maxOccurs="{high}"')
    return f'          <element{counts} name="{name}"{nillable} type="{"zns:ID" if kind == "ID" else kind}"/>\n'


def _sequence(words: list[str]) -> str:
    return f"        <sequence>\n{''.join(map(_field, words))}        </sequence>\n"


def _complex(name: str, words: list[str], base: str = "") -> str:
    inner = _sequence(words)
    if base:
        inner = f'        <complexContent><extension base="{base}">\n{inner}        </extension></complexContent>\n'
    return f'      <complexType name="{name}">\n{inner}      </complexType>\n'


def _schema(namespace: str, imported: str, content: str) -> str:
    return (
        f'    <schema attributeFormDefault="qualified" elementFormDefault="qualified" xmlns="{XSD}" '
        f'targetNamespace="{namespace}">\n      <import namespace="{imported}"/>\n{content}    </schema>\n'
    )


def _types() -> str:
    base = _complex("zObject", ["fieldsToNull string *", "Id ID"])
    objects = base + "".join(_complex(name, _ordered(text), "ons:zObject") for name, text in OBJECTS.items())
    simple = (
        '      <simpleType name="ID"><restriction base="string"><pattern value="[a-zA-Z0-9]{32}|\\d+"/></restriction>'
        '</simpleType>\n      <simpleType name="QueryLocator"><restriction base="string"/></simpleType>\n'
        '      <simpleType name="ErrorCode"><restriction base="string">\n'
        + "".join(f'        <enumeration value="{code}"/>\n' for code in CODES.split())
        + "      </restriction></simpleType>\n"
    )
    api = simple + "".join(_complex(name, _words(text)) for name, text in TYPES.items())
    for name, text in ELEMENTS.items():
        api += f'      <element name="{name}">\n      <complexType>\n{_sequence(_words(text))}      </complexType>\n'
        api += "      </element>\n"
    faults = _complex("ApiFault", ["FaultCode zns:ErrorCode", "FaultMessage"])
    faults += '      <element name="fault" type="fns:ApiFault"/>\n'
    for name in FAULTS:
        faults += _complex(name, [], "fns:ApiFault") + f'      <element name="{name}" type="fns:{name}"/>\n'
    return _schema(OBJECT, API, objects) + _schema(API, OBJECT, api) + _schema(FAULT, API, faults)


@cache
def wsdl(version: str = "128.0", host: str = "https://www.zuora.com") -> bytes:
    """The file as Zuora writes one."""
    messages = "".join(
        f'  <message name="{name if name == "getUserInfo" else name + "Request"}">'
        f'<part name="{"getUserInfo" if name == "getUserInfo" else "parameters"}" element="zns:{asked}"/></message>\n'
        f'  <message name="{name}Response"><part name="parameters" element="zns:{told}"/></message>\n'
        for name, (asked, told, _, _) in OPERATIONS.items()
    )
    parts = "".join(f'<part name="{name}" element="zns:{name}"/>' for name in HEADERS)
    messages += f'  <message name="Header">{parts}</message>\n'
    for name in ("ApiFault", *FAULTS):
        element = "fault" if name == "ApiFault" else name
        messages += f'  <message name="{name}"><part name="fault" element="fns:{element}"/></message>\n'
    port, binding = "", ""
    for name, (_, _, headers, faults) in OPERATIONS.items():
        asked = name if name == "getUserInfo" else f"{name}Request"
        port += f'    <operation name="{name}"><input message="zns:{asked}"/><output message="zns:{name}Response"/>'
        port += "".join(f'<fault name="{each}" message="zns:{each}"/>' for each in faults) + "</operation>\n"
        binding += f'    <operation name="{name}"><soap:operation soapAction=""/><input>'
        binding += "".join(f'<soap:header use="literal" message="zns:Header" part="{each}"/>' for each in headers)
        binding += '<soap:body use="literal"/></input><output><soap:body use="literal"/></output>'
        binding += "".join(f'<fault name="{each}"><soap:fault name="{each}" use="literal"/></fault>' for each in faults)
        binding += "</operation>\n"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!-- A tenant\'s file for tests, written from a table. -->\n'
        f'<definitions targetNamespace="{API}"\n    xmlns="http://schemas.xmlsoap.org/wsdl/"\n'
        f'    xmlns:xs="{XSD}"\n    xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"\n    xmlns:zns="{API}"\n'
        f'    xmlns:ons="{OBJECT}"\n    xmlns:fns="{FAULT}">\n  <types>\n{_types()}  </types>\n{messages}'
        f'  <portType name="Soap">\n{port}  </portType>\n  <binding name="SoapBinding" type="zns:Soap">\n'
        f'    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>\n{binding}'
        "  </binding>\n"
        '  <service name="ZuoraService">\n    <port name="Soap" binding="zns:SoapBinding">'
        f'<soap:address location="{host}/apps/services/a/{version}"/></port>\n  </service>\n</definitions>\n'
    ).encode()


def visual_studio() -> bytes:
    """As Visual Studio writes a file that it imported: ``xs:`` tags, a prefix of its own on each reference, no
    ``style``."""
    text = wsdl().decode().replace(f' xmlns="{XSD}"', "")
    tags = "schema element complexType sequence complexContent extension simpleType restriction enumeration pattern"
    for tag in (*tags.split(), "import"):
        text = re.sub(rf"<(/?){tag}(?=[\s/>])", rf"<\1xs:{tag}", text)
    text = re.sub(r' (type|base)="(?=[a-zA-Z]+")', r' \1="xs:', text)
    text = re.sub(r'\n    xmlns:[zof]ns="[^"]*"', "", text).replace("<definitions ", f'<definitions xmlns:tns="{API}" ')
    spaces = {"zns": ("q1", API), "ons": ("q2", OBJECT), "fns": ("q3", FAULT)}
    for old, (new, uri) in spaces.items():
        text = re.sub(
            rf'(<xs:\w+|<part)([^>]*) (type|base|element)="{old}:', rf'\1 xmlns:{new}="{uri}"\2 \3="{new}:', text
        )
    return text.replace('"zns:', '"tns:').replace(' style="document"', "").encode()


STYLES = {
    "zuora": wsdl,
    "without imports, as up to 47.1": lambda: re.sub(rb"      <import [^>]*/>\n", b"", wsdl()),
    "visual studio": visual_studio,
    "CRLF": lambda: wsdl().replace(b"\n", b"\r\n"),
    "BOM": lambda: b"\xef\xbb\xbf" + wsdl(),
    "without login's entity": lambda: re.sub(rb'          <element[^>]*name="entity(Id|Name)"[^>]*/>\n', b"", wsdl()),
    "documented by hand": lambda: wsdl().replace(
        b"<sequence>", b"<annotation><documentation>x</documentation></annotation><sequence>"
    ),
    "on one line": lambda: re.sub(rb">\s+<", b"><", wsdl()),
}
