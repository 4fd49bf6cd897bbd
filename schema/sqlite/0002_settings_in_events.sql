-- A capture writes one row: an event carries its settings itself, unless an earlier event near it has the same, and its
-- key stays with it until keys are entered many at a time. Kinds and deferrals are numbers, since SQLite builds a table
-- for every list of texts that a row is checked against.

DROP TRIGGER event_still_needed;

CREATE TABLE event_with_settings (
  place INTEGER PRIMARY KEY CHECK (place >> 40 >= 1 AND place & 0xFFFFFFFFFF >= 1),
  event_id BLOB NOT NULL CHECK (length(event_id) = 16),
  state INTEGER NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 4), -- pending, delivered, refused, parked, discarded
  waits INTEGER NOT NULL CHECK (waits IN (0, 1)), -- 0: never queued after a failure
  kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 99), -- course-copied, course-imported, group-copied, group-imported,
    -- content-copied, content-imported, content-deleted, course-exported, content-exported, group-exported,
    -- course-deleted
  captured_as INTEGER NOT NULL CHECK (captured_as BETWEEN 0 AND 99), -- first_attempt, not_installed, not_available,
    -- not_responding, behind_backlog, delayed, held, suspended, maintenance, queued_for_pull
  walks_before INTEGER NOT NULL CHECK (walks_before >= 0),
  snapshot INTEGER CHECK (snapshot <= place), -- the place of the event that holds the settings; NULL: there were none
  occurred_at INTEGER NOT NULL,
  captured_at INTEGER NOT NULL,
  settled_at INTEGER NOT NULL DEFAULT 0,
  walks INTEGER NOT NULL DEFAULT 0 CHECK (walks >= 0), -- that had included it when it was settled by itself
  operation TEXT NOT NULL,
  course_id TEXT NOT NULL,
  content_id TEXT NOT NULL,
  reason TEXT NOT NULL DEFAULT '',
  answer TEXT NOT NULL DEFAULT '',
  context TEXT NOT NULL,
  arguments TEXT NOT NULL,
  settings TEXT NOT NULL, -- at capture; '' where another event holds them
  CHECK (kind > 11 OR waits = (kind < 8)),
  CHECK ((state = 0) = (settled_at = 0)),
  CHECK (state <> 0 OR (reason = '' AND answer = '')),
  CHECK (state <> 4 OR reason <> ''),
  CHECK ((snapshot IS place) = (settings <> ''))
) STRICT;

INSERT INTO event_with_settings (place, event_id, state, waits, kind, captured_as, walks_before, snapshot, occurred_at,
  captured_at, settled_at, walks, operation, course_id, content_id, reason, answer, context, arguments, settings)
SELECT place, event_id, state, waits, kinds.number, deferrals.number, walks_before, holder, occurred_at, captured_at,
  settled_at, walks, operation, course_id, content_id, reason, answer, context, arguments,
  CASE WHEN holder = place THEN (SELECT content FROM snapshot WHERE id = event.snapshot) ELSE '' END
-- Event by event in the order of places: only numbers are kept aside, however large the backlog.
FROM event
CROSS JOIN (SELECT place AS of_place, CASE WHEN snapshot IS NOT NULL
  THEN min(place) OVER (PARTITION BY snapshot, place >> 10) END AS holder FROM event) ON of_place = place
CROSS JOIN (SELECT column1 AS number, column2 AS name FROM (VALUES (1, 'course-copied'), (2, 'course-imported'),
  (3, 'group-copied'), (4, 'group-imported'), (5, 'content-copied'), (6, 'content-imported'), (7, 'content-deleted'),
  (8, 'course-exported'), (9, 'content-exported'), (10, 'group-exported'), (11, 'course-deleted'))) AS kinds
  ON kinds.name = kind
CROSS JOIN (SELECT column1 AS number, column2 AS name FROM (VALUES (0, 'first_attempt'), (1, 'not_installed'),
  (2, 'not_available'), (3, 'not_responding'), (4, 'behind_backlog'), (5, 'delayed'), (6, 'held'), (7, 'suspended'),
  (8, 'maintenance'), (9, 'queued_for_pull'))) AS deferrals
  ON deferrals.name = captured_as
ORDER BY place;

DROP TABLE event;
DROP TABLE snapshot_use;
DROP TABLE snapshot;
ALTER TABLE event_with_settings RENAME TO event;

CREATE INDEX event_exception ON event (state, place) WHERE state <> 0;
CREATE INDEX event_never_waits ON event (place) WHERE waits = 0;
CREATE INDEX event_sharing ON event (snapshot) WHERE settings = '' AND snapshot IS NOT NULL;

-- Events up to this sequence have their keys in event_key; the few behind it are read when the store is opened.
ALTER TABLE lane ADD COLUMN keyed INTEGER NOT NULL DEFAULT 0 CHECK (keyed >= 0);
UPDATE lane SET keyed = max(mark, coalesce(
  (SELECT max(place) & 0xFFFFFFFFFF FROM event WHERE place BETWEEN lane.id << 40 AND lane.id << 40 | 0xFFFFFFFFFF), 0));

CREATE TRIGGER event_still_needed BEFORE DELETE ON event
WHEN old.state = 3 OR (old.place & 0xFFFFFFFFFF) > (SELECT min(mark, keyed) FROM lane WHERE id = old.place >> 40)
BEGIN
  SELECT RAISE(ABORT, 'a waiting or parked event, or one without its key, is never removed');
END;

CREATE TRIGGER event_settings_needed BEFORE DELETE ON event
WHEN old.settings <> '' AND EXISTS (
  SELECT 1 FROM event WHERE settings = '' AND snapshot IS NOT NULL AND snapshot = old.place)
BEGIN
  SELECT RAISE(ABORT, 'an event whose settings others share is never removed before them');
END;
