<?php
// Pay an invoice and a debit memo through the bridge, with SoapClient:
//   php pay.php ACCOUNT METHOD DAY INVOICE SUM MEMO SUM
// ZUORA_URL is the bridge's address in place of Zuora's: http://bridge/apps/services/a/107.0
declare(strict_types=1);

const API = 'http://api.zuora.com/';
const OBJECT = 'http://object.api.zuora.com/';
const UNKNOWN = 'TRANSACTION_TIMEOUT';
const LATER = ['TEMPORARY_ERROR', 'SERVER_UNAVAILABLE', 'REQUEST_EXCEEDED_RATE'];

/** Nothing was paid; the message says why. */
class Refused extends Exception {}
/** Nobody knows yet. Keep the payment open, repeat it unchanged later, and never pay it in another way. */
class Unknown extends Exception {}

class Zuora
{
    private SoapClient $client;

    public function __construct(private string $url, private string $user, private string $password)
    {
        // Longer than the bridge lets a caller wait (50 s): whoever hangs up earlier only has to ask again.
        ini_set('default_socket_timeout', '120');
        $this->client = new SoapClient("$url?wsdl", ['features' => SOAP_SINGLE_ELEMENT_ARRAYS]);
        $this->logIn();
    }

    /** A new session, used at the address that the answer tells: the bridge's own. */
    private function logIn(): void
    {
        $this->client->__setSoapHeaders(null);
        $told = $this->client->login(['username' => $this->user, 'password' => $this->password])->result;
        $this->client->__setLocation($told->ServerUrl);
        $this->client->__setSoapHeaders([new SoapHeader(API, 'SessionHeader', ['session' => $told->Session])]);
    }

    /** The Id of the payment. The fields are those of one act: whoever changes one pays something else. */
    public function pay(array $fields): string
    {
        $pauses = explode(' ', getenv('REPEAT_PAUSES') ?: '1 10 60 300');
        foreach ([...$pauses, null] as $pause) {
            try {
                $payment = new SoapVar((object) $fields, SOAP_ENC_OBJECT, 'Payment', OBJECT);
                $row = $this->client->create(['zObjects' => [$payment]])->result[0];
                if ($row->Success) {
                    return $row->Id;
                }
                $error = $row->Errors[0];
                $trouble = "$error->Code: $error->Message";
                $again = in_array($error->Code, [UNKNOWN, ...LATER], true)
                    || str_starts_with($error->Message, 'OUTCOME UNKNOWN');
            } catch (SoapFault $fault) {
                $code = substr(strrchr(":$fault->faultcode", ':'), 1);
                $trouble = "$code: $fault->faultstring";
                if ($code === 'INVALID_SESSION') {
                    $this->logIn();
                }
                // HTTP and Client are SoapClient's own: no answer, a 504, or none that it can read. It may have been
                // paid. The repeat joins the first call and does not pay again.
                $again = in_array($code, ['HTTP', 'Client', UNKNOWN, 'INVALID_SESSION', ...LATER], true);
            }
            if (!$again) {
                throw new Refused($trouble);
            }
            fwrite(STDERR, "not known yet ($trouble)\n");
            if ($pause !== null) {
                usleep((int) ($pause * 1e6));
            }
        }
        throw new Unknown($trouble);
    }
}

[, $account, $method, $day, $invoice, $invoiceSum, $memo, $memoSum] = $argv;
$zuora = new Zuora(getenv('ZUORA_URL'), getenv('ZUORA_USER'), getenv('ZUORA_PASSWORD'));
$payment = fn (string $document, string $sum) => [
    'AccountId' => $account,
    'Amount' => $sum,
    'AppliedInvoiceAmount' => $sum,
    'EffectiveDate' => $day,
    'InvoiceId' => $document, // a debit memo's id just as well
    'PaymentMethodId' => $method,
    'ReferenceId' => "ERP-$document", // the ERP's own number of this payment: Zuora can be asked for it
    'Status' => 'Processed',
    'Type' => 'External',
];
printf("invoice %s\n", $zuora->pay($payment($invoice, $invoiceSum)));
printf("memo %s\n", $zuora->pay($payment($memo, $memoSum)));
// As if the answer had been lost: the same call again.
printf("again %s\n", $zuora->pay($payment($memo, $memoSum)));
