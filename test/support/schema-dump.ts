/**
 * Writes the state of a migrated database as text, from its catalogue, for `sql/current.sql`. Not
 * with `pg_dump`: the local stack does not have it, and its output differs between versions.
 */
import type { Sql } from '../../platform/postgres.js';

interface Row {
  /** The object as GRANT names it: `TABLE public.sandboxes`. Empty for an object without grants. */
  readonly what: string;
  readonly text: string;
}

const HEADER = `-- The database as \`bd migrate\` leaves it, at one look. Nothing applies this file.
-- \`npm run schema\` writes it from the catalogue; test/system/store/current-schema.test.ts compares it.
-- bd_keeper_N stands for each of the keepers bd_keeper_0 to bd_keeper_f, DB for the database.`;

/** The same schema gives the same text. Database, administrator and sandboxes do not matter. */
export async function dumpSchema(sql: Sql): Promise<string> {
  const grants = new Map<string, string[]>();
  for (const { what, text } of await grantsOf(sql))
    grants.set(what, [...(grants.get(what) ?? []), text]);
  const sections = [
    ['Roles', await roles(sql)],
    ['Settings of the services in this database', await settings(sql)],
    ['Database, schemas and types', await spaces(sql)],
    ['Tables', await tables(sql)],
    ['Functions', await functions(sql)],
  ] as const;
  const parts = sections.map(([title, rows]) => {
    const blocks = rows.map(({ what, text }) => [text, ...(grants.get(what) ?? [])].join('\n'));
    return `-- ${title}\n\n${onceForAllKeepers(blocks).join('\n\n')}\n`;
  });
  return `${HEADER}\n\n${parts.join('\n')}`;
}

/** Shows sixteen equal copies of a function once. A copy that differs is shown separately. */
function onceForAllKeepers(blocks: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const block of blocks) {
    const text = block.replace(/bd_keeper_[0-9a-f]\b/g, 'bd_keeper_N');
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return [...counts].map(([text, count]) => (count === 1 ? text : `-- ${count} times\n${text}`));
}

const ours = (sql: Sql, name: string) =>
  sql.unsafe(`${name} ~ '^bd_(control|worker|router|client|api|keeper_[0-9a-f])$'`);

/** Omits an administrator as owner: the name differs between servers. */
const owner = (sql: Sql, what: string, role: string) =>
  sql.unsafe(
    `CASE WHEN ${role}::regrole::text ~ '^bd_' THEN format('ALTER %s OWNER TO %s;', ${what}, ${role}::regrole) END`,
  );

const roles = (sql: Sql) => sql<Row[]>`
  WITH ours AS (SELECT * FROM pg_roles WHERE ${ours(sql, 'rolname')})
  SELECT '' AS what, text FROM (
    SELECT 1 AS part, rolname::text AS name, concat_ws(' ', 'CREATE ROLE', rolname,
        CASE WHEN rolcanlogin THEN 'LOGIN' ELSE 'NOLOGIN' END, CASE WHEN rolsuper THEN 'SUPERUSER' END,
        CASE WHEN rolcreaterole THEN 'CREATEROLE' END, CASE WHEN rolcreatedb THEN 'CREATEDB' END,
        CASE WHEN NOT rolinherit THEN 'NOINHERIT' END, CASE WHEN rolreplication THEN 'REPLICATION' END,
        CASE WHEN rolbypassrls THEN 'BYPASSRLS' END,
        CASE WHEN rolconnlimit >= 0 THEN 'CONNECTION LIMIT ' || rolconnlimit END) || ';' AS text
      FROM ours
    UNION ALL
    SELECT 2, member.rolname, format('GRANT %s TO %s%s;', granted.rolname, member.rolname,
        CASE WHEN m.admin_option THEN ' WITH ADMIN OPTION' ELSE '' END)
      FROM pg_auth_members m JOIN ours granted ON granted.oid = m.roleid JOIN ours member ON member.oid = m.member
    UNION ALL
    SELECT 3, ours.rolname, format('GRANT %s ON PARAMETER %s TO %s;', a.privilege_type, p.parname, ours.rolname)
      FROM pg_parameter_acl p CROSS JOIN aclexplode(p.paracl) a JOIN ours ON ours.oid = a.grantee
  ) lines ORDER BY part, name COLLATE "C", text COLLATE "C"`;

const settings = (sql: Sql) => sql<Row[]>`
  SELECT '' AS what, format(E'ALTER ROLE %s%s SET\n  %s;', string_agg(role, ', ' ORDER BY role COLLATE "C"), place, settings) AS text
  FROM (
    SELECT r.rolname::text AS role, CASE WHEN s.setdatabase = 0 THEN '' ELSE ' IN DATABASE DB' END AS place,
      -- Postgres 15 and 16 do not know transaction_timeout.
      (SELECT string_agg(c, E',\n  ' ORDER BY c COLLATE "C") FROM unnest(s.setconfig) c
        WHERE c <> 'transaction_timeout=0') AS settings
    FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole
    WHERE ${ours(sql, 'r.rolname')}
      AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
  ) each_role GROUP BY place, settings ORDER BY place, settings`;

const spaces = (sql: Sql) => sql<Row[]>`
  SELECT what, text FROM (
    SELECT 1 AS part, 'DATABASE DB' AS what, '-- DATABASE DB' AS text
    UNION ALL
    SELECT 2, 'SCHEMA ' || nspname, format('CREATE SCHEMA %s%s;', nspname,
        CASE WHEN nspname = 'public' THEN '' ELSE ' AUTHORIZATION ' || nspowner::regrole END)
      FROM pg_namespace WHERE nspname ~ '^(public$|bd_)'
    UNION ALL
    SELECT 3, 'TYPE ' || t.oid::regtype, format('CREATE TYPE %s AS ENUM (%s);', t.oid::regtype,
        (SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid))
      FROM pg_type t WHERE t.typnamespace::regnamespace::text ~ '^(public$|bd_)' AND t.typtype = 'e'
  ) lines ORDER BY part, what COLLATE "C"`;

const tables = (sql: Sql) => sql<Row[]>`
  SELECT 'TABLE ' || c.relname AS what, concat_ws(E'\n',
    format(E'CREATE %sTABLE %s (\n%s\n);', CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END, c.relname,
      concat_ws(E',\n', lines.columns, lines.constraints)),
    ${owner(sql, `'TABLE ' || c.relname`, 'c.relowner')},
    CASE WHEN c.relrowsecurity THEN format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY;', c.relname) END,
    lines.indexes, lines.triggers) AS text
  FROM pg_class c CROSS JOIN LATERAL (SELECT
    (SELECT string_agg(concat_ws(' ', ' ', a.attname, format_type(a.atttypid, a.atttypmod),
          CASE WHEN a.attnotnull THEN 'NOT NULL' END,
          CASE a.attidentity WHEN 'a' THEN 'GENERATED ALWAYS AS IDENTITY' WHEN 'd' THEN 'GENERATED BY DEFAULT AS IDENTITY' END,
          'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid)), E',\n' ORDER BY a.attnum)
        FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
    -- From Postgres 18 NOT NULL is a constraint with a name; the column shows it.
    (SELECT string_agg(format('  CONSTRAINT %s %s', conname, pg_get_constraintdef(oid)), E',\n' ORDER BY conname COLLATE "C")
        FROM pg_constraint WHERE conrelid = c.oid AND contype <> 'n') AS constraints,
    (SELECT string_agg(pg_get_indexdef(indexrelid) || ';', E'\n' ORDER BY indexrelid::regclass::text COLLATE "C")
        FROM pg_index WHERE indrelid = c.oid AND indexrelid NOT IN (SELECT conindid FROM pg_constraint WHERE conrelid = c.oid)
    ) AS indexes,
    (SELECT string_agg(pg_get_triggerdef(oid) || ';', E'\n' ORDER BY tgname COLLATE "C")
        FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal) AS triggers
  ) lines
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relnamespace::regnamespace::text ~ '^(public$|bd_)'
  ORDER BY c.relname COLLATE "C"`;

const functions = (sql: Sql) => sql<Row[]>`
  SELECT kind.prefix || ' ' || identity.text AS what,
    concat_ws(E'\n', rtrim(pg_get_functiondef(p.oid), E'\n') || ';',
      ${owner(sql, `kind.prefix || ' ' || identity.text`, 'p.proowner')}) AS text
  FROM pg_proc p
    CROSS JOIN LATERAL (SELECT CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END AS prefix) kind
    CROSS JOIN LATERAL (SELECT format('%s.%s(%s)', p.pronamespace::regnamespace, p.proname,
      pg_get_function_identity_arguments(p.oid)) AS text) identity
  WHERE p.pronamespace::regnamespace::text ~ '^(public$|bd_)'
  ORDER BY p.proname COLLATE "C", p.pronamespace::regnamespace::text COLLATE "C" DESC, identity.text COLLATE "C"`;

/** Grants to PUBLIC and to the product's roles. */
const grantsOf = (sql: Sql) => sql<Row[]>`
  WITH objects AS (
    SELECT 'DATABASE DB' AS what, datdba AS owner, coalesce(datacl, acldefault('d', datdba)) AS acl
      FROM pg_database WHERE datname = current_database()
    UNION ALL
    SELECT 'SCHEMA ' || nspname, nspowner, coalesce(nspacl, acldefault('n', nspowner)) FROM pg_namespace
    UNION ALL
    SELECT 'TYPE ' || oid::regtype, typowner, coalesce(typacl, acldefault('T', typowner)) FROM pg_type WHERE typtype = 'e'
    UNION ALL
    SELECT 'TABLE ' || relname, relowner, coalesce(relacl, acldefault('r', relowner))
      FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
    UNION ALL
    SELECT format('%s %s.%s(%s)', CASE prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END,
        pronamespace::regnamespace, proname, pg_get_function_identity_arguments(oid)), proowner, coalesce(proacl, acldefault('f', proowner))
      FROM pg_proc WHERE pronamespace::regnamespace::text ~ '^(public$|bd_)'
  )
  SELECT what, format('GRANT %s ON %s TO %s%s;', privileges, what, string_agg(role, ', ' ORDER BY role COLLATE "C"),
      CASE WHEN grantable THEN ' WITH GRANT OPTION' ELSE '' END) AS text
  FROM (
    SELECT what, a.is_grantable AS grantable, string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type) AS privileges,
      CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS role
    FROM objects CROSS JOIN aclexplode(acl) a
    WHERE a.grantee <> owner AND (a.grantee = 0 OR ${ours(sql, 'a.grantee::regrole::text')})
    GROUP BY what, a.grantee, a.is_grantable
  ) each_role
  GROUP BY what, privileges, grantable ORDER BY what COLLATE "C", privileges COLLATE "C", grantable`;
