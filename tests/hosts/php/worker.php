<?php
// The process that sends what short-lived processes have captured (capture.php): one turn. It opens the store, which
// also creates or migrates it, pumps until nothing is under way, closes. A supervisor starts it again, each second or
// so: between two turns the store is free for whoever captures.
//
// php -d ffi.enable=1 worker.php PLUGIN STORE DESCRIPTOR SECRET HEADER
declare(strict_types=1);

require __DIR__ . '/ptbridge.php';
require __DIR__ . '/lms.php';

if ($argc !== 6) {
    fwrite(STDERR, "usage: worker.php PLUGIN STORE DESCRIPTOR SECRET HEADER\n");
    exit(2);
}
[, $plugin, $path, $descriptor, $secret, $header] = $argv;
$status = 0;
$ptb = null;
try {
    $lms = new Lms($secret);
    $ptb = new Ptbridge($plugin, $header);
    $ptb->open($path, $lms->settings(...), $lms->secret(...), $lms->outcome(...));
    if (json_decode($ptb->report(['report' => 'tools']), true)['tools'] === []) { // the first turn of all
        $ptb->install(['vendor' => 'acme', 'program' => 'quiz', 'guid' => '0123456789abcdef0123456789abcdef',
                       'descriptor' => read_descriptor($descriptor)], $ptb->constant('PTB_TOOL_UNAVAILABLE'),
                      $ptb->constant('PTB_TOOL_ALLOW_HTTP') | $ptb->constant('PTB_TOOL_ALLOW_PRIVATE'));
        $ptb->save('acme', 'quiz', $ptb->constant('PTB_TOOL_AVAILABLE'));
        echo "saved\n";
    }
    while ($ptb->wait(0, 1000) === null); // opening goes on with what can be sent; cut off, that would begin again
} catch (PtbridgeFailure | FFI\Exception $problem) {
    if ($ptb !== null && $problem->getCode() === $ptb->constant('PTB_E_LOCKED')) exit(0); // someone captures: next turn
    fwrite(STDERR, "worker.php: {$problem->getMessage()}\n");
    $status = 1;
} finally {
    $ptb?->close();
}
exit($status);
