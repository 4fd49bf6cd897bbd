<?php
// The one process of an LMS on PostgreSQL that sends what its web requests (request.php) have captured, for as long as
// the LMS runs: installs and saves the tools, then pumps. Nobody tells it of captures but the store. Ends at
// SIGTERM (ext-pcntl).
//
// php -d ffi.enable=1 standing_worker.php PLUGIN STORE SECRET HEADER DESCRIPTOR...
declare(strict_types=1);

require __DIR__ . '/ptbridge.php';

const LOOK_MS = 100; // so soon it notices what others have captured

if ($argc < 6) {
    fwrite(STDERR, "usage: standing_worker.php PLUGIN STORE SECRET HEADER DESCRIPTOR...\n");
    exit(2);
}
[, $plugin, $store, $secret, $header] = $argv;
$status = 0;
$asked_to_end = false;
pcntl_async_signals(true); // PHP handles them between two of its own steps, never inside a call of the plugin
pcntl_signal(SIGTERM, function () use (&$asked_to_end) { $asked_to_end = true; });
$ptb = null;
try {
    $ptb = new Ptbridge($plugin, $header);
    $ptb->open($store, fn() => [], fn() => $secret, fn() => null);
    $known = array_column(json_decode($ptb->report(['report' => 'tools']), true)['tools'], 'tool');
    foreach (array_slice($argv, 5) as $path) {
        $descriptor = file_get_contents($path);
        $program = preg_match('#<tool-info><code>(\w+)</code>#', $descriptor, $found) === 1 ? $found[1] : '';
        if (in_array("acme/$program", $known, true)) continue;
        $ptb->install(['vendor' => 'acme', 'program' => $program, 'guid' => '0123456789abcdef0123456789abcdef',
                       'descriptor' => $descriptor], $ptb->constant('PTB_TOOL_UNAVAILABLE'),
                      $ptb->constant('PTB_TOOL_ALLOW_HTTP') | $ptb->constant('PTB_TOOL_ALLOW_PRIVATE'));
        $ptb->save('acme', $program, $ptb->constant('PTB_TOOL_AVAILABLE'));
    }
    while (!$asked_to_end) usleep(1000 * min($ptb->pump(), LOOK_MS));
    while ($ptb->wait(0, 1000) === null); // what is under way is answered, and not sent again by the next worker
} catch (PtbridgeFailure | FFI\Exception $problem) {
    fwrite(STDERR, "standing_worker.php: {$problem->getMessage()}\n");
    $status = 1;
} finally {
    $ptb?->close();
}
exit($status);
