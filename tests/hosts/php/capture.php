<?php
// A short-lived process, such as a web request: captures what the LMS has just committed, and sends nothing. A worker
// (worker.php) pumps. The settings are those of this moment, which is why the request captures and not the worker.
//
// php -d ffi.enable=1 capture.php PLUGIN STORE SECRET HEADER OPERATION
declare(strict_types=1);

require __DIR__ . '/ptbridge.php';
require __DIR__ . '/lms.php';

/** A SQLite store is open in one process at a time, so processes take turns. Each holds it for as short as it can. */
function open_in_turn(Ptbridge $ptb, string $path, Lms $lms, int $patienceMs): void {
    $only = $ptb->constant('PTB_CAPTURE_ONLY');
    for ($waited = 0;; $waited += 20) {
        try {
            $ptb->open($path, $lms->settings(...), $lms->secret(...), $lms->outcome(...), $only);
            return;
        } catch (PtbridgeFailure $failure) {
            if ($failure->getCode() !== $ptb->constant('PTB_E_LOCKED') || $waited >= $patienceMs) throw $failure;
        }
        usleep(20000);
    }
}

if ($argc !== 6) {
    fwrite(STDERR, "usage: capture.php PLUGIN STORE SECRET HEADER OPERATION\n");
    exit(2);
}
[, $plugin, $path, $secret, $header, $operation] = $argv;
$status = 0;
$ptb = null;
try {
    $ptb = new Ptbridge($plugin, $header);
    open_in_turn($ptb, $path, new Lms($secret), 5000);
    foreach ($ptb->capture(restored_course($operation)) as [$answer, , $reason])
        echo "$operation: ", $answer === $ptb->constant('PTB_NEW') ? 'new' : 'not new', " $reason\n";
    // Here the LMS notes in its own row of the operation that it has been captured.
} catch (PtbridgeFailure | FFI\Exception $problem) {
    // The row stays without that note: whoever comes next captures the operation again. Nothing is lost, and what was
    // captured after all is answered as a duplicate.
    fwrite(STDERR, "capture.php: {$problem->getMessage()}\n");
    $status = 1;
} finally {
    $ptb?->close();
}
exit($status);
