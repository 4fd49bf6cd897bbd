// The tables of the small LMS.
#pragma once

namespace host {

inline constexpr int kLmsSchemaVersion = 4;
inline constexpr int kLmsApplicationId = 0x7074624c;  // "ptbL"

/// Version 1, from an empty file.
inline constexpr const char* kLmsSchema = R"sql(
CREATE TABLE life (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  generation TEXT NOT NULL,
  next_number INTEGER NOT NULL
) STRICT;
CREATE TABLE course (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL
) STRICT;
CREATE TABLE item (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  course_id TEXT NOT NULL REFERENCES course (id) ON DELETE CASCADE,
  vendor TEXT NOT NULL,
  program TEXT NOT NULL,
  title TEXT NOT NULL,
  external_id TEXT NOT NULL
) STRICT;
CREATE INDEX item_by_course ON item (course_id, number);
CREATE INDEX item_by_tool ON item (vendor, program);
CREATE TABLE tool (
  vendor TEXT NOT NULL,
  program TEXT NOT NULL,
  guid TEXT NOT NULL,
  name TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('available', 'inactive', 'unavailable')),
  descriptor TEXT NOT NULL,
  base_urls TEXT NOT NULL,
  strict INTEGER NOT NULL,
  allow_http INTEGER NOT NULL,
  allow_private INTEGER NOT NULL,
  allow_downgrade INTEGER NOT NULL,
  wire TEXT NOT NULL,
  ca_file TEXT NOT NULL,
  told INTEGER NOT NULL,
  PRIMARY KEY (vendor, program)
) STRICT;
CREATE TABLE secret (
  vendor TEXT NOT NULL,
  program TEXT NOT NULL,
  secret TEXT NOT NULL CHECK (secret <> ''),
  PRIMARY KEY (vendor, program)
) STRICT;
CREATE TABLE claim (
  vendor TEXT NOT NULL,
  program TEXT NOT NULL,
  to_vendor TEXT NOT NULL,
  to_program TEXT NOT NULL,
  PRIMARY KEY (vendor, program)
) STRICT;
CREATE TABLE setting (
  vendor TEXT NOT NULL,
  program TEXT NOT NULL,
  scope TEXT NOT NULL CHECK (scope IN ('system', 'course', 'content')),
  owner TEXT NOT NULL CHECK ((owner = '') = (scope = 'system')),
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (scope, owner, vendor, program, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE operation (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  title TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  captured INTEGER NOT NULL DEFAULT 0 CHECK (captured IN (0, 1)),
  problem TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX operation_unfinished ON operation (id) WHERE captured = 0;
CREATE TABLE operation_event (
  operation INTEGER NOT NULL REFERENCES operation (id) ON DELETE CASCADE,
  place INTEGER NOT NULL,
  event TEXT NOT NULL,
  PRIMARY KEY (operation, place)
) STRICT, WITHOUT ROWID;
)sql";

/// From version 1 to version 2.
inline constexpr const char* kLmsSchema2 = R"sql(
ALTER TABLE item ADD COLUMN handle TEXT NOT NULL DEFAULT '';
ALTER TABLE item ADD COLUMN launch_url TEXT NOT NULL DEFAULT '';
ALTER TABLE tool ADD COLUMN allow_cidrs TEXT NOT NULL DEFAULT '';
ALTER TABLE tool ADD COLUMN client_cert_file TEXT NOT NULL DEFAULT '';
ALTER TABLE tool ADD COLUMN client_key_file TEXT NOT NULL DEFAULT '';
ALTER TABLE tool ADD COLUMN endpoint TEXT NOT NULL DEFAULT '';
ALTER TABLE tool ADD COLUMN lti_client_id TEXT NOT NULL DEFAULT '';
ALTER TABLE tool ADD COLUMN lti_deployment_id TEXT NOT NULL DEFAULT '';
ALTER TABLE tool ADD COLUMN max_batch INTEGER NOT NULL DEFAULT 0;
CREATE TABLE course_group (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  course_id TEXT NOT NULL REFERENCES course (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  UNIQUE (course_id, name)
) STRICT;
CREATE TABLE lti_key (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  pem TEXT NOT NULL
) STRICT;
CREATE TABLE notice_handler (
  vendor TEXT NOT NULL,
  program TEXT NOT NULL,
  notice_type TEXT NOT NULL,
  handler TEXT NOT NULL CHECK (handler <> ''),
  max_batch INTEGER NOT NULL,
  PRIMARY KEY (vendor, program, notice_type)
) STRICT;
)sql";

/// From version 2 to version 3.
inline constexpr const char* kLmsSchema3 = R"sql(
ALTER TABLE operation ADD COLUMN not_before_ms INTEGER NOT NULL DEFAULT 0;
)sql";

/// From version 3 to version 4.
inline constexpr const char* kLmsSchema4 = R"sql(
CREATE TABLE registration_password (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  hash TEXT NOT NULL CHECK (hash <> '')
) STRICT;
)sql";

}  // namespace host
