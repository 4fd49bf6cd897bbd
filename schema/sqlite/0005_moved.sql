-- Where the whole bridge is now, without a password; '': here.
ALTER TABLE meta ADD COLUMN moved_to TEXT NOT NULL DEFAULT '';
