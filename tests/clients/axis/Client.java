// A legacy caller on Java's Axis 1.4: the scenario of tests/clients/README.md, one JSON document a step.
// Reads name=value arguments; must not know what the right answers are. Stubs: org.apache.axis.wsdl.WSDL2Java.

import com.zuora.api.DeleteResult;
import com.zuora.api.Error;
import com.zuora.api.LoginResult;
import com.zuora.api.QueryResult;
import com.zuora.api.SaveResult;
import com.zuora.api.SoapBindingStub;
import com.zuora.api.ZuoraServiceLocator;
import com.zuora.api.fault.ApiFault;
import com.zuora.api.object.InvoicePayment;
import com.zuora.api.object.Payment;
import com.zuora.api.object.Refund;
import com.zuora.api.object.ZObject;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.math.BigDecimal;
import java.net.URL;
import java.text.SimpleDateFormat;
import java.util.ArrayList;
import java.util.Calendar;
import java.util.Date;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TimeZone;
import java.util.concurrent.Callable;
import org.apache.axis.message.SOAPHeaderElement;

public class Client {
    static final String API = "http://api.zuora.com/";
    static final String[] WANTED = {
        "Id", "Amount", "Comment", "CreatedDate", "EffectiveDate", "PaymentNumber", "ReferenceId", "Status"
    };

    static Map<String, String> given = new HashMap<>();
    static SoapBindingStub zuora;
    static Date day;

    public static void main(String[] args) throws Exception {
        System.setOut(new PrintStream(System.out, true, "UTF-8"));
        for (String each : args) given.put(each.substring(0, each.indexOf('=')), each.substring(each.indexOf('=') + 1));
        day = new SimpleDateFormat("yyyy-MM-dd").parse(given.get("day"));
        zuora = (SoapBindingStub) new ZuoraServiceLocator().getSoap(new URL(given.get("endpoint")));

        LoginResult login = login();
        tell("login", map("session", login.getSession(), "server_url", login.getServerUrl()));
        zuora._setProperty(SoapBindingStub.ENDPOINT_ADDRESS_PROPERTY, login.getServerUrl());
        use(header("SessionHeader", "session", login.getSession()));

        Payment split = pay("12.50", null);
        split.setComment(given.get("comment"));
        InvoicePayment part = new InvoicePayment();
        part.setAmount(new BigDecimal("12.50"));
        part.setInvoiceId(given.get("invoice"));
        split.setInvoicePaymentData(new InvoicePayment[] {part});
        Payment memo = pay("7.25", given.get("memo"));
        memo.setComment(given.get("comment"));
        SaveResult[] paid = zuora.create(new ZObject[] {split, memo});
        String id = paid[0].getId();
        tell("pay", saved(paid));
        tell("refund", saved(zuora.create(new ZObject[] {refund(id, "2.5"), refund(given.get("credit"), "3")})));
        tell("query", page(zuora.query("select " + String.join(", ", WANTED) + " from Payment where Id = '" + id + "'")));

        use(header("SessionHeader", "session", login.getSession()), header("QueryOptions", "batchSize", "2"));
        List<Object> pages = new ArrayList<>();
        QueryResult result = zuora.query("select Id, Amount from Payment where AccountId = '" + given.get("account") + "'");
        pages.add(page(result));
        while (!result.isDone()) {
            result = zuora.queryMore(result.getQueryLocator());
            pages.add(page(result));
        }
        tell("page", map("pages", pages));
        use(header("SessionHeader", "session", login.getSession()));
        tell("empty", page(zuora.query("select Id from Payment where ReferenceId = 'there is none'")));

        tell("row_error", saved(zuora.create(new ZObject[] {pay("40", given.get("draft"))})));
        List<Object> deleted = new ArrayList<>();
        for (DeleteResult each : zuora.delete("Payment", new String[] {id})) {
            deleted.add(map("success", each.getSuccess(), "id", each.getId(), "errors", errors(each.getErrors())));
        }
        tell("delete", map("rows", deleted));
        fault("malformed", () -> zuora.query("BADQ"));
        use(header("SessionHeader", "session", "expired"));
        fault("bad_session", () -> zuora.create(new ZObject[] {pay("1", given.get("memo"))}));
    }

    // Files of tenants with several entities have two more arguments, which may stay null.
    static LoginResult login() throws Exception {
        for (Method each : zuora.getClass().getMethods()) {
            if (!each.getName().equals("login")) continue;
            Object[] arguments = new Object[each.getParameterTypes().length];
            arguments[0] = given.get("user");
            arguments[1] = given.get("password");
            return (LoginResult) each.invoke(zuora, arguments);
        }
        throw new NoSuchMethodException("login");
    }

    static SOAPHeaderElement header(String name, String child, String value) throws Exception {
        SOAPHeaderElement header = new SOAPHeaderElement(API, name);
        header.addChildElement(child, "", API).addTextNode(value);
        return header;
    }

    static void use(SOAPHeaderElement... headers) {
        zuora.clearHeaders();
        for (SOAPHeaderElement each : headers) zuora.setHeader(each);
    }

    static Payment pay(String amount, String document) throws Exception {
        Payment payment = new Payment();
        payment.setAccountId(given.get("account"));
        payment.setAmount(new BigDecimal(amount));
        if (document != null) {
            payment.setAppliedInvoiceAmount(new BigDecimal(amount));
            payment.setInvoiceId(document);
        }
        setDay(payment, "setEffectiveDate");
        payment.setPaymentMethodId(given.get("method"));
        payment.setStatus("Processed");
        payment.setType("External");
        return payment;
    }

    static Refund refund(String of, String amount) throws Exception {
        Refund refund = new Refund();
        refund.setAmount(new BigDecimal(amount));
        refund.setMethodType("Check");
        refund.setPaymentId(of);
        setDay(refund, "setRefundDate");
        refund.setType("External");
        return refund;
    }

    // Stubs of old WSDL files take a Calendar, those of newer ones a Date.
    static void setDay(Object object, String setter) throws Exception {
        for (Method each : object.getClass().getMethods()) {
            if (!each.getName().equals(setter)) continue;
            Calendar moment = Calendar.getInstance();
            moment.setTime(day);
            each.invoke(object, each.getParameterTypes()[0] == Calendar.class ? moment : day);
        }
    }

    static Map<String, Object> saved(SaveResult[] results) {
        List<Object> rows = new ArrayList<>();
        for (SaveResult each : results) {
            rows.add(map("success", each.getSuccess(), "id", each.getId(), "errors", errors(each.getErrors())));
        }
        return map("rows", rows);
    }

    static List<Object> errors(Error[] errors) {
        List<Object> told = new ArrayList<>();
        for (Error each : errors == null ? new Error[0] : errors) {
            told.add(map("code", each.getCode().getValue(), "message", each.getMessage(), "field", each.getField()));
        }
        return told;
    }

    static Map<String, Object> page(QueryResult result) throws Exception {
        List<Object> rows = new ArrayList<>();
        for (ZObject row : result.getRecords() == null ? new ZObject[0] : result.getRecords()) {
            Map<String, Object> told = map("type", row == null ? "null" : row.getClass().getSimpleName());
            for (String name : WANTED) told.put(name, row == null ? null : text(name, row.getClass().getMethod("get" + name).invoke(row)));
            rows.add(told);
        }
        return map("done", result.isDone(), "size", result.getSize(), "locator", result.getQueryLocator(), "records", rows);
    }

    static String text(String name, Object value) {
        if (value instanceof Date) return new SimpleDateFormat("yyyy-MM-dd").format((Date) value);
        if (value instanceof Calendar) {
            SimpleDateFormat utc = new SimpleDateFormat("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'");
            utc.setTimeZone(TimeZone.getTimeZone("UTC"));
            return utc.format(((Calendar) value).getTime());
        }
        return value instanceof BigDecimal ? ((BigDecimal) value).toPlainString() : value == null ? null : value.toString();
    }

    static void fault(String step, Callable<?> call) throws Exception {
        try {
            tell(step, map("answered", String.valueOf(call.call())));
        } catch (ApiFault caught) {
            tell(step, map("code", caught.getFaultCode().toString(), "message", caught.getFaultString(),
                "kind", caught.getClass().getSimpleName(), "detail_code", caught.getFaultCode1().getValue(),
                "detail_message", caught.getFaultMessage()));
        }
    }

    static Map<String, Object> map(Object... pairs) {
        Map<String, Object> made = new LinkedHashMap<>();
        for (int at = 0; at < pairs.length; at += 2) made.put((String) pairs[at], pairs[at + 1]);
        return made;
    }

    static void tell(String step, Map<String, Object> told) {
        Map<String, Object> document = map("step", step);
        document.putAll(told);
        System.out.println(json(document));
    }

    static String json(Object value) {
        List<String> parts = new ArrayList<>();
        if (value instanceof Map) {
            for (Map.Entry<?, ?> each : ((Map<?, ?>) value).entrySet()) parts.add(json(each.getKey()) + ":" + json(each.getValue()));
            return "{" + String.join(",", parts) + "}";
        }
        if (value instanceof List) {
            for (Object each : (List<?>) value) parts.add(json(each));
            return "[" + String.join(",", parts) + "]";
        }
        if (!(value instanceof String)) return String.valueOf(value);
        StringBuilder text = new StringBuilder("\"");
        for (char letter : ((String) value).toCharArray()) {
            text.append(letter < 0x20 || letter == '"' || letter == '\\' ? String.format("\\u%04x", (int) letter) : letter);
        }
        return text.append('"').toString();
    }
}
