<?php
// A web request of an LMS on PostgreSQL, in php-fpm: captures what was committed under the operation that the query
// names, and answers how that went and how long each step took, as JSON. Sends nothing: standing_worker.php does.
//
// The web server's environment: PTB_PLUGIN, PTB_HEADER, PTB_STORE. The query: operation=ID&tool=PROGRAM
declare(strict_types=1);

require __DIR__ . '/ptbridge.php';

/** Milliseconds that the work takes. */
function timed(callable $work): float {
    $start = hrtime(true);
    $work();
    return (hrtime(true) - $start) / 1e6;
}

['operation' => $operation, 'tool' => $tool] = $_GET;
$told = ['operation' => $operation];
$ptb = null;
try {
    $told['load'] = timed(function () use (&$ptb) {
        $ptb = new Ptbridge($_SERVER['PTB_PLUGIN'], $_SERVER['PTB_HEADER']);
    });
    $settings = fn($vendor, $program, $course, $item): iterable => [[1, 'quiz_level', "hard in $course"]];
    // No high_water: several processes capture, and one that had read its number a moment earlier would look like an LMS
    // that was put back. The worker alone gives it.
    $told['open'] = timed(fn() => $ptb->open($_SERVER['PTB_STORE'], $settings, fn() => null, fn() => null,
                                             $ptb->constant('PTB_CAPTURE_ONLY')));
    $told['capture'] = timed(function () use ($ptb, $operation, $tool, &$told) {
        $course = ['type' => 'exact', 'course_id' => "_{$operation}_1", 'backup_id' => '_9_1'];
        [[$answer, $told['id'], $told['reason']]] = $ptb->capture([
            ['operation' => $operation, 'vendor' => 'acme', 'program' => $tool, 'kind' => 'course-imported',
             'course_id' => "_{$operation}_1", 'arguments' => $course],
        ]);
        $told['answer'] = $answer === $ptb->constant('PTB_NEW') ? 'new' : 'duplicate';
    });
    $told['close'] = timed(fn() => $ptb->close());
} catch (PtbridgeFailure | FFI\Exception $problem) {
    $told['problem'] = $problem->getMessage();
    try {
        $ptb?->close();
    } catch (PtbridgeFailure) { // the first problem is the one to tell
    }
}
header('Content-Type: application/json');
echo json_encode($told), "\n";
