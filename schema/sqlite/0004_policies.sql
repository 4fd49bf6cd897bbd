-- Delivery policies: lanes that a policy splits, failures counted event by event, values that delays wait for, pulling,
-- and what people did.

ALTER TABLE event ADD COLUMN not_before INTEGER NOT NULL DEFAULT 0; -- the host wants it to go out no earlier

-- Why nothing is sent to the tool until it is saved; '': it is.
ALTER TABLE tool ADD COLUMN suspended TEXT NOT NULL DEFAULT '';

-- By locator, since it also holds for what waits before the tool is installed.
CREATE TABLE policy (
  locator TEXT PRIMARY KEY CHECK (locator GLOB '?*/?*'),
  document TEXT NOT NULL CHECK (document <> '') -- XML
) STRICT, WITHOUT ROWID;

-- Several lanes a locator: those of one split are told apart by their keys, those of several by their epochs, and the
-- lanes of a lower epoch drain first.
ALTER TABLE lane ADD COLUMN split TEXT NOT NULL DEFAULT '' CHECK (
  split IN ('', 'course', 'none') OR split GLOB 'group*'); -- group:WHICH, so that other groups are another split
ALTER TABLE lane ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0 CHECK (epoch >= 0);
ALTER TABLE lane ADD COLUMN queued INTEGER NOT NULL DEFAULT 0 CHECK (queued = 0 OR hold = 'suspended'); -- 1: for pullers
ALTER TABLE lane ADD COLUMN condition_since INTEGER NOT NULL DEFAULT 0; -- its tool came into its condition then

-- An event that belongs to two courses stands in the lane of one: it goes after the events of the other lane up to
-- `after`, and before those behind that.
CREATE TABLE crossing (
  place INTEGER PRIMARY KEY,
  lane INTEGER NOT NULL REFERENCES lane (id),
  after INTEGER NOT NULL CHECK (after >= 0)
) STRICT;
CREATE INDEX crossing_lane ON crossing (lane, after);

-- How far a walk has moved the mark; of a completed one: to its end.
ALTER TABLE walk ADD COLUMN settled INTEGER NOT NULL DEFAULT 0 CHECK (settled BETWEEN 0 AND last);
UPDATE walk SET settled = last WHERE completed = 1;
DROP INDEX walk_stopped;
CREATE INDEX walk_stopped ON walk (lane, ordinal) WHERE settled = 0 AND ended_at <> 0;

-- Attempts that stopped a walk, as long as their event waits or is parked: the first and the last few.
CREATE TABLE failure (
  place INTEGER NOT NULL,
  number INTEGER NOT NULL CHECK (number >= 1),
  at INTEGER NOT NULL,
  error TEXT NOT NULL,
  PRIMARY KEY (place, number)
) STRICT, WITHOUT ROWID;

-- Values that the host has said are known: a setting at a scope, or the tool's own id of an item.
CREATE TABLE known (
  locator TEXT NOT NULL CHECK (locator GLOB '?*/?*'),
  what TEXT NOT NULL CHECK (what IN ('setting:system', 'setting:course', 'setting:content', 'item')),
  whose TEXT NOT NULL, -- id of the course or the item; '' at system scope
  key TEXT NOT NULL,   -- of a setting; '' for an item
  value TEXT NOT NULL,
  known_at INTEGER NOT NULL,
  PRIMARY KEY (locator, what, whose, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE lease (
  place INTEGER PRIMARY KEY,
  token TEXT NOT NULL CHECK (length(token) = 32),
  until INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
  number INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  who TEXT NOT NULL,
  what TEXT NOT NULL,
  target TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;

-- Tools of which the host was told that too much waits, and not yet that it is over.
CREATE TABLE watch (
  locator TEXT PRIMARY KEY CHECK (locator GLOB '?*/?*')
) STRICT, WITHOUT ROWID;
