/** Reads fields of a payload that may hold anything: what is not of the expected type reads as absent. */

export type Fields = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An empty object where there is none. */
export function object(fields: Fields, name: string): Fields {
  const value = own(fields, name);
  return isObject(value) ? value : {};
}

export function list(fields: Fields, name: string): readonly unknown[] {
  const value = own(fields, name);
  return Array.isArray(value) ? value : [];
}

export const objects = (fields: Fields, name: string): readonly Fields[] =>
  list(fields, name).filter(isObject);

/** A text, or a number as text (ids of some ingestors); null where it is neither, or is empty. */
export function text(fields: Fields, name: string): string | null {
  return scalar(own(fields, name));
}

export function scalar(value: unknown): string | null {
  if (typeof value === 'string') return value === '' ? null : value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
}

/** The first that is there. */
export function firstText(fields: Fields, ...names: readonly string[]): string | null {
  for (const name of names) {
    const found = text(fields, name);
    if (found !== null) return found;
  }
  return null;
}

/** Not of the prototype: a payload may lack what every object inherits. */
const own = (fields: Fields, name: string): unknown =>
  Object.hasOwn(fields, name) ? fields[name] : undefined;
