/** Reads fields of an unknown payload. A value of another type than expected counts as absent. */

export type Fields = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An empty object if the field is absent. */
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

/** A text, or a number as text (ids of some ingestors); null for another type or an empty text. */
export function text(fields: Fields, name: string): string | null {
  return scalar(own(fields, name));
}

export function scalar(value: unknown): string | null {
  if (typeof value === 'string') return value === '' ? null : value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
}

/** The first field that is present. */
export function firstText(fields: Fields, ...names: readonly string[]): string | null {
  for (const name of names) {
    const found = text(fields, name);
    if (found !== null) return found;
  }
  return null;
}

/** Own fields only: an inherited field of the prototype is not part of the payload. */
const own = (fields: Fields, name: string): unknown =>
  Object.hasOwn(fields, name) ? fields[name] : undefined;
