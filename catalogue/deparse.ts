/** Reads the texts of aspects.ts, and takes the source schema's name out of them. */
import { ASPECTS, type Aspect, type AspectName } from './aspects.js';
import { keyOf, type Scope } from './scope.js';
import type { ObjectKey } from './statement.js';
import { retarget, type Source } from './target.js';

interface TextRow {
  readonly oid: number;
  readonly part: number;
  readonly text: string | null;
}

export interface Texts {
  /** Null if the object has no such text. `part` is a column's number. */
  find(aspect: AspectName, oid: number, part?: number): string | null;
  /** @throws SourceChanged if the object is gone */
  get(aspect: AspectName, oid: number, part?: number): string;
  /** Objects whose text cannot be freed of the source schema, with what names it. */
  readonly problems: ReadonlyMap<ObjectKey, string>;
}

/** The schema's objects changed between two queries: the deparser sees the newest state. */
export class SourceChanged extends Error {
  override readonly name = 'SourceChanged';
}

/** All texts of the schema. */
export async function readTexts(scope: Scope, source: Source): Promise<Texts> {
  const texts = new Map<string, string>();
  const problems = new Map<ObjectKey, string>();
  const read = Object.entries(ASPECTS).map(
    async ([name, aspect]) => [name, aspect, await rowsOf(scope, aspect)] as const,
  );
  for (const [name, aspect, rows] of await Promise.all(read)) {
    for (const { oid, part, text } of rows) {
      if (text === null) throw new SourceChanged(`no ${name} of ${aspect.catalogue} ${oid}`);
      const found = retarget(text, source, 'reading' in aspect ? aspect.reading : 'names');
      texts.set(`${name} ${oid} ${part}`, found.text);
      if (found.problem !== null) problems.set(keyOf(aspect.catalogue, oid), found.problem);
    }
  }
  const find: Texts['find'] = (aspect, oid, part = 0) =>
    texts.get(`${aspect} ${oid} ${part}`) ?? null;
  const get: Texts['get'] = (aspect, oid, part) => {
    const text = find(aspect, oid, part);
    if (text === null) throw new SourceChanged(`no ${aspect} of ${oid}`);
    return text;
  };
  return { find, get, problems };
}

function rowsOf({ tx, namespace }: Scope, aspect: Aspect): Promise<readonly TextRow[]> {
  const { object, part = '0', text, from } = aspect;
  return tx.unsafe<TextRow[]>(
    `SELECT ${object} AS oid, ${part} AS part, ${text} AS text FROM ${from}`,
    [namespace],
  );
}
