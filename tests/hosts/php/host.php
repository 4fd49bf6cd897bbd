<?php
// A complete host in PHP, to copy from, with ptbridge.php beside it: loads the plugin, installs a tool, captures what
// happened while the tool is switched off, asks why it waits, saves the tool as available, captures again, pumps,
// closes. docs/hosts.md goes through it.
//
// php -d ffi.enable=1 host.php PLUGIN STORE DESCRIPTOR SECRET HEADER: ptbridge.so, the store's path, the tool's
// registration document, its secret, ptbridge.h.
declare(strict_types=1);

require __DIR__ . '/ptbridge.php';
require __DIR__ . '/lms.php';

/** One restored course with one item of the tool: one array, one commit. */
function restore(Ptbridge $ptb, string $operation): void {
    $words = [$ptb->constant('PTB_NEW') => 'new', $ptb->constant('PTB_DUPLICATE') => 'duplicate',
              $ptb->constant('PTB_IGNORED') => 'ignored'];
    $happened = restored_course($operation);
    $answers = $ptb->capture($happened);
    foreach ($answers as $i => [$answer, $id, $reason])
        echo "$operation: {$happened[$i]['kind']} {$words[$answer]} $reason\n";
    if ($answers[0][0] === $ptb->constant('PTB_NEW'))
        echo 'why: ', $ptb->report(['report' => 'explain', 'id' => $answers[0][1]]), "\n";
}

function story(Ptbridge $ptb, Lms $lms, string $descriptor): void {
    $tool = ['vendor' => 'acme', 'program' => 'quiz', 'guid' => '0123456789abcdef0123456789abcdef',
             'descriptor' => $descriptor];
    $local = $ptb->constant('PTB_TOOL_ALLOW_HTTP') | $ptb->constant('PTB_TOOL_ALLOW_PRIVATE'); // a tool on this machine
    $ptb->install($tool, $ptb->constant('PTB_TOOL_UNAVAILABLE'), $local);
    restore($ptb, 'restore-1');
    $lms->quizLevel = 'easy'; // what waits goes out with the level of its capture all the same
    $result = $ptb->save('acme', 'quiz', $ptb->constant('PTB_TOOL_AVAILABLE'));
    $lms->toolState = $result->tool_state;
    echo "saved: $result->sent sent, $result->acknowledged acknowledged, $result->left left, ",
         "tool_state $lms->toolState\n";
    restore($ptb, 'restore-1'); // a duplicate
    restore($ptb, 'restore-2'); // the tool is up: this goes out as soon as the bridge is lent a thread
    $ptb->pump();
    $ptb->wait(0, 30000); // before a process ends: what is under way is answered, else it would be sent again
    echo 'lanes: ', $ptb->report(['report' => 'lanes']), "\n";
}

if ($argc !== 6) {
    fwrite(STDERR, "usage: host.php PLUGIN STORE DESCRIPTOR SECRET HEADER\n");
    exit(2);
}
[, $plugin, $path, $descriptor, $secret, $header] = $argv;
$status = 0;
$ptb = null;
try {
    $lms = new Lms($secret);
    $ptb = new Ptbridge($plugin, $header);
    $ptb->open($path, $lms->settings(...), $lms->secret(...), $lms->outcome(...));
    story($ptb, $lms, read_descriptor($descriptor));
} catch (PtbridgeFailure | FFI\Exception $problem) {
    fwrite(STDERR, "host.php: {$problem->getMessage()}\n");
    $status = 1;
} finally {
    $ptb?->close(); // also after a failure
}
exit($status);
