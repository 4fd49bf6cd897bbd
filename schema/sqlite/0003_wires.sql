-- What a tool's administrator has asked for besides the columns, as name and value in netstrings; empty values are left
-- out.
ALTER TABLE tool ADD COLUMN more_options TEXT NOT NULL DEFAULT '';

-- The events of one request that was not answered go out together again; from 0: only its end is known.
ALTER TABLE lane ADD COLUMN kept_from INTEGER NOT NULL DEFAULT 0 CHECK (kept_from >= 0);
ALTER TABLE lane ADD COLUMN kept_through INTEGER NOT NULL DEFAULT 0 CHECK (kept_through >= kept_from);

-- The tool asked not to be tried again before; 0: it did not.
ALTER TABLE walk ADD COLUMN not_before INTEGER NOT NULL DEFAULT 0;
