<?php
// A legacy caller on PHP's SoapClient: the scenario of tests/clients/README.md, one JSON document a step.
// Reads name=value arguments; must not know what the right answers are.

class Payment
{
}

const API = 'http://api.zuora.com/';
const OBJECT = 'http://object.api.zuora.com/';
const WANTED = ['Id', 'Amount', 'Comment', 'CreatedDate', 'EffectiveDate', 'PaymentNumber', 'ReferenceId', 'Status'];

foreach (array_slice($argv, 1) as $each) {
    [$name, $value] = explode('=', $each, 2);
    $given[$name] = $value;
}
$client = new SoapClient($given['wsdl'], [
    'cache_wsdl' => WSDL_CACHE_NONE,
    'classmap' => ['Payment' => 'Payment'],
    'features' => SOAP_SINGLE_ELEMENT_ARRAYS,
    'soap_version' => $given['soap'] === '1.2' ? SOAP_1_2 : SOAP_1_1,
]);
$day = $given['dates'] === 'date' ? $given['day'] : date('c', strtotime($given['day']));

function tell(string $step, array $told): void
{
    echo json_encode(['step' => $step] + $told, JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR), "\n";
}

function session(string $session, int $batch = 0): void
{
    global $client;
    $headers = [new SoapHeader(API, 'SessionHeader', ['session' => $session])];
    if ($batch) {
        $headers[] = new SoapHeader(API, 'QueryOptions', ['batchSize' => $batch]);
    }
    $client->__setSoapHeaders($headers);
}

function object(string $type, array $fields): SoapVar
{
    return new SoapVar((object) $fields, SOAP_ENC_OBJECT, $type, OBJECT);
}

function payment(string $amount, array $fields): SoapVar
{
    global $given, $day;
    return object('Payment', [
        'AccountId' => $given['account'],
        'Amount' => $amount,
        'EffectiveDate' => $day,
        'PaymentMethodId' => $given['method'],
        'Status' => 'Processed',
        'Type' => 'External',
    ] + $fields);
}

function refund(string $of, string $amount): SoapVar
{
    global $day;
    return object('Refund', [
        'Amount' => $amount,
        'MethodType' => 'Check',
        'PaymentId' => $of,
        'RefundDate' => $day,
        'Type' => 'External',
    ]);
}

function saved(object $response, string $errors = 'Errors', string $id = 'Id', string $success = 'Success'): array
{
    $row = fn ($result) => [
        'success' => $result->$success,
        'id' => $result->$id ?? null,
        'errors' => array_map(
            fn ($e) => ['code' => $e->Code, 'message' => $e->Message, 'field' => $e->Field ?? null],
            $result->$errors ?? []
        ),
    ];
    return ['rows' => array_map($row, $response->result)];
}

function page(object $result): array
{
    $row = function ($record) {
        $told = ['type' => $record === null ? 'null' : get_class($record)];
        foreach (WANTED as $name) {
            $told[$name] = $record->$name ?? null;
        }
        return $told;
    };
    return [
        'done' => $result->done,
        'size' => $result->size,
        'locator' => $result->queryLocator,
        'records' => array_map($row, $result->records ?? []),
    ];
}

function fault(string $step, callable $call): void
{
    try {
        tell($step, ['answered' => print_r($call(), true)]);
    } catch (SoapFault $caught) {
        [$kind, $detail] = [array_key_first((array) $caught->detail), current((array) $caught->detail)];
        tell($step, [
            'code' => $caught->faultcode,
            'message' => $caught->faultstring,
            'kind' => $kind,
            'detail_code' => $detail->FaultCode ?? $detail->enc_value->FaultCode,
            'detail_message' => $detail->FaultMessage ?? $detail->enc_value->FaultMessage,
        ]);
    }
}

$login = $client->login(['username' => $given['user'], 'password' => $given['password']])->result;
tell('login', ['session' => $login->Session, 'server_url' => $login->ServerUrl]);
$client->__setLocation($login->ServerUrl);
session($login->Session);

$part = ['Amount' => '12.50', 'InvoiceId' => $given['invoice']];
$paid = $client->create(['zObjects' => [
    payment('12.50', ['Comment' => $given['comment'], 'InvoicePaymentData' => ['InvoicePayment' => [$part]]]),
    payment('7.25', ['AppliedInvoiceAmount' => '7.25', 'Comment' => $given['comment'], 'InvoiceId' => $given['memo']]),
]]);
tell('pay', saved($paid));
$id = $paid->result[0]->Id;
tell('refund', saved($client->create(['zObjects' => [refund($id, '2.5'), refund($given['credit'], '3')]])));
$fields = implode(', ', WANTED);
tell('query', page($client->query(['queryString' => "select $fields from Payment where Id = '$id'"])->result));

session($login->Session, 2);
$zoql = "select Id, Amount from Payment where AccountId = '{$given['account']}'";
$pages = [$client->query(['queryString' => $zoql])->result];
while (!end($pages)->done) {
    $pages[] = $client->queryMore(['queryLocator' => end($pages)->queryLocator])->result;
}
tell('page', ['pages' => array_map('page', $pages)]);
session($login->Session);
$zoql = "select Id from Payment where ReferenceId = 'there is none'";
tell('empty', page($client->query(['queryString' => $zoql])->result));

$draft = payment('40', ['AppliedInvoiceAmount' => '40', 'InvoiceId' => $given['draft']]);
tell('row_error', saved($client->create(['zObjects' => [$draft]])));
tell('delete', saved($client->delete(['type' => 'Payment', 'ids' => [$id]]), 'errors', 'id', 'success'));
fault('malformed', fn () => $client->query(['queryString' => 'BADQ']));
session('expired');
$memo = payment('1', ['AppliedInvoiceAmount' => '1', 'InvoiceId' => $given['memo']]);
fault('bad_session', fn () => $client->create(['zObjects' => [$memo]]));
