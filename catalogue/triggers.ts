/** Triggers, rules and policies, and whether they are enabled. */
import type { Texts } from './deparse.js';
import { quoteIdentifier, shownName } from './names.js';
import type { Relation } from './relations.js';
import { keyOf, type Scope } from './scope.js';
import type { Note, Piece } from './statement.js';

interface Trigger {
  readonly oid: number;
  readonly name: string;
  readonly relation: number;
  /** `O`, `D`, `R`, `A` (pg_trigger.tgenabled) */
  readonly enabled: string;
  /** A partition has it from its parent: it is made with the parent's. */
  readonly derived: boolean;
}

interface Rule {
  readonly oid: number;
  readonly name: string;
  readonly relation: number;
  readonly enabled: string;
}

interface Policy {
  readonly oid: number;
  readonly name: string;
  readonly relation: number;
  readonly permissive: boolean;
  /** `r`, `a`, `w`, `d`, `*` (pg_policy.polcmd) */
  readonly command: string;
  /** 0 is PUBLIC. */
  readonly roles: readonly { oid: number; name: string | null }[];
}

export interface Programs {
  readonly triggers: readonly Trigger[];
  readonly rules: readonly Rule[];
  readonly policies: readonly Policy[];
}

export async function readPrograms({ tx, namespace }: Scope): Promise<Programs> {
  return {
    triggers: await tx<Trigger[]>`
      SELECT t.oid, t.tgname AS name, t.tgrelid AS relation, t.tgenabled AS enabled, t.tgparentid <> 0 AS derived
      FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
      WHERE c.relnamespace = ${namespace} AND NOT t.tgisinternal ORDER BY t.tgname COLLATE "C"`,
    rules: await tx<Rule[]>`
      SELECT r.oid, r.rulename AS name, r.ev_class AS relation, r.ev_enabled AS enabled
      FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
      WHERE c.relnamespace = ${namespace} AND r.rulename <> '_RETURN' ORDER BY r.rulename COLLATE "C"`,
    policies: await tx<Policy[]>`
      SELECT p.oid, p.polname AS name, p.polrelid AS relation, p.polpermissive AS permissive, p.polcmd AS command,
        (SELECT json_agg(json_build_object('oid', role::int8, 'name', rolname) ORDER BY rolname COLLATE "C")
          FROM unnest(p.polroles) role LEFT JOIN pg_roles r ON r.oid = role) AS roles
      FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
      WHERE c.relnamespace = ${namespace} ORDER BY p.polname COLLATE "C"`,
  };
}

export function programPieces(
  { triggers, rules, policies }: Programs,
  relations: ReadonlyMap<number, Relation>,
  texts: Texts,
): { pieces: Piece[]; notes: Note[] } {
  const pieces: Piece[] = [];
  const notes: Note[] = [];
  const on = <T extends { relation: number }>(
    list: readonly T[],
    use: (of: T, on: Relation) => void,
  ) => {
    for (const item of list) {
      const relation = relations.get(item.relation);
      if (relation !== undefined) use(item, relation);
    }
  };
  on(triggers, (trigger, relation) => pieces.push(...triggerPieces(trigger, relation, texts)));
  on(rules, (rule, relation) => pieces.push(...rulePieces(rule, relation, texts)));
  on(policies, (policy, relation) => {
    pieces.push(policyPiece(policy, relation, texts));
    notes.push(...strangersOf(policy, relation));
  });
  return { pieces, notes };
}

const STATES: Readonly<Record<string, string>> = {
  D: 'DISABLE',
  A: 'ENABLE ALWAYS',
  R: 'ENABLE REPLICA',
};

/** A disabled trigger of a partitioned table is made enabled on its partitions, so each has a state. */
function triggerPieces(trigger: Trigger, relation: Relation, texts: Texts): Piece[] {
  const { oid, name, enabled, derived } = trigger;
  const [table, quoted] = [quoteIdentifier(relation.name), quoteIdentifier(name)];
  const created: Piece = {
    phase: 'triggers',
    kind: 'trigger',
    name: shownName(relation.name, name),
    sql: texts.get('trigger', oid),
    key: keyOf('pg_trigger', oid),
    comment: `TRIGGER ${quoted} ON ${table}`,
  };
  return [
    ...(derived ? [] : [created]),
    ...stateOf('trigger', enabled, relation, name, `ALTER TABLE ONLY ${table}`, quoted),
  ];
}

function rulePieces({ oid, name, enabled }: Rule, relation: Relation, texts: Texts): Piece[] {
  const [table, quoted] = [quoteIdentifier(relation.name), quoteIdentifier(name)];
  return [
    {
      phase: 'triggers',
      kind: 'rule',
      name: shownName(relation.name, name),
      sql: texts.get('rule', oid).trimEnd().replace(/;$/, ''),
      key: keyOf('pg_rewrite', oid),
      comment: `RULE ${quoted} ON ${table}`,
    },
    ...stateOf('rule', enabled, relation, name, `ALTER TABLE ${table}`, quoted),
  ];
}

function stateOf(
  kind: 'trigger' | 'rule',
  enabled: string,
  relation: Relation,
  name: string,
  alter: string,
  quoted: string,
): Piece[] {
  const state = STATES[enabled];
  if (state === undefined) return [];
  return [
    {
      phase: 'states',
      kind: `${kind} state`,
      name: shownName(relation.name, name),
      sql: `${alter} ${state} ${kind.toUpperCase()} ${quoted}`,
    },
  ];
}

const COMMANDS: Readonly<Record<string, string>> = {
  r: 'SELECT',
  a: 'INSERT',
  w: 'UPDATE',
  d: 'DELETE',
  '*': 'ALL',
};

/** A role of the source becomes the role that applies: a sandbox has one role. */
function policyPiece(policy: Policy, relation: Relation, texts: Texts): Piece {
  const { oid, name, permissive, command, roles } = policy;
  const [using, check] = [texts.find('policy using', oid), texts.find('policy check', oid)];
  const table = quoteIdentifier(relation.name);
  const everybody = roles.some((role) => role.oid === 0);
  return {
    phase: 'triggers',
    kind: 'policy',
    name: shownName(relation.name, name),
    sql: [
      `CREATE POLICY ${quoteIdentifier(name)} ON ${table}`,
      `AS ${permissive ? 'PERMISSIVE' : 'RESTRICTIVE'} FOR ${COMMANDS[command] ?? 'ALL'}`,
      `TO ${everybody ? 'PUBLIC' : 'CURRENT_USER'}`,
      ...(using === null ? [] : [`USING (${using})`]),
      ...(check === null ? [] : [`WITH CHECK (${check})`]),
    ].join(' '),
    key: keyOf('pg_policy', oid),
    comment: `POLICY ${quoteIdentifier(name)} ON ${table}`,
  };
}

function strangersOf({ name, roles }: Policy, relation: Relation): Note[] {
  const strangers = roles.filter(({ oid }) => oid !== 0 && oid !== relation.owner);
  if (strangers.length === 0) return [];
  const names = strangers.map((role) => shownName(role.name ?? String(role.oid))).join(', ');
  return [
    {
      kind: 'policy',
      name: shownName(relation.name, name),
      text: `it is for ${names}; in the copy it is for the role of the copy`,
    },
  ];
}
