<?php
// A registration client as PHP's own SoapClient makes one from a WSDL: registers a tool, logs in, sets, reads and
// deletes a setting, logs out. Prints what came of each as JSON.
// Arguments: base URL, WSDL of Context.WS (- for the served one), SOAP version, vendor, program, secret, description.
[, $base, $wsdl, $version, $vendor, $program, $secret, $description] = $argv;
const SERVICES = '/webapps/ws/services/';
const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';

function client(string $base, string $service, string $wsdl, string $version): SoapClient
{
    return new SoapClient($wsdl === '-' ? "$base" . SERVICES . "$service?wsdl" : $wsdl, [
        'soap_version' => $version === '1.2' ? SOAP_1_2 : SOAP_1_1,
        // What somebody else's description says of the address is not where this server is.
        'location' => $wsdl === '-' ? null : $base . SERVICES . $service,
        'cache_wsdl' => WSDL_CACHE_NONE,
        'connection_timeout' => 20,
    ]);
}

function as_session(SoapClient $client, string $session): SoapClient
{
    $token = '<wsse:Security xmlns:wsse="' . WSSE . '"><wsse:UsernameToken><wsse:Username>session</wsse:Username>'
        . "<wsse:Password>$session</wsse:Password></wsse:UsernameToken></wsse:Security>";
    $client->__setSoapHeaders([new SoapHeader(WSSE, 'Security', new SoapVar($token, XSD_ANYXML), false)]);
    return $client;
}

ini_set('default_socket_timeout', '60');
$context = client($base, 'Context.WS', $wsdl, $version);
$session = as_session($context, 'nosession')->initialize()->return;
as_session($context, $session);
$registered = $context->registerTool([
    'clientVendorId' => $vendor,
    'clientProgramId' => $program,
    'registrationPassword' => 'none is set',
    'description' => $description,
    'initialSharedSecret' => $secret,
    'requiredToolMethods' => ['Context.WS:loginTool', 'Util.WS:saveSetting'],
])->return;
$out = ['session' => $session, 'registered' => $registered];
$out['login'] = $context->loginTool([
    'password' => $secret,
    'clientVendorId' => $vendor,
    'clientProgramId' => $program,
    'loginExtraInfo' => '',
    'expectedLifeSeconds' => 600,
])->return;
$util = as_session(client($base, 'Util.WS', '-', $version), $session);
$out['initialized'] = $util->initializeUtilWS(['ignore' => true])->return;
$place = ['scope' => 0, 'id' => '', 'key' => 'colour'];
$out['saved'] = $util->saveSetting($place + ['value' => "gr\u{fc}n & <blau>"])->return;
$out['loaded'] = $util->loadSetting($place)->return;
$out['deleted'] = $util->deleteSetting($place)->return;
$out['loaded_again'] = $util->loadSetting($place)->return;
$out['version'] = $context->getServerVersion([])->return->version;
try {
    $context->getMemberships(['userid' => '_1_1']);
} catch (SoapFault $fault) {
    $out['not_offered'] = $fault->getMessage();
}
$out['extended'] = $context->extendSessionLife(['additionalSeconds' => 5])->return;
$out['logout'] = $context->logout()->return;
try {
    $util->loadSetting($place);
} catch (SoapFault $fault) {
    $out['afterwards'] = $fault->getMessage();
}
echo json_encode($out), "\n";
