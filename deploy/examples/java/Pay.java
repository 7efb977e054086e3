// Pay an invoice and a debit memo through the bridge, with Axis 1.4 (stubs by WSDL2Java):
//   java Pay ACCOUNT METHOD DAY INVOICE SUM MEMO SUM
// ZUORA_URL is the bridge's address in place of Zuora's: http://bridge/apps/services/a/107.0

import com.zuora.api.LoginResult;
import com.zuora.api.SaveResult;
import com.zuora.api.SoapBindingStub;
import com.zuora.api.ZuoraServiceLocator;
import com.zuora.api.fault.ApiFault;
import com.zuora.api.object.Payment;
import com.zuora.api.object.ZObject;
import java.math.BigDecimal;
import java.net.URL;
import java.rmi.RemoteException;
import java.text.SimpleDateFormat;
import java.util.Arrays;
import java.util.List;
import org.apache.axis.message.SOAPHeaderElement;

public class Pay {
    static final String API = "http://api.zuora.com/";
    static final String UNKNOWN = "TRANSACTION_TIMEOUT";
    static final List<String> LATER = Arrays.asList("TEMPORARY_ERROR", "SERVER_UNAVAILABLE", "REQUEST_EXCEEDED_RATE");
    // Longer than the bridge lets a caller wait (50 s): whoever hangs up earlier only has to ask again.
    static final int TIMEOUT = 120_000;

    /** Nothing was paid; the message says why. */
    static class Refused extends Exception {
        Refused(String why) { super(why); }
    }

    /** Nobody knows yet. Keep the payment open, repeat it unchanged later, and never pay it in another way. */
    static class Unknown extends Exception {
        Unknown(String why) { super(why); }
    }

    final SoapBindingStub zuora;
    final String user;
    final String password;

    Pay(String url, String user, String password) throws Exception {
        this.zuora = (SoapBindingStub) new ZuoraServiceLocator().getSoap(new URL(url));
        this.user = user;
        this.password = password;
        zuora.setTimeout(TIMEOUT);
        logIn();
    }

    /** A new session, used at the address that the answer tells: the bridge's own. */
    void logIn() throws Exception {
        zuora.clearHeaders();
        LoginResult told = zuora.login(user, password, null, null);
        zuora._setProperty(SoapBindingStub.ENDPOINT_ADDRESS_PROPERTY, told.getServerUrl());
        SOAPHeaderElement header = new SOAPHeaderElement(API, "SessionHeader");
        header.addChildElement("session", "", API).addTextNode(told.getSession());
        zuora.setHeader(header);
    }

    /** The Id of the payment. The fields are those of one act: whoever changes one pays something else. */
    String pay(Payment payment) throws Exception {
        String pauses = System.getenv().getOrDefault("REPEAT_PAUSES", "1 10 60 300");
        String trouble = "";
        for (String pause : (pauses + " last").split(" ")) {
            boolean again;
            try {
                SaveResult row = zuora.create(new ZObject[] {payment})[0];
                if (row.getSuccess()) return row.getId();
                String code = row.getErrors(0).getCode().getValue();
                trouble = code + ": " + row.getErrors(0).getMessage();
                again = code.equals(UNKNOWN) || LATER.contains(code)
                    || row.getErrors(0).getMessage().startsWith("OUTCOME UNKNOWN");
            } catch (ApiFault fault) {
                String code = fault.getFaultCode1().getValue();
                trouble = code + ": " + fault.getFaultMessage();
                if (code.equals("INVALID_SESSION")) logIn();
                again = code.equals(UNKNOWN) || code.equals("INVALID_SESSION") || LATER.contains(code);
            } catch (RemoteException lost) {
                // No answer, or a 504: it may have been paid. The repeat joins the first call and does not pay again.
                trouble = lost.toString();
                again = true;
            }
            if (!again) throw new Refused(trouble);
            System.err.println("not known yet (" + trouble + ")");
            if (!pause.equals("last")) Thread.sleep((long) (Double.parseDouble(pause) * 1000));
        }
        throw new Unknown(trouble);
    }

    static Payment payment(String account, String method, String day, String document, String sum) throws Exception {
        Payment payment = new Payment();
        payment.setAccountId(account);
        payment.setAmount(new BigDecimal(sum));
        payment.setAppliedInvoiceAmount(new BigDecimal(sum));
        payment.setEffectiveDate(new SimpleDateFormat("yyyy-MM-dd").parse(day));
        payment.setInvoiceId(document); // a debit memo's id just as well
        payment.setPaymentMethodId(method);
        payment.setReferenceId("ERP-" + document); // the ERP's own number of this payment: Zuora can be asked for it
        payment.setStatus("Processed");
        payment.setType("External");
        return payment;
    }

    public static void main(String[] given) throws Exception {
        Pay zuora = new Pay(System.getenv("ZUORA_URL"), System.getenv("ZUORA_USER"), System.getenv("ZUORA_PASSWORD"));
        Payment memo = payment(given[0], given[1], given[2], given[5], given[6]);
        System.out.println("invoice " + zuora.pay(payment(given[0], given[1], given[2], given[3], given[4])));
        System.out.println("memo " + zuora.pay(memo));
        // As if the answer had been lost: the same call again.
        System.out.println("again " + zuora.pay(memo));
    }
}
