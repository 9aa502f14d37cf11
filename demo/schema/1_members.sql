CREATE TYPE standing AS ENUM ('new', 'regular', 'banned');

CREATE TABLE members (
  guild_id text NOT NULL,
  discord_id text NOT NULL,
  standing standing NOT NULL DEFAULT 'new',
  PRIMARY KEY (guild_id, discord_id)
);
