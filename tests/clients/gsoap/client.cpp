// A legacy caller on gSOAP: the scenario of tests/clients/README.md, one JSON document a step.
// Reads name=value arguments; must not know what the right answers are. Proxy: wsdl2h -t typemap.dat, soapcpp2 -j -C, with -2 for SOAP 1.2.

#include <cstdio>
#include <ctime>
#include <functional>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "SoapBinding.nsmap"
#include "soapSoapBindingProxy.h"

using std::string;

static const char *WANTED[] = {"Id", "Amount", "Comment", "CreatedDate", "EffectiveDate", "PaymentNumber", "ReferenceId", "Status"};

static std::map<string, string> given;
static SoapBindingProxy zuora(SOAP_C_UTFSTRING);

static string quoted(const string &value) {
    string made = "\"";
    for (unsigned char letter : value) {
        char escape[8];
        if (letter < 0x20 || letter == '"' || letter == '\\') made += (snprintf(escape, sizeof escape, "\\u%04x", letter), escape);
        else made += letter;
    }
    return made + "\"";
}

static string json(const char *value) { return value ? quoted(value) : "null"; }
static string json(const string *value) { return value ? quoted(*value) : "null"; }
static string json(bool value) { return value ? "true" : "false"; }
static string json(const bool *value) { return value ? json(*value) : "null"; }
static string json(const time_t *value) {
    char text[32];
    return value && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime(value)) ? quoted(text) : "null";
}
static string json(const zns__ErrorCode *value) { return value ? quoted(soap_zns__ErrorCode2s(zuora.soap, *value)) : "null"; }

static string list(const std::vector<string> &parts) {
    string made;
    for (const string &each : parts) made += (made.empty() ? "" : ",") + each;
    return "[" + made + "]";
}

static void tell(const string &step, const string &told) {
    std::cout << "{\"step\":" << quoted(step) << "," << told << "}" << std::endl;
}

static string *text(const string &value) {
    string *made = soap_new_std__string(zuora.soap);
    *made = value;
    return made;
}

// The generated type of a day is a string for xsd:date and a time_t for the xsd:dateTime of old files.
static void set_day(string *&field) { field = text(given["day"]); }
static void set_day(time_t *&field) {
    std::tm day = {};
    strptime(given["day"].c_str(), "%Y-%m-%d", &day);
    day.tm_isdst = -1;
    field = static_cast<time_t *>(soap_malloc(zuora.soap, sizeof(time_t)));
    *field = mktime(&day);
}

static void use(const string &session, int batch = 0) {
    zuora.soap_header(nullptr, nullptr, nullptr);
    SOAP_ENV__Header *header = zuora.soap->header;
    header->zns__SessionHeader = soap_new__zns__SessionHeader(zuora.soap);
    header->zns__SessionHeader->session = session;
    if (batch) {
        header->zns__QueryOptions = soap_new__zns__QueryOptions(zuora.soap);
        header->zns__QueryOptions->batchSize = static_cast<int *>(soap_malloc(zuora.soap, sizeof(int)));
        *header->zns__QueryOptions->batchSize = batch;
    }
}

static void must(int result) {
    if (result == SOAP_OK) return;
    zuora.soap_stream_fault(std::cerr);
    exit(1);
}

static ons__Payment *payment(const string &amount, const string &document = "") {
    ons__Payment *made = soap_new_ons__Payment(zuora.soap);
    made->AccountId = text(given["account"]);
    made->Amount = text(amount);
    if (!document.empty()) {
        made->AppliedInvoiceAmount = text(amount);
        made->InvoiceId = text(document);
    }
    set_day(made->EffectiveDate);
    made->PaymentMethodId = text(given["method"]);
    made->Status = text("Processed");
    made->Type = text("External");
    return made;
}

static ons__Refund *refund(const string &of, const string &amount) {
    ons__Refund *made = soap_new_ons__Refund(zuora.soap);
    made->Amount = text(amount);
    made->MethodType = text("Check");
    made->PaymentId = text(of);
    set_day(made->RefundDate);
    made->Type = text("External");
    return made;
}

static std::vector<zns__SaveResult *> create(const std::vector<ons__zObject *> &objects, int *error = nullptr) {
    _zns__create request;
    request.zObjects = objects;
    static _zns__createResponse response;
    // The library keeps the header of the last message: what was received replaces what was to be sent.
    int result = zuora.create(&request, response);
    if (error) *error = result;
    else must(result);
    return response.result;
}

static string errors(const std::vector<zns__Error *> &found) {
    std::vector<string> told;
    for (zns__Error *each : found) {
        told.push_back("{\"code\":" + json(each->Code) + ",\"message\":" + json(each->Message) + ",\"field\":" + json(each->Field) + "}");
    }
    return list(told);
}

template <class Flag, class Id>
static string row(Flag success, Id id, const std::vector<zns__Error *> &found) {
    return "{\"success\":" + json(success) + ",\"id\":" + json(id) + ",\"errors\":" + errors(found) + "}";
}

static string saved(const std::vector<zns__SaveResult *> &results) {
    std::vector<string> rows;
    for (zns__SaveResult *each : results) rows.push_back(row(each->Success, each->Id, each->Errors));
    return "\"rows\":" + list(rows);
}

static string record(ons__zObject *object) {
    ons__Payment *row = dynamic_cast<ons__Payment *>(object);
    string told = "\"type\":" + string(row ? "\"Payment\"" : object ? "\"zObject\"" : "\"null\"");
    std::vector<string> values(8, "null");
    if (row) {
        values = {json(row->Id), json(row->Amount), json(row->Comment), json(row->CreatedDate), json(row->EffectiveDate),
                  json(row->PaymentNumber), json(row->ReferenceId), json(row->Status)};
    }
    for (size_t at = 0; at < values.size(); at++) told += string(",") + quoted(WANTED[at]) + ":" + values[at];
    return "{" + told + "}";
}

static string page(const zns__QueryResult *result) {
    std::vector<string> rows;
    for (ons__zObject *each : result->records) rows.push_back(record(each));
    return "\"done\":" + json(result->done) + ",\"size\":" + std::to_string(result->size) + ",\"locator\":" +
           json(result->queryLocator) + ",\"records\":" + list(rows);
}

static int query(const string &zoql, zns__QueryResult *&result) {
    _zns__query request;
    request.queryString = zoql;
    _zns__queryResponse *response = soap_new__zns__queryResponse(zuora.soap);
    int error = zuora.query(&request, *response);
    result = response->result;
    return error;
}

static const zns__QueryResult *rows(const string &zoql) {
    zns__QueryResult *result = nullptr;
    must(query(zoql, result));
    return result;
}

static void fault(const string &step, int error) {
    if (error == SOAP_OK) return tell(step, "\"answered\":true");
    SOAP_ENV__Fault *caught = zuora.soap_fault();
    SOAP_ENV__Detail *detail = caught->SOAP_ENV__Detail ? caught->SOAP_ENV__Detail : caught->detail;
    const char *kind = nullptr;
    fns__ApiFault *typed = nullptr;
    if (detail && detail->fns__MalformedQueryFault_) kind = "MalformedQueryFault", typed = detail->fns__MalformedQueryFault_;
    if (detail && detail->fns__UnexpectedErrorFault_) kind = "UnexpectedErrorFault", typed = detail->fns__UnexpectedErrorFault_;
    const char *subcode = zuora.soap_fault_subcode();
    tell(step, "\"code\":" + json(subcode ? subcode : *soap_faultcode(zuora.soap)) + ",\"message\":" + json(zuora.soap_fault_string()) +
                   ",\"kind\":" + json(kind) + ",\"detail_code\":" + json(typed ? typed->FaultCode : nullptr) +
                   ",\"detail_message\":" + json(typed ? typed->FaultMessage : nullptr));
}

int main(int count, char **arguments) {
    for (int at = 1; at < count; at++) {
        string each = arguments[at];
        given[each.substr(0, each.find('='))] = each.substr(each.find('=') + 1);
    }
    string endpoint = given["endpoint"];
    zuora.soap_endpoint = endpoint.c_str();

    _zns__login credentials;
    credentials.username = text(given["user"]);
    credentials.password = text(given["password"]);
    _zns__loginResponse login;
    must(zuora.login(&credentials, login));
    tell("login", "\"session\":" + json(login.result->Session) + ",\"server_url\":" + json(login.result->ServerUrl));
    string url = *login.result->ServerUrl, session = *login.result->Session;
    zuora.soap_endpoint = url.c_str();

    ons__Payment *split = payment("12.50");
    split->Comment = text(given["comment"]);
    ons__InvoicePayment *part = soap_new_ons__InvoicePayment(zuora.soap);
    part->Amount = text("12.50");
    part->InvoiceId = text(given["invoice"]);
    split->InvoicePaymentData = soap_new_zns__InvoicePaymentData(zuora.soap);
    split->InvoicePaymentData->InvoicePayment.push_back(part);
    ons__Payment *memo = payment("7.25", given["memo"]);
    memo->Comment = text(given["comment"]);
    use(session);
    std::vector<zns__SaveResult *> paid = create({split, memo});
    tell("pay", saved(paid));
    string id = *paid[0]->Id;
    use(session);
    tell("refund", saved(create({refund(id, "2.5"), refund(given["credit"], "3")})));
    string fields;
    for (const char *each : WANTED) fields += (fields.empty() ? "" : ", ") + string(each);
    use(session);
    tell("query", page(rows("select " + fields + " from Payment where Id = '" + id + "'")));

    use(session, 2);
    std::vector<string> pages;
    const zns__QueryResult *result = rows("select Id, Amount from Payment where AccountId = '" + given["account"] + "'");
    pages.push_back("{" + page(result) + "}");
    while (!result->done) {
        _zns__queryMore more;
        more.queryLocator = *result->queryLocator;
        _zns__queryMoreResponse *next = soap_new__zns__queryMoreResponse(zuora.soap);
        use(session, 2);
        must(zuora.queryMore(&more, *next));
        result = next->result;
        pages.push_back("{" + page(result) + "}");
    }
    tell("page", "\"pages\":" + list(pages));
    use(session);
    tell("empty", page(rows("select Id from Payment where ReferenceId = 'there is none'")));

    use(session);
    tell("row_error", saved(create({payment("40", given["draft"])})));
    _zns__delete unwanted;
    unwanted.type = "Payment";
    unwanted.ids.push_back(id);
    _zns__deleteResponse deleted;
    use(session);
    must(zuora.delete_(&unwanted, deleted));
    std::vector<string> gone;
    for (zns__DeleteResult *each : deleted.result) gone.push_back(row(each->success, each->id, each->errors));
    tell("delete", "\"rows\":" + list(gone));
    use(session);
    zns__QueryResult *none = nullptr;
    fault("malformed", query("BADQ", none));
    use("expired");
    int error = SOAP_OK;
    create({payment("1", given["memo"])}, &error);
    fault("bad_session", error);
}
