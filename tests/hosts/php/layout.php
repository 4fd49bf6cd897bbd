<?php
// Prints the layout that PHP has read from the header, in the words of layout.sh. Arguments: plugin, header.
declare(strict_types=1);

require __DIR__ . '/ptbridge.php';

$ptb = new Ptbridge($argv[1], $argv[2]);
$text = file_get_contents($argv[2]);
preg_match_all('/^typedef struct (ptb_\w+) \{/m', $text, $structs);
foreach ($structs[1] as $struct) {
    $type = $ptb->ffi()->type($struct);
    echo "$struct {$type->getSize()}\n";
    foreach ($type->getStructFieldNames() as $field)
        echo "$struct.$field {$type->getStructFieldOffset($field)} {$type->getStructFieldType($field)->getSize()}\n";
}
preg_match_all('/^#define (PTB_\w+) \d/m', $text, $constants);
foreach ($constants[1] as $constant) echo "$constant {$ptb->constant($constant)}\n";
