/** What the schema's objects need from outside it: extensions are required, the rest is refused. */
import type { Dependencies } from './dependencies.js';
import type { ObjectKey, Piece, Refusal } from './statement.js';

/** Every database has it. */
const ALWAYS = new Set(['plpgsql']);

export function referencesOf(
  pieces: readonly Piece[],
  { all, wholeOf }: Dependencies,
  problems: ReadonlyMap<ObjectKey, string>,
): { extensions: string[]; refusals: Refusal[] } {
  const byKey = new Map(pieces.map((piece) => [piece.key, piece]));
  const extensions = new Set<string>();
  const refusals = new Map<string, Refusal>();
  const refuse = ({ kind, name }: Piece, reason: string): void => {
    refusals.set(`${kind} ${name} ${reason}`, { kind, name, reason });
  };
  for (const { from, extension, outside } of all) {
    const piece = byKey.get(wholeOf(from));
    if (piece === undefined) continue;
    if (extension !== null && !ALWAYS.has(extension)) extensions.add(extension);
    if (outside !== null) refuse(piece, `it refers to ${outside}`);
  }
  for (const [key, problem] of problems) {
    const piece = byKey.get(wholeOf(key));
    if (piece !== undefined) refuse(piece, `it names ${problem}`);
  }
  return { extensions: [...extensions].sort(), refusals: [...refusals.values()] };
}
