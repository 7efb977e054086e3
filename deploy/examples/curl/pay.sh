#!/bin/sh
# Pay an invoice and a debit memo through the bridge, with curl: pay.sh ACCOUNT METHOD DAY INVOICE SUM MEMO SUM
# ZUORA_URL is the bridge's address in place of Zuora's: http://bridge/apps/services/a/107.0
# Exit 1: refused, nothing was paid. Exit 3: nobody knows yet; keep the payment open and repeat it unchanged later.
# Ids, amounts and days need no escaping in XML; a comment would.
set -eu

account=$1 method=$2 day=$3 invoice=$4 invoice_sum=$5 memo=$6 memo_sum=$7
url=$ZUORA_URL
session=
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

# Sends stdin; prints the HTTP status, 000 where no answer came. The answer is left in $answer.
# 120 s is longer than the bridge lets a caller wait (50 s): whoever hangs up earlier only has to ask again.
send() {
    : >"$answer"
    curl --silent --max-time 120 --output "$answer" --write-out '%{http_code}' \
        --header 'Content-Type: text/xml; charset=utf-8' --header 'SOAPAction: ""' --data-binary @- "$url" || true
}

# The text of the first element of this name in the answer.
text() { sed -n "s/.*<[a-z0-9]*:\{0,1\}$1>\([^<]*\)<.*/\1/p" "$answer" | head -n 1; }

envelope() {
    cat <<XML
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ns1="http://api.zuora.com/"
 xmlns:ns2="http://object.api.zuora.com/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<soapenv:Header>$1</soapenv:Header><soapenv:Body>$2</soapenv:Body></soapenv:Envelope>
XML
}

# A new session, used at the address that the answer tells: the bridge's own. The password is on no command line.
log_in() {
    status=$(envelope '' "<ns1:login><ns1:username>$ZUORA_USER</ns1:username>\
<ns1:password>$ZUORA_PASSWORD</ns1:password></ns1:login>" | send)
    [ "$status" = 200 ] || { echo "the login was answered $status: $(text faultstring)" >&2; exit 1; }
    session=$(text Session)
    url=$(text ServerUrl)
}

# Prints the Id of the payment. The same document and sum are the same act: the body is the same, byte for byte.
# InvoiceId takes a debit memo's id just as well. ReferenceId is the ERP's own number of the payment.
pay() {
    for pause in ${REPEAT_PAUSES:-1 10 60 300} last; do
        status=$(envelope "<ns1:SessionHeader><ns1:session>$session</ns1:session></ns1:SessionHeader>" \
            "<ns1:create><ns1:zObjects xsi:type=\"ns2:Payment\"><ns2:AccountId>$account</ns2:AccountId>\
<ns2:Amount>$2</ns2:Amount><ns2:AppliedInvoiceAmount>$2</ns2:AppliedInvoiceAmount>\
<ns2:EffectiveDate>$day</ns2:EffectiveDate><ns2:InvoiceId>$1</ns2:InvoiceId>\
<ns2:PaymentMethodId>$method</ns2:PaymentMethodId><ns2:ReferenceId>ERP-$1</ns2:ReferenceId>\
<ns2:Status>Processed</ns2:Status><ns2:Type>External</ns2:Type></ns1:zObjects></ns1:create>" | send)
        if [ "$(text Success)" = true ]; then
            text Id
            return
        fi
        code=$(text Code)
        code=${code:-$(text FaultCode)}
        message=$(text Message)
        message=${message:-$(text FaultMessage)}
        case "$code $message" in
            # The repeat joins the first call and does not pay again.
            'TRANSACTION_TIMEOUT '* | *' OUTCOME UNKNOWN'*) ;;
            # Nothing was sent; later it may be.
            'TEMPORARY_ERROR '* | 'SERVER_UNAVAILABLE '* | 'REQUEST_EXCEEDED_RATE '*) ;;
            'INVALID_SESSION '*) log_in ;;
            # No answer, or a 504 without one: it may have been paid.
            ' ') ;;
            *) echo "refused, nothing was paid: $code: $message" >&2; exit 1 ;;
        esac
        echo "not known yet (HTTP $status $code $message)" >&2
        [ "$pause" = last ] || sleep "$pause"
    done
    exit 3
}

log_in
id=$(pay "$invoice" "$invoice_sum")
echo "invoice $id"
id=$(pay "$memo" "$memo_sum")
echo "memo $id"
# As if the answer had been lost: the same call again.
id=$(pay "$memo" "$memo_sum")
echo "again $id"
