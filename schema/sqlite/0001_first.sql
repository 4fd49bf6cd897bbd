-- What must outlive the process: tools, lanes, events, walks. Times are milliseconds since the Unix epoch.
--
-- An event's place is lane * 2^40 + sequence: one b-tree holds all events, lane by lane in capture order, and needs no
-- further index to be read in order. A capture writes the event, its key and, where they are new, its settings; never
-- the lane. Progress is lane.mark: an acknowledged event is not written again, it is delivered once the mark has passed.

CREATE TABLE meta (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  bridge BLOB NOT NULL CHECK (length(bridge) = 16),
  generation TEXT NOT NULL DEFAULT '',
  high_water INTEGER NOT NULL DEFAULT 0 -- 64 bits without a sign, kept as the signed number of the same bits
) STRICT;

CREATE TABLE tool (
  locator TEXT PRIMARY KEY CHECK (locator GLOB '?*/?*'),
  guid TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('available', 'inactive', 'unavailable')),
  descriptor TEXT NOT NULL,
  strict_mode INTEGER NOT NULL CHECK (strict_mode IN (0, 1)),
  allow_http INTEGER NOT NULL CHECK (allow_http IN (0, 1)),
  allow_private INTEGER NOT NULL CHECK (allow_private IN (0, 1)),
  allow_downgrade INTEGER NOT NULL CHECK (allow_downgrade IN (0, 1)),
  wire TEXT NOT NULL,
  ca_file TEXT NOT NULL,
  timeout_ms INTEGER NOT NULL CHECK (timeout_ms >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE lane (
  id INTEGER PRIMARY KEY CHECK (id BETWEEN 1 AND 8388607),
  key TEXT NOT NULL UNIQUE CHECK (key GLOB '?*/?*'),   -- the locator under which its events are captured
  tool TEXT NOT NULL CHECK (tool GLOB '?*/?*'),        -- the locator of whom they are delivered to
  mark INTEGER NOT NULL DEFAULT 0 CHECK (mark >= 0),   -- every event at or before it is settled
  reached INTEGER NOT NULL DEFAULT 0 CHECK (reached >= 0), -- highest sequence sent by walks that did not move the mark
  released INTEGER NOT NULL CHECK (released IN (0, 1)),
  hold TEXT NOT NULL DEFAULT 'none' CHECK (hold IN ('none', 'held', 'suspended')),
  hold_reason TEXT NOT NULL DEFAULT '' CHECK (hold <> 'none' OR hold_reason = ''),
  stopping_sequence INTEGER NOT NULL DEFAULT 0 CHECK (stopping_sequence >= 0),
  stopping_count INTEGER NOT NULL DEFAULT 0 CHECK (stopping_count >= 0),
  CHECK ((stopping_sequence = 0) = (stopping_count = 0))
) STRICT;

-- One row a walk: written when it begins, completed when it ends (ended_at = 0: under way, or cut off by a crash).
CREATE TABLE walk (
  lane INTEGER NOT NULL REFERENCES lane (id),
  ordinal INTEGER NOT NULL CHECK (ordinal >= 1),
  first INTEGER NOT NULL CHECK (first >= 1),
  last INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL DEFAULT 0,
  reached INTEGER NOT NULL DEFAULT 0 CHECK (reached BETWEEN 0 AND last),
  completed INTEGER NOT NULL DEFAULT 0 CHECK (completed IN (0, 1)),
  stopped_by INTEGER NOT NULL DEFAULT 0 CHECK (stopped_by BETWEEN 0 AND last),
  error TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (lane, ordinal),
  CHECK (last >= first),
  CHECK (completed = 0 OR (ended_at <> 0 AND stopped_by = 0))
) STRICT, WITHOUT ROWID;
CREATE INDEX walk_stopped ON walk (lane, ordinal) WHERE completed = 0 AND ended_at <> 0;

-- Tool settings as they were at capture, once per distinct content.
CREATE TABLE snapshot (
  id INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32), -- SHA-256 of content
  content TEXT NOT NULL CHECK (content <> '')
) STRICT;

-- Which stretches of 1024 places hold events with a snapshot: what a snapshot needs to be found unused, at the price of
-- one row a stretch instead of one an event.
CREATE TABLE snapshot_use (
  snapshot INTEGER NOT NULL REFERENCES snapshot (id),
  stretch INTEGER NOT NULL, -- place / 1024
  PRIMARY KEY (snapshot, stretch)
) STRICT, WITHOUT ROWID;

-- event.snapshot is no declared foreign key: without an index of its own, which each capture would have to write, removing
-- a snapshot would read every event. snapshot_use, which is one, stands in for it.
CREATE TABLE event (
  place INTEGER PRIMARY KEY CHECK (place >> 40 >= 1 AND place & 0xFFFFFFFFFF >= 1),
  event_id BLOB NOT NULL CHECK (length(event_id) = 16),
  state INTEGER NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 4), -- pending, delivered, refused, parked, discarded
  waits INTEGER NOT NULL, -- 0: never queued after a failure
  kind TEXT NOT NULL CHECK (kind IN ('course-copied', 'course-imported', 'group-copied', 'group-imported',
    'content-copied', 'content-imported', 'content-deleted', 'course-exported', 'content-exported', 'group-exported',
    'course-deleted')),
  captured_as TEXT NOT NULL CHECK (captured_as IN ('first_attempt', 'not_installed', 'not_available', 'not_responding',
    'behind_backlog', 'delayed', 'held', 'suspended', 'maintenance', 'queued_for_pull')),
  walks_before INTEGER NOT NULL CHECK (walks_before >= 0),
  snapshot INTEGER,
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
  CHECK (waits = (kind NOT IN ('course-exported', 'content-exported', 'group-exported', 'course-deleted'))),
  CHECK ((state = 0) = (settled_at = 0)),
  CHECK (state <> 0 OR (reason = '' AND answer = '')),
  CHECK (state <> 4 OR reason <> '')
) STRICT;
CREATE INDEX event_exception ON event (state, place) WHERE state <> 0;
CREATE INDEX event_never_waits ON event (place) WHERE waits = 0;

-- Every event ever captured, until its key has grown too old: a repeated capture finds the first one here.
CREATE TABLE event_key (
  event_id BLOB PRIMARY KEY CHECK (length(event_id) = 16),
  place INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Keys whose event is gone, in the order in which they will go.
CREATE TABLE spent_key (
  place INTEGER PRIMARY KEY,
  event_id BLOB NOT NULL CHECK (length(event_id) = 16),
  captured_at INTEGER NOT NULL
) STRICT;

CREATE TRIGGER lane_mark_only_rises BEFORE UPDATE OF mark ON lane WHEN new.mark < old.mark
BEGIN
  SELECT RAISE(ABORT, 'the mark of a lane only rises');
END;

CREATE TRIGGER event_still_needed BEFORE DELETE ON event
WHEN old.state = 3 OR (old.place & 0xFFFFFFFFFF) > (SELECT mark FROM lane WHERE id = old.place >> 40)
BEGIN
  SELECT RAISE(ABORT, 'a waiting or parked event is never removed');
END;
