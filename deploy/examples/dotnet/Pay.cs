// Pay an invoice and a debit memo through the bridge, with .NET's ASMX proxies (wsdl /namespace:Zuora):
//   Pay.exe ACCOUNT METHOD DAY INVOICE SUM MEMO SUM
// ZUORA_URL is the bridge's address in place of Zuora's: http://bridge/apps/services/a/107.0
using System;
using System.Globalization;
using System.Linq;
using System.Net;
using System.Threading;
using System.Web.Services.Protocols;
using Zuora;

/// <summary>Nothing was paid; the message says why.</summary>
class Refused : Exception { public Refused(string why) : base(why) { } }

/// <summary>Nobody knows yet. Keep the payment open, repeat it unchanged later, never pay it in another way.</summary>
class Unknown : Exception { public Unknown(string why) : base(why) { } }

class Payer
{
    const string UnknownCode = "TRANSACTION_TIMEOUT";
    static readonly string[] Later = { "TEMPORARY_ERROR", "SERVER_UNAVAILABLE", "REQUEST_EXCEEDED_RATE" };

    readonly ZuoraService zuora;
    readonly string user, password;

    public Payer(string url, string user, string password)
    {
        // Longer than the bridge lets a caller wait (50 s): whoever hangs up earlier only has to ask again.
        zuora = new ZuoraService { Url = url, Timeout = 120000 };
        this.user = user;
        this.password = password;
        LogIn();
    }

    // A new session, used at the address that the answer tells: the bridge's own.
    void LogIn()
    {
        zuora.SessionHeaderValue = null;
        LoginResult told = zuora.login(user, password, null, null);
        zuora.Url = told.ServerUrl;
        zuora.SessionHeaderValue = new SessionHeader { session = told.Session };
    }

    // The Id of the payment. The fields are those of one act: whoever changes one pays something else.
    public string Pay(Payment payment)
    {
        string[] pauses = (Environment.GetEnvironmentVariable("REPEAT_PAUSES") ?? "1 10 60 300").Split(' ');
        string trouble = "";
        foreach (string pause in pauses.Concat(new string[] { null }))
        {
            bool again;
            try
            {
                SaveResult row = zuora.create(new zObject[] { payment })[0];
                if (row.Success) return row.Id;
                string code = row.Errors[0].Code.ToString();
                trouble = code + ": " + row.Errors[0].Message;
                again = code == UnknownCode || Later.Contains(code) || row.Errors[0].Message.StartsWith("OUTCOME UNKNOWN");
            }
            catch (SoapException fault)
            {
                string code = fault.Code.Name;
                trouble = code + ": " + fault.Message;
                if (code == "INVALID_SESSION") LogIn();
                again = code == UnknownCode || code == "INVALID_SESSION" || Later.Contains(code);
            }
            catch (Exception lost) when (lost is WebException || lost is InvalidOperationException)
            {
                // No answer, or a 504: it may have been paid. The repeat joins the first call and does not pay again.
                trouble = lost.Message;
                again = true;
            }
            if (!again) throw new Refused(trouble);
            Console.Error.WriteLine("not known yet (" + trouble + ")");
            if (pause != null) Thread.Sleep(TimeSpan.FromSeconds(double.Parse(pause, CultureInfo.InvariantCulture)));
        }
        throw new Unknown(trouble);
    }

    static void Main(string[] given)
    {
        Func<string, string> env = Environment.GetEnvironmentVariable;
        var zuora = new Payer(env("ZUORA_URL"), env("ZUORA_USER"), env("ZUORA_PASSWORD"));
        Func<string, string, Payment> payment = (document, sum) => new Payment
        {
            AccountId = given[0],
            Amount = decimal.Parse(sum, CultureInfo.InvariantCulture),
            AmountSpecified = true,
            AppliedInvoiceAmount = decimal.Parse(sum, CultureInfo.InvariantCulture),
            AppliedInvoiceAmountSpecified = true,
            EffectiveDate = DateTime.ParseExact(given[2], "yyyy-MM-dd", CultureInfo.InvariantCulture),
            EffectiveDateSpecified = true,
            InvoiceId = document, // a debit memo's id just as well
            PaymentMethodId = given[1],
            ReferenceId = "ERP-" + document, // the ERP's own number of this payment: Zuora can be asked for it
            Status = "Processed",
            Type = "External",
        };
        Console.WriteLine("invoice " + zuora.Pay(payment(given[3], given[4])));
        Console.WriteLine("memo " + zuora.Pay(payment(given[5], given[6])));
        // As if the answer had been lost: the same call again.
        Console.WriteLine("again " + zuora.Pay(payment(given[5], given[6])));
    }
}
