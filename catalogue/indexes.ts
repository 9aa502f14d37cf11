/** Indexes, their attachment to the index of a partitioned table, and statistics objects. */
import type { Texts } from './deparse.js';
import { quoteIdentifier, shownName } from './names.js';
import type { Relation } from './relations.js';
import { keyOf, notOfExtension, type Scope } from './scope.js';
import type { Note, Piece } from './statement.js';

export interface Index {
  readonly oid: number;
  readonly name: string;
  readonly relation: number;
  /** A constraint makes it (catalogue/constraints.ts). */
  readonly constraint: boolean;
  readonly valid: boolean;
  readonly partitioned: boolean;
  readonly clustered: boolean;
  readonly identity: boolean;
  /** The index of the partitioned table, to which it is attached. */
  readonly parent: string | null;
  /** Numbers of columns and their targets. */
  readonly statistics: readonly (readonly [number, number])[];
}

export interface Statistics {
  readonly oid: number;
  readonly name: string;
  readonly target: number | null;
}

export const indexesOf = ({ tx, namespace, version }: Scope) => tx<Index[]>`
  SELECT i.indexrelid AS oid, c.relname AS name, i.indrelid AS relation,
    EXISTS (SELECT FROM pg_constraint WHERE conrelid = i.indrelid AND conindid = i.indexrelid
      AND contype IN ('p', 'u', 'x')) AS constraint,
    i.indisvalid AS valid, c.relkind = 'I' AS partitioned, i.indisclustered AS clustered,
    i.indisreplident AS identity,
    (SELECT parent.relname FROM pg_inherits JOIN pg_class parent ON parent.oid = inhparent
      WHERE inhrelid = i.indexrelid) AS parent,
    coalesce((SELECT json_agg(json_build_array(attnum, attstattarget) ORDER BY attnum) FROM pg_attribute
      WHERE attrelid = i.indexrelid
        AND ${tx.unsafe(version < 170000 ? 'attstattarget >= 0' : 'attstattarget IS NOT NULL')}), '[]') AS statistics
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  WHERE c.relnamespace = ${namespace} AND ${notOfExtension(tx, 'pg_class', 'i.indrelid')}
  ORDER BY c.relname COLLATE "C"`;

export const statisticsOf = ({ tx, namespace, version }: Scope) => tx<Statistics[]>`
  SELECT oid, stxname AS name,
    ${tx.unsafe(version < 170000 ? 'nullif(stxstattarget, -1)' : 'stxstattarget')} AS target
  FROM pg_statistic_ext s
  WHERE stxnamespace = ${namespace} AND ${notOfExtension(tx, 'pg_statistic_ext', 's.oid')}
  ORDER BY stxname COLLATE "C"`;

export function indexPieces(
  indexes: readonly Index[],
  relations: ReadonlyMap<number, Relation>,
  texts: Texts,
): { pieces: Piece[]; notes: Note[] } {
  const pieces: Piece[] = [];
  const notes: Note[] = [];
  for (const index of indexes) {
    const relation = relations.get(index.relation);
    if (relation === undefined) continue;
    const name = shownName(index.name);
    if (index.valid || index.partitioned) pieces.push(...ofIndex(index, relation, texts));
    else notes.push({ kind: 'index', name, text: 'it is not valid on the source: left out' });
  }
  return { pieces, notes };
}

function ofIndex(index: Index, relation: Relation, texts: Texts): Piece[] {
  const quoted = quoteIdentifier(index.name);
  const common = { name: shownName(index.name) };
  return [
    ...(index.constraint ? [] : [createIndex(index, relation, texts)]),
    ...(index.parent === null
      ? []
      : [
          {
            ...common,
            phase: 'keys' as const,
            rank: 3,
            kind: 'index partition',
            sql: `ALTER INDEX ${quoteIdentifier(index.parent)} ATTACH PARTITION ${quoted}`,
          },
        ]),
    ...index.statistics.map(([column, target]) => ({
      ...common,
      phase: 'keys' as const,
      rank: 2,
      kind: 'index statistics',
      name: `${common.name}.${column}`,
      sql: `ALTER INDEX ${quoted} ALTER COLUMN ${column} SET STATISTICS ${target}`,
    })),
    ...states(index, relation),
  ];
}

/** The server writes ONLY for a partitioned table: each partition has its own statement. */
const createIndex = (index: Index, relation: Relation, texts: Texts): Piece => ({
  phase: 'keys',
  rank: relation.kind === 'p' ? 0 : 1,
  kind: 'index',
  name: shownName(index.name),
  sql: texts.get('index', index.oid),
  key: keyOf('pg_class', index.oid),
  needs: [keyOf('pg_class', relation.oid)],
  comment: `INDEX ${quoteIdentifier(index.name)}`,
});

function states(index: Index, relation: Relation): Piece[] {
  const quoted = quoteIdentifier(index.name);
  const what = relation.kind === 'm' ? 'MATERIALIZED VIEW' : 'TABLE';
  const alter = `ALTER ${what} ${quoteIdentifier(relation.name)}`;
  const name = shownName(relation.name);
  return [
    ...(index.clustered
      ? [{ phase: 'states' as const, kind: 'cluster', name, sql: `${alter} CLUSTER ON ${quoted}` }]
      : []),
    ...(index.identity
      ? [
          {
            phase: 'states' as const,
            kind: 'replica identity',
            name,
            sql: `${alter} REPLICA IDENTITY USING INDEX ${quoted}`,
          },
        ]
      : []),
  ];
}

export const statisticsPieces = (statistics: readonly Statistics[], texts: Texts): Piece[] =>
  statistics.map(({ oid, name, target }) => ({
    phase: 'keys',
    rank: 4,
    kind: 'statistics',
    name: shownName(name),
    sql: texts.get('statistics', oid),
    key: keyOf('pg_statistic_ext', oid),
    comment: `STATISTICS ${quoteIdentifier(name)}`,
    then:
      target === null
        ? []
        : [
            {
              phase: 'keys',
              kind: 'statistics target',
              name: shownName(name),
              sql: `ALTER STATISTICS ${quoteIdentifier(name)} SET STATISTICS ${target}`,
            },
          ],
  }));
