<?php
// A legacy caller on PHP's SoapClient that pays on order: a JSON line in, the Id of the payment or a problem out.
// Makes no second attempt by itself: whoever orders repeats. Must not know what the right answers are.

const API = 'http://api.zuora.com/';
const OBJECT = 'http://object.api.zuora.com/';

$client = new SoapClient($argv[1], ['cache_wsdl' => WSDL_CACHE_NONE, 'features' => SOAP_SINGLE_ELEMENT_ARRAYS]);
while (($line = fgets(STDIN)) !== false) {
    $order = json_decode($line, true);
    try {
        $client->__setLocation($order['url']);
        $client->__setSoapHeaders([new SoapHeader(API, 'SessionHeader', ['session' => $order['session']])]);
        $payment = new SoapVar((object) $order['fields'], SOAP_ENC_OBJECT, 'Payment', OBJECT);
        $row = $client->create(['zObjects' => [$payment]])->result[0];
        $told = $row->Success ? ['id' => $row->Id] : ['problem' => $row->Errors[0]->Code, 'text' => $row->Errors[0]->Message];
    } catch (Exception $trouble) {
        $told = ['problem' => get_class($trouble), 'text' => $trouble->getMessage()];
    }
    echo json_encode($told), "\n";
    flush();
}
