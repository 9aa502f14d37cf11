CREATE TABLE warnings (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  guild_id text NOT NULL,
  discord_id text NOT NULL,
  reason text NOT NULL,
  FOREIGN KEY (guild_id, discord_id) REFERENCES members ON DELETE CASCADE
);

CREATE VIEW warned AS
SELECT m.guild_id, m.discord_id, m.standing, count(*) AS warnings
FROM members m JOIN warnings USING (guild_id, discord_id)
GROUP BY m.guild_id, m.discord_id;
