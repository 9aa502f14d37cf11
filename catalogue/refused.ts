/** Objects of the schema that no statement can make, and properties that a copy does not have. */
import { shownName } from './names.js';
import { notOfExtension, type Scope } from './scope.js';
import type { Note, Refusal } from './statement.js';

/** What a sandbox's role may not make, or what is not the schema's own. */
export const refusedObjectsOf = ({ tx, namespace }: Scope): Promise<Refusal[]> => tx<Refusal[]>`
  SELECT kind, name, reason FROM (
    SELECT 'foreign table' AS kind, relname::text AS name, 'its rows are on another server' AS reason
      FROM pg_class WHERE relnamespace = ${namespace} AND relkind = 'f'
    UNION ALL
    SELECT 'base type', typname, 'only a superuser may create a base type'
      FROM pg_type t WHERE typnamespace = ${namespace} AND typtype IN ('b', 'p') AND typrelid = 0
        AND NOT EXISTS (SELECT FROM pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid) AND ${notOfExtension(tx, 'pg_type', 't.oid')}
    UNION ALL
    SELECT 'range', typname, 'it has a CANONICAL function, which only a superuser may create'
      FROM pg_range JOIN pg_type t ON t.oid = rngtypid WHERE typnamespace = ${namespace} AND rngcanonical <> 0
        AND ${notOfExtension(tx, 'pg_type', 't.oid')}
    UNION ALL
    SELECT 'operator class', opcname, 'only a superuser may create an operator class'
      FROM pg_opclass o WHERE opcnamespace = ${namespace} AND ${notOfExtension(tx, 'pg_opclass', 'o.oid')}
    UNION ALL
    SELECT 'operator family', opfname, 'only a superuser may create an operator family'
      FROM pg_opfamily o WHERE opfnamespace = ${namespace} AND ${notOfExtension(tx, 'pg_opfamily', 'o.oid')}
        AND NOT EXISTS (SELECT FROM pg_opclass WHERE opcfamily = o.oid AND opcname = opfname)
    UNION ALL
    SELECT 'conversion', conname, 'conversions are not copied'
      FROM pg_conversion c WHERE connamespace = ${namespace} AND ${notOfExtension(tx, 'pg_conversion', 'c.oid')}
    UNION ALL
    SELECT 'text search configuration', cfgname, 'text search configurations are not copied'
      FROM pg_ts_config c WHERE cfgnamespace = ${namespace} AND ${notOfExtension(tx, 'pg_ts_config', 'c.oid')}
    UNION ALL
    SELECT 'text search dictionary', dictname, 'text search dictionaries are not copied'
      FROM pg_ts_dict d WHERE dictnamespace = ${namespace} AND ${notOfExtension(tx, 'pg_ts_dict', 'd.oid')}
    UNION ALL
    SELECT 'text search parser', prsname, 'only a superuser may create a text search parser'
      FROM pg_ts_parser p WHERE prsnamespace = ${namespace} AND ${notOfExtension(tx, 'pg_ts_parser', 'p.oid')}
    UNION ALL
    SELECT 'text search template', tmplname, 'only a superuser may create a text search template'
      FROM pg_ts_template t WHERE tmplnamespace = ${namespace} AND ${notOfExtension(tx, 'pg_ts_template', 't.oid')}
    UNION ALL
    SELECT 'cast', format('(%s AS %s)', s.typname, t.typname), 'casts are not copied'
      FROM pg_cast c JOIN pg_type s ON s.oid = castsource JOIN pg_type t ON t.oid = casttarget
      WHERE ${namespace}::oid IN (s.typnamespace, t.typnamespace) AND ${notOfExtension(tx, 'pg_cast', 'c.oid')}
        -- The server makes the casts between a range and its multirange.
        AND NOT EXISTS (SELECT FROM pg_range WHERE rngtypid = castsource AND rngmultitypid = casttarget)
    UNION ALL
    SELECT 'event trigger', evtname, format('it calls %s of this schema, and belongs to the database', p.proname)
      FROM pg_event_trigger JOIN pg_proc p ON p.oid = evtfoid WHERE p.pronamespace = ${namespace}
    UNION ALL
    SELECT 'publication', pubname, 'it publishes ' || (
        SELECT string_agg(c.relname, ', ' ORDER BY c.relname COLLATE "C")
        FROM pg_publication_rel JOIN pg_class c ON c.oid = prrelid
        WHERE prpubid = p.oid AND c.relnamespace = ${namespace}) || ', and belongs to the database'
      FROM pg_publication p
      WHERE EXISTS (SELECT FROM pg_publication_rel JOIN pg_class c ON c.oid = prrelid
        WHERE prpubid = p.oid AND c.relnamespace = ${namespace})
    UNION ALL
    SELECT 'publication', pubname, 'it publishes the schema, and belongs to the database'
      FROM pg_publication p JOIN pg_publication_namespace ON pnpubid = p.oid WHERE pnnspid = ${namespace}
    UNION ALL
    SELECT CASE WHEN child.relispartition THEN 'partition' ELSE 'child table' END,
        n.nspname || '.' || child.relname, format('its parent %s is in this schema, and itself it is not', parent.relname)
      FROM pg_inherits JOIN pg_class parent ON parent.oid = inhparent JOIN pg_class child ON child.oid = inhrelid
        JOIN pg_namespace n ON n.oid = child.relnamespace
      WHERE parent.relnamespace = ${namespace} AND child.relnamespace <> ${namespace}
        AND child.relkind IN ('r', 'p', 'f')
  ) refused ORDER BY kind, name COLLATE "C", reason COLLATE "C"`;

interface Grants {
  readonly role: string;
  readonly objects: number;
}

/** Owners and grants are the copy's own. */
export async function grantNotes({ tx, namespace }: Scope): Promise<Note[]> {
  const grants = await tx<Grants[]>`
    SELECT CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee) END AS role,
      count(*)::int AS objects
    FROM (
      SELECT a.grantee, a.grantor FROM pg_class, aclexplode(relacl) a
        WHERE relnamespace = ${namespace} AND a.grantee <> relowner AND ${notOfExtension(tx, 'pg_class', 'pg_class.oid')}
      UNION ALL
      SELECT a.grantee, a.grantor FROM pg_proc, aclexplode(proacl) a
        WHERE pronamespace = ${namespace} AND a.grantee NOT IN (proowner, 0) AND ${notOfExtension(tx, 'pg_proc', 'pg_proc.oid')}
      UNION ALL
      SELECT a.grantee, a.grantor FROM pg_type, aclexplode(typacl) a
        WHERE typnamespace = ${namespace} AND a.grantee NOT IN (typowner, 0)
      UNION ALL
      SELECT a.grantee, a.grantor FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid, aclexplode(attacl) a
        WHERE relnamespace = ${namespace} AND a.grantee <> relowner
    ) grants GROUP BY grantee ORDER BY role`;
  return grants.map(({ role, objects }) => ({
    kind: 'grant',
    name: shownName(role),
    text: `${objects} ${objects === 1 ? 'right is' : 'rights are'} not copied`,
  }));
}
