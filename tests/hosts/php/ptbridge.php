<?php
// ptbridge for PHP: loads the plugin with the real ptbridge.h, and what every call needs. A script that has included
// this file makes one Ptbridge, opens it with its callbacks, and closes it. Needs ext-ffi: on the command line
// `php -d ffi.enable=1`.
declare(strict_types=1);

use FFI\CData;

/** A call failed. The message is one line: what was wrong, where, and what to do; the code is the PTB_E_ status. */
final class PtbridgeFailure extends RuntimeException {}

final class Ptbridge {
    private FFI $ffi;
    private CData $api;
    private ?CData $bridge = null;
    private CData $host; // with the callbacks
    private CData $sinks; // PHP frees the C side of a closure when the script ends, so each is made once
    private string $answer = '';
    /** @var array<string, int> the PTB_ constants of the header */
    private array $constants = [];

    /** Takes the declarations from the header itself, so that no copy can go stale. FFI::cdef has no preprocessor. */
    public function __construct(string $plugin, string $header) {
        $text = @file_get_contents($header);
        if ($text === false) throw new PtbridgeFailure("cannot read $header: name the installed ptbridge.h");
        preg_match_all('/^#define (PTB_\w+) (\d+)u?\b/m', $text, $found);
        $this->constants = array_map('intval', array_combine($found[1], $found[2]));
        $text = preg_replace('/^#ifdef __cplusplus$.*?^#endif$/ms', '', $text);
        $text = preg_replace('/^ *#.*$/m', '', $text);
        $this->ffi = FFI::cdef(str_replace('PTB_EXPORT ', '', $text), realpath($plugin) ?: $plugin);

        $error = $this->make('ptb_error');
        $api = $this->ffi->ptb_entry($this->constant('PTB_ABI_MAJOR'), FFI::addr($error));
        if ($api === null) throw new PtbridgeFailure(FFI::string($error->text), $error->status);
        $this->api = $api[0];
        if ($this->api->abi_minor < $this->constant('PTB_ABI_MINOR')) // its structs and its table are shorter
            throw new PtbridgeFailure("$plugin is older than $header: install both from one release");
        $this->sinks = $this->ffi->new('ptb_text_sink[1]');
        $this->sinks[0] = $this->guarded(fn($context, $json) => $this->answer = self::read($json), null);
    }

    /** A number of the header, such as PTB_E_LOCKED. */
    public function constant(string $name): int {
        return $this->constants[$name];
    }

    /** The FFI scope, for a look at the types. */
    public function ffi(): FFI {
        return $this->ffi;
    }

    /** A zeroed struct of that name which begins with its own size. PHP owns it: it lives as long as the variable. */
    public function make(string $type): CData {
        $struct = $this->ffi->new($type);
        $struct->struct_size = FFI::sizeof($struct);
        return $struct;
    }

    /** A str from a ptb_text: a copy, which outlives the callback. */
    public static function read(CData $text): string {
        return $text->size === 0 ? '' : FFI::string($text->bytes, $text->size);
    }

    /** Fills a ptb_text. What it points to lives as long as $alive, which the caller keeps until the call has returned:
     *  a CData holds no reference to what its pointers point to. The bridge keeps none of them either. */
    public function set(CData $text, string $value, array &$alive): void {
        $size = strlen($value);
        if ($size === 0) return;
        $bytes = $this->ffi->new("char[$size]");
        FFI::memcpy($bytes, $value, $size);
        $alive[] = $bytes;
        $text->bytes = $this->ffi->cast('char*', FFI::addr($bytes));
        $text->size = $size;
    }

    public function text(string $value, array &$alive): CData {
        $text = $this->ffi->new('ptb_text');
        $this->set($text, $value, $alive);
        return $text;
    }

    /** Fills a pointer to ptb_pair and its count. @param array<string, string> $values */
    public function setPairs(CData $struct, string $field, string $count, array $values, array &$alive): void {
        if ($values === []) return;
        $pairs = $this->ffi->new('ptb_pair[' . count($values) . ']');
        $alive[] = $pairs;
        $i = 0;
        foreach ($values as $name => $value) {
            $this->set($pairs[$i]->name, (string)$name, $alive);
            $this->set($pairs[$i++]->value, $value, $alive);
        }
        $struct->$field = $this->ffi->cast('ptb_pair*', FFI::addr($pairs));
        $struct->$count = count($values);
    }

    /** Calls a function of the table with the open bridge. Throws unless it returns PTB_OK. */
    public function call(string $function, mixed ...$arguments): void {
        $error = $this->make('ptb_error');
        $status = ($this->api->$function)($this->bridge, ...[...$arguments, FFI::addr($error)]);
        if ($status !== 0) throw new PtbridgeFailure(FFI::string($error->text), $status);
    }

    /** An exception that leaves a callback ends the script with a fatal error, in the middle of a call. So each
     *  callback is wrapped: it catches all and says itself that it failed. */
    private function guarded(callable $callback, ?int $otherwise): Closure {
        return static function (mixed ...$arguments) use ($callback, $otherwise) {
            try {
                return $callback(...$arguments);
            } catch (Throwable $problem) {
                fwrite(STDERR, "callback: {$problem->getMessage()}\n");
                return $otherwise;
            }
        };
    }

    /** Opens the store, a path of SQLite or postgresql://USER@HOST/DATABASE. PTB_ALLOW_BRIDGE_CALLBACKS is never set:
     *  PHP dies when another thread than its own calls it.
     *  @param callable(string, string, string, string): iterable<array{int, string, string}> $settings vendor, program,
     *      course, item -> [scope, key, value]...
     *  @param callable(string, string): ?string $secret
     *  @param callable(string, string): void $outcome kind, state */
    public function open(string $store, callable $settings, callable $secret, callable $outcome, int $flags = 0): void {
        $failed = $this->constant('PTB_E_HOST');
        $this->host = $this->make('ptb_host');
        $this->host->log = $this->guarded(function ($context, $level, $line) {
            if ($level >= $this->constant('PTB_LOG_WARNING')) fwrite(STDERR, 'bridge: ' . self::read($line) . "\n");
        }, null);
        $this->host->load_settings = $this->guarded(function ($context, $request, $sink, $sinkContext) use ($settings) {
            $asked = [$request->vendor, $request->program, $request->course_id, $request->content_id];
            foreach ($settings(...array_map(self::read(...), $asked)) as [$scope, $key, $value]) {
                $alive = [];
                $status = $sink($sinkContext, $scope, $this->text($key, $alive), $this->text($value, $alive));
                if ($status !== 0) return $status;
            }
            return 0;
        }, $failed);
        $this->host->load_secret = $this->guarded(function ($context, $vendor, $program, $sink, $sinkContext)
            use ($secret) {
            $found = $secret(self::read($vendor), self::read($program));
            if ($found === null) return $this->constant('PTB_E_NOT_FOUND');
            $alive = [];
            $sink($sinkContext, $this->text($found, $alive));
            return 0;
        }, $failed);
        $this->host->outcome = $this->guarded(function ($context, $what) use ($outcome) {
            $outcome(self::read($what->kind), self::read($what->state));
        }, null);

        $alive = [];
        $options = $this->make('ptb_open_options');
        $options->flags = $flags;
        $options->host = FFI::addr($this->host);
        $this->set($options->store, str_contains($store, '://') ? $store : "sqlite:$store", $alive);
        $this->set($options->tcbaseurl, 'http://lms.example:80', $alive);
        $this->set($options->generation, 'first', $alive);
        $bridge = $this->ffi->new('ptb_bridge*');
        $error = $this->make('ptb_error');
        $status = ($this->api->open)(FFI::addr($options), FFI::addr($bridge), FFI::addr($error));
        if ($status !== 0) throw new PtbridgeFailure(FFI::string($error->text), $status);
        $this->bridge = $bridge;
    }

    public function close(): void {
        if ($this->bridge === null) return;
        $this->call('close', 30000);
        $this->bridge = null;
    }

    /** Answers a question, JSON in and JSON out. */
    public function report(array $question): string {
        $alive = [];
        $this->call('report', $this->text(json_encode($question), $alive), $this->sinks[0], null);
        return $this->answer;
    }

    /** Captures events, all or none, each an array with ptb_event's names. Returns [[answer, event id, reason]...]. */
    public function capture(array $happened): array {
        [$alive, $count] = [[], count($happened)];
        $events = $this->ffi->new("ptb_event[$count]");
        $results = $this->ffi->new("ptb_capture_result[$count]");
        $eventPointers = $this->ffi->new("ptb_event*[$count]");
        $resultPointers = $this->ffi->new("ptb_capture_result*[$count]");
        foreach ($happened as $i => $what) {
            $events[$i]->struct_size = FFI::sizeof($events[$i]);
            foreach (['operation', 'vendor', 'program', 'kind', 'course_id', 'content_id'] as $field)
                $this->set($events[$i]->$field, $what[$field] ?? '', $alive);
            $this->setPairs($events[$i], 'arguments', 'argument_count', $what['arguments'], $alive);
            $this->setPairs($events[$i], 'context', 'context_count', $what['context'] ?? [], $alive);
            $results[$i]->struct_size = FFI::sizeof($results[$i]);
            $eventPointers[$i] = FFI::addr($events[$i]);
            $resultPointers[$i] = FFI::addr($results[$i]);
        }
        $this->call('capture', $eventPointers, $count, $resultPointers, null);
        $answers = [];
        for ($i = 0; $i < $count; ++$i)
            $answers[] = [$results[$i]->answer, FFI::string($results[$i]->event_id), FFI::string($results[$i]->reason)];
        return $answers;
    }

    public function install(array $tool, int $state, int $flags): void {
        [$alive, $given] = [[], $this->make('ptb_tool')];
        $given->flags = $flags;
        $given->state = $state;
        foreach ($tool as $field => $value) $this->set($given->$field, $value, $alive);
        $this->call('tool_installed', FFI::addr($given));
    }

    /** The administrator pressed Save. Returns the result; its tool_state is the LMS's to store, and nothing before. */
    public function save(string $vendor, string $program, int $state): CData {
        $alive = [];
        $operation = $this->ffi->new('uint64_t');
        $locator = [$this->text($vendor, $alive), $this->text($program, $alive)];
        $this->call('tool_saved', ...[...$locator, $state, FFI::addr($operation)]);
        do $result = $this->wait($operation->cdata, 1000); // each second: a chance to draw a progress bar
        while ($result === null);
        if ($result->status !== 0) // the tool said no, or a walk stopped: the old state stays, nothing is lost
            throw new PtbridgeFailure(FFI::string($result->text), $result->status);
        return $result;
    }

    /** Waits, pumping. Null: time ran out and it goes on. Operation 0: until nothing is under way. */
    public function wait(int $operation, int $timeoutMs): ?CData {
        $result = $this->make('ptb_operation_result');
        try {
            $this->call('wait', $operation, $timeoutMs, FFI::addr($result));
        } catch (PtbridgeFailure $failure) {
            if ($failure->getCode() === $this->constant('PTB_E_TIMEOUT')) return null;
            throw $failure;
        }
        return $result;
    }

    /** Lends the bridge this thread until nothing is due. Returns in how many milliseconds something will be. */
    public function pump(): int {
        $next = $this->ffi->new('uint32_t');
        do $this->call('run_once', 1000, FFI::addr($next));
        while ($next->cdata === 0);
        return $next->cdata;
    }
}
