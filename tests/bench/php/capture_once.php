<?php
// A web request as the benchmark plays it, again and again in one process, as php-fpm does: opens the store, captures
// one event, closes. Prints the milliseconds of each turn as JSON.
//
// php -d ffi.enable=1 capture_once.php BINDING PLUGIN HEADER STORE TURNS
declare(strict_types=1);

[, $binding, $plugin, $header, $store, $turns] = $argv;
require $binding;

$settings = static function (string $vendor, string $program, string $course, string $item): iterable {
    for ($i = 0; $i < 23; ++$i)
        yield [$i < 4 ? 0 : ($i < 9 ? 1 : 2), sprintf('custom_link_property_%02d', $i), "Unit $i of the course"];
    yield [2, 'custom_resource_id', $item];
};
$milliseconds = [];
$ptb = new Ptbridge($plugin, $header);
for ($turn = 0; $turn < (int)$turns; ++$turn) {
    $item = sprintf('_%d%05d_1', getmypid(), $turn);
    $event = ['operation' => "copy-$item", 'vendor' => 'bench', 'program' => 'tool-0', 'kind' => 'content-imported',
        'course_id' => '_1_1', 'content_id' => $item, 'arguments' => ['content_id' => $item, 'course_id' => '_1_1']];
    $start = hrtime(true);
    $ptb->open($store, $settings, fn() => null, fn() => null, $ptb->constant('PTB_CAPTURE_ONLY'));
    [[$answer]] = $ptb->capture([$event]);
    $ptb->close();
    $milliseconds[] = (hrtime(true) - $start) / 1e6;
    if ($answer !== $ptb->constant('PTB_NEW')) {
        fwrite(STDERR, "capture_once.php: the event is not new\n");
        exit(1);
    }
}
echo json_encode($milliseconds), "\n";
