<?php
// What these programs have of a real LMS: the tables that the callbacks read. They come on PHP's own thread, inside
// open, capture, run_once, wait and close.
declare(strict_types=1);

final class Lms {
    public int $toolState = 0;

    public function __construct(private string $secret, public string $quizLevel = 'hard') {}

    /** Every setting of the tool that holds for the system, the course and the item: [scope, key, value]. */
    public function settings(string $vendor, string $program, string $course, string $item): iterable {
        if ([$vendor, $program] !== ['acme', 'quiz']) return; // no settings: fine
        yield [0, 'quiz_site', 'Université']; // PTB_SCOPE_SYSTEM
        if ($course === '_5_1') yield [1, 'quiz_level', $this->quizLevel]; // PTB_SCOPE_COURSE
    }

    public function secret(string $vendor, string $program): ?string {
        return [$vendor, $program] === ['acme', 'quiz'] ? $this->secret : null;
    }

    public function outcome(string $kind, string $state): void {
        echo "outcome: $kind $state\n";
    }
}

function read_descriptor(string $path): string {
    $document = @file_get_contents($path);
    if ($document === false) throw new PtbridgeFailure("cannot read the registration document $path");
    return $document;
}

/** What the LMS has committed under that id, and now captures. It can be repeated after a crash. */
function restored_course(string $operation): array {
    $of = ['operation' => $operation, 'vendor' => 'acme', 'program' => 'quiz', 'course_id' => '_5_1'];
    return [
        $of + ['kind' => 'course-imported',
               'arguments' => ['type' => 'exact', 'course_id' => '_5_1', 'backup_id' => '_9_1']],
        $of + ['kind' => 'content-imported', 'content_id' => '_77_1',
               'arguments' => ['type' => 'exact', 'content_id' => '_77_1', 'course_id' => '_5_1',
                               'backup_id' => '_70_1'],
               'context' => ['content_handle' => 'resource/x-acme-quiz']],
    ];
}
