// A legacy caller on .NET's generated proxies: the scenario of tests/clients/README.md, one JSON document a step.
// Reads name=value arguments; must not know what the right answers are. Proxies: wsdl -namespace:Zuora.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Reflection;
using System.Text;
using System.Web.Script.Serialization;
using System.Web.Services.Protocols;
using System.Xml;
using Zuora;

static class Client
{
    static readonly string[] Wanted =
        { "Id", "Amount", "Comment", "CreatedDate", "EffectiveDate", "PaymentNumber", "ReferenceId", "Status" };

    static Dictionary<string, string> given;
    static DateTime day;
    static ZuoraService zuora;

    static void Main(string[] args)
    {
        Console.SetOut(new System.IO.StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { AutoFlush = true });
        given = args.Select(each => each.Split(new[] { '=' }, 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        day = DateTime.SpecifyKind(DateTime.ParseExact(given["day"], "yyyy-MM-dd", CultureInfo.InvariantCulture), DateTimeKind.Local);
        zuora = new ZuoraService { Url = given["endpoint"] };
        if (given["soap"] == "1.2") zuora.SoapVersion = SoapProtocolVersion.Soap12;

        LoginResult login = Login();
        Tell("login", new { session = login.Session, server_url = login.ServerUrl });
        zuora.Url = login.ServerUrl;
        zuora.SessionHeaderValue = new SessionHeader { session = login.Session };

        Payment split = Pay(12.50m);
        split.Comment = given["comment"];
        split.InvoicePaymentData = new[] { new InvoicePayment { Amount = 12.50m, AmountSpecified = true, InvoiceId = given["invoice"] } };
        Payment memo = Pay(7.25m, given["memo"]);
        memo.Comment = given["comment"];
        SaveResult[] paid = zuora.create(new zObject[] { split, memo });
        Tell("pay", Saved(paid));
        Tell("refund", Saved(zuora.create(new zObject[] { Refund(paid[0].Id, 2.5m), Refund(given["credit"], 3m) })));
        Tell("query", Page(zuora.query("select " + string.Join(", ", Wanted) + " from Payment where Id = '" + paid[0].Id + "'")));

        zuora.QueryOptionsValue = new QueryOptions { batchSize = 2, batchSizeSpecified = true };
        var pages = new List<QueryResult> { zuora.query("select Id, Amount from Payment where AccountId = '" + given["account"] + "'") };
        while (!pages.Last().done) pages.Add(zuora.queryMore(pages.Last().queryLocator));
        Tell("page", new { pages = pages.Select(Page).ToArray() });
        zuora.QueryOptionsValue = null;
        Tell("empty", Page(zuora.query("select Id from Payment where ReferenceId = 'there is none'")));

        Tell("row_error", Saved(zuora.create(new zObject[] { Pay(40m, given["draft"]) })));
        Tell("delete", new
        {
            rows = zuora.delete("Payment", new[] { paid[0].Id })
                .Select(each => new { success = each.success, id = each.id, errors = Errors(each.errors) }).ToArray()
        });
        Fault("malformed", () => zuora.query("BADQ"));
        zuora.SessionHeaderValue = new SessionHeader { session = "expired" };
        Fault("bad_session", () => zuora.create(new zObject[] { Pay(1m, given["memo"]) }));
    }

    // Files of tenants with several entities have two more arguments, which may stay null.
    static LoginResult Login()
    {
        MethodInfo login = typeof(ZuoraService).GetMethod("login");
        var arguments = new object[login.GetParameters().Length];
        arguments[0] = given["user"];
        arguments[1] = given["password"];
        return (LoginResult)login.Invoke(zuora, arguments);
    }

    static Payment Pay(decimal amount, string document = null)
    {
        return new Payment
        {
            AccountId = given["account"],
            Amount = amount,
            AmountSpecified = true,
            AppliedInvoiceAmount = amount,
            AppliedInvoiceAmountSpecified = document != null,
            EffectiveDate = day,
            EffectiveDateSpecified = true,
            InvoiceId = document,
            PaymentMethodId = given["method"],
            Status = "Processed",
            Type = "External",
        };
    }

    static Refund Refund(string of, decimal amount)
    {
        return new Refund
        {
            Amount = amount,
            AmountSpecified = true,
            MethodType = "Check",
            PaymentId = of,
            RefundDate = day,
            RefundDateSpecified = true,
            Type = "External",
        };
    }

    static object Saved(SaveResult[] results)
    {
        return new
        {
            rows = results.Select(each => new { success = each.Success, id = each.Id, errors = Errors(each.Errors) }).ToArray()
        };
    }

    static object Errors(Error[] errors)
    {
        return (errors ?? new Error[0])
            .Select(each => new { code = each.Code.ToString(), message = each.Message, field = each.Field }).ToArray();
    }

    static object Page(QueryResult result)
    {
        return new
        {
            result.done,
            result.size,
            locator = result.queryLocator,
            records = (result.records ?? new zObject[0]).Select(Row).ToArray()
        };
    }

    static Dictionary<string, object> Row(zObject row)
    {
        var told = new Dictionary<string, object> { { "type", row == null ? "null" : row.GetType().Name } };
        foreach (string name in Wanted) told[name] = row == null ? null : Text(row.GetType().GetProperty(name).GetValue(row), name);
        return told;
    }

    static string Text(object value, string name)
    {
        if (value is DateTime && name == "EffectiveDate" && given["dates"] == "date") return ((DateTime)value).ToString("yyyy-MM-dd");
        if (value is DateTime) return ((DateTime)value).ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'");
        return value == null ? null : Convert.ToString(value, CultureInfo.InvariantCulture);
    }

    static void Fault(string step, Action call)
    {
        try
        {
            call();
            Tell(step, new { answered = true });
        }
        catch (SoapException caught)
        {
            // A SOAP 1.2 fault carries an application's code below the Code; proxies show it as SubCode.
            XmlQualifiedName code = caught.SubCode == null ? caught.Code : caught.SubCode.Code;
            XmlNode detail = caught.Detail.ChildNodes.OfType<XmlElement>().Single();
            Tell(step, new
            {
                code = "{" + code.Namespace + "}" + code.Name,
                message = caught.Message,
                kind = detail.LocalName,
                detail_code = Leaf(detail, "FaultCode"),
                detail_message = Leaf(detail, "FaultMessage")
            });
        }
    }

    static string Leaf(XmlNode detail, string name)
    {
        return detail.ChildNodes.OfType<XmlElement>().Single(each => each.LocalName == name).InnerText;
    }

    static void Tell(string step, object told)
    {
        var document = new Dictionary<string, object> { { "step", step } };
        foreach (PropertyInfo each in told.GetType().GetProperties()) document[each.Name] = each.GetValue(told);
        Console.WriteLine(new JavaScriptSerializer().Serialize(document));
    }
}
