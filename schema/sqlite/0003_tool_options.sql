-- What a tool's administrator has asked for besides the columns, as name and value in netstrings; empty values are left
-- out.
ALTER TABLE tool ADD COLUMN more_options TEXT NOT NULL DEFAULT '';
