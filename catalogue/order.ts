/** Puts the pieces in an order in which each finds what it needs. */
import type { Dependencies } from './dependencies.js';
import { PHASES, type ObjectKey, type Piece, type Refusal, type Statement } from './statement.js';

/** Among objects that do not need each other. The names decide within a kind, so equal schemas give equal lists. */
const KINDS = [
  ...['collation', 'enum', 'domain', 'range', 'composite type', 'sequence', 'table', 'view'],
  ...['materialized view', 'function', 'procedure', 'operator', 'aggregate'],
];

export function ordered(
  pieces: readonly Piece[],
  dependencies: Dependencies,
): { statements: Statement[]; refusals: Refusal[] } {
  const graph = new Graph(pieces, dependencies);
  for (const piece of [...pieces].sort(byKind)) if (piece.phase === 'graph') graph.visit(piece);
  const position = new Map(graph.visited.map((piece, i) => [piece.key, i]));
  const placeOf = ({ needs }: Piece): number => position.get(needs?.[0]) ?? -1;
  const rest = pieces
    .filter((piece) => !graph.has(piece))
    .sort(
      (a, b) =>
        PHASES.indexOf(a.phase) - PHASES.indexOf(b.phase) ||
        (a.rank ?? 0) - (b.rank ?? 0) ||
        placeOf(a) - placeOf(b) ||
        compare(a.kind, b.kind) ||
        compare(a.name, b.name),
    );
  return { statements: [...graph.visited, ...rest].flatMap(statementsOf), refusals: graph.cycles };
}

/** By code unit, so the order does not depend on the machine's language. */
const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

const byKind = (a: Piece, b: Piece): number =>
  KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || compare(a.name, b.name);

const statementsOf = ({ phase, kind, name, sql, then = [] }: Piece): Statement[] => [
  { phase, kind, name, sql },
  ...then,
];

/** Depth first: an object follows all that it needs. */
class Graph {
  readonly visited: Piece[] = [];
  readonly cycles: Refusal[] = [];
  private readonly byKey: ReadonlyMap<ObjectKey | undefined, Piece>;
  private readonly needs = new Map<ObjectKey, Set<ObjectKey>>();
  private readonly states = new Map<Piece, 'open' | 'done'>();

  constructor(pieces: readonly Piece[], { all, wholeOf }: Dependencies) {
    this.byKey = new Map(pieces.map((piece) => [piece.key, piece]));
    for (const { from, to } of all) this.add(wholeOf(from), wholeOf(to));
    for (const { key, needs = [] } of pieces)
      for (const need of needs) if (key !== undefined) this.add(key, need);
  }

  has(piece: Piece): boolean {
    return this.states.has(piece);
  }

  /** A key that a view needs (GROUP BY of a primary key) comes into the graph too. */
  visit(piece: Piece): void {
    if (this.states.has(piece)) return;
    this.states.set(piece, 'open');
    const needed = [...(this.needs.get(piece.key ?? 'none:0') ?? [])]
      .flatMap((key) => this.byKey.get(key) ?? [])
      .sort(byKind);
    for (const other of needed) {
      if (this.states.get(other) === 'open') this.refuse(piece, other);
      this.visit(other);
    }
    this.states.set(piece, 'done');
    this.visited.push({ ...piece, phase: 'graph' });
  }

  private refuse({ kind, name }: Piece, other: Piece): void {
    const reason = `it and ${other.kind} ${other.name} need each other`;
    this.cycles.push({ kind, name, reason });
  }

  private add(from: ObjectKey, to: ObjectKey): void {
    if (from === to || !this.byKey.has(from) || !this.byKey.has(to)) return;
    const needs = this.needs.get(from) ?? new Set();
    this.needs.set(from, needs.add(to));
  }
}
