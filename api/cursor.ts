/** Cursors: the place of a page's last entry, opaque to callers. */
import { invalid } from '../domain/errors.js';

/** @param place JSON */
export const cursorOf = (place: readonly (string | number)[]): string =>
  Buffer.from(JSON.stringify(place)).toString('base64url');

/** @throws SANDBOX_008 for a text that no page gave */
export function placeOf<T extends string | number>(
  cursor: string,
  fits: (place: readonly unknown[]) => readonly T[] | null,
): readonly T[] {
  const place = fits(parsed(cursor));
  if (place === null) throw invalid('cursor', cursor, 'take it from `nextCursor` of a page');
  return place;
}

function parsed(cursor: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

const texts = (place: readonly unknown[]): readonly string[] | null =>
  place.length === 2 && place.every((part) => typeof part === 'string') ? place : null;

/** A page of a list that is held whole. `keyOf` gives its order, ascending, and must be unique. */
export function pageOf<T>(
  items: readonly T[],
  keyOf: (item: T) => readonly [string, string],
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
): { items: T[]; nextCursor: string | null } {
  const after = cursor === undefined ? null : placeOf(cursor, texts);
  const rest = items
    .filter((item) => after === null || compare(keyOf(item), after) > 0)
    .sort((a, b) => compare(keyOf(a), keyOf(b)));
  const page = rest.slice(0, limit);
  const last = rest.length > limit ? page.at(-1) : undefined;
  return { items: page, nextCursor: last === undefined ? null : cursorOf(keyOf(last)) };
}

function compare(a: readonly string[], b: readonly string[]): number {
  for (const [i, part] of a.entries()) {
    const other = b[i] ?? '';
    if (part !== other) return part < other ? -1 : 1;
  }
  return 0;
}
