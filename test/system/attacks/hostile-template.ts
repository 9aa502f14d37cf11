/**
 * A template whose text attacks: while a worker makes it, while a sandbox begins with it, and by
 * its functions afterwards. It has the tables of `arrakis`, which the positive controls use.
 */
import type { SqlFile } from '../../../domain/template.js';
import { POSTGRES_ATTACKS } from './postgres.js';
import { POSTGRES_SERVER_ATTACKS } from './postgres-server.js';

/** In `loot`, which a refresh fills: proof that the attacks ran. */
export const RAN = 'ran';

/** Asks for its definer's rights. Its definer would be whoever copies it. */
const RUN = `CREATE FUNCTION run(command text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
  BEGIN EXECUTE command; END $$;`;

/** Named as ours, for a reader or a copier that has the schema on its search_path. */
const NAMED_LIKE_OURS = `
  CREATE FUNCTION provision_sandbox(id text, verifier text) RETURNS jsonb LANGUAGE sql SECURITY DEFINER
    AS 'SELECT run(''ALTER ROLE '' || current_user || '' SUPERUSER''); SELECT NULL::jsonb';
  CREATE FUNCTION finish_sandbox_template(id text, attempt integer, verifier text) RETURNS void LANGUAGE sql SECURITY DEFINER
    AS 'SELECT run(''ALTER ROLE '' || current_user || '' SUPERUSER'')';
  CREATE FUNCTION quote_ident(name) RETURNS text LANGUAGE sql
    AS 'SELECT run(''ALTER ROLE '' || current_user || '' SUPERUSER''); SELECT ''public''';
  CREATE VIEW pg_class AS SELECT quote_ident('x'::name);
  CREATE VIEW sandboxes AS SELECT quote_ident('x'::name);`;

/** Hung on the sandbox's own tables, which the controls use. */
const ON_ROWS = `
  CREATE FUNCTION on_row() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
      BEGIN EXECUTE 'SET ROLE bd_control'; EXCEPTION WHEN insufficient_privilege THEN NULL; END;
      RETURN NEW;
    END $$;
  CREATE TRIGGER t BEFORE INSERT ON communities FOR EACH ROW EXECUTE FUNCTION on_row();
  CREATE POLICY p ON badges USING (run('SET ROLE bd_control') IS NULL);
  ALTER TABLE badges ENABLE ROW LEVEL SECURITY;
  ALTER TABLE badges FORCE ROW LEVEL SECURITY;`;

/**
 * @param arrakis the text of the built-in template
 * @param victimId a live sandbox, which the template attacks by name
 */
export const hostileFiles = (arrakis: string, victimId: string): readonly SqlFile[] => [
  { name: '1-tables.sql', sql: arrakis },
  { name: '2-hostile.sql', sql: `${RUN} ${NAMED_LIKE_OURS} ${ON_ROWS} ${lootOf(victimId)}` },
];

/** Tries every attack while the view is filled, and keeps those that succeeded. */
function lootOf(victimId: string): string {
  const attacks = [...POSTGRES_ATTACKS, ...POSTGRES_SERVER_ATTACKS].map(([, attack]) => attack);
  const list = attacks.map((attack) => quoted(attack.replaceAll('{b}', victimId))).join(', ');
  return `CREATE FUNCTION attack_all() RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER AS $$
    DECLARE attack text;
    BEGIN
      FOREACH attack IN ARRAY ARRAY[${list}] LOOP
        BEGIN
          EXECUTE replace(attack, '{a}', substr(session_user, 9));
          RETURN NEXT attack;
        EXCEPTION WHEN OTHERS THEN NULL;
        END;
      END LOOP;
      RETURN NEXT '${RAN}';
    END $$;
    CREATE MATERIALIZED VIEW loot AS SELECT attack_all() AS attack;`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
