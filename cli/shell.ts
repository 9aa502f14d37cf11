/**
 * Variables as text for shells and files. Their values are quoted, so `eval` never runs a value.
 */

export const FORMATS = ['shell', 'fish', 'dotenv', 'json'] as const;
export type Format = (typeof FORMATS)[number];

export function isFormat(value: string): value is Format {
  return (FORMATS as readonly string[]).includes(value);
}

type Environment = Readonly<Record<string, string>>;

/** sh, bash, dash, zsh: inside single quotes only the quote is special. */
export const posixQuoted = (value: string): string => `'${value.replaceAll("'", `'\\''`)}'`;
/** fish: inside single quotes a backslash escapes a backslash and a quote. */
export const fishQuoted = (value: string): string =>
  `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** Refuses an invalid name, and NUL, which no variable can hold. */
function checked(env: Environment): [string, string][] {
  return Object.entries(env).map(([name, value]) => {
    if (!/^[A-Z][A-Z0-9_]*$/.test(name) || value.includes('\0')) {
      throw new Error(`${JSON.stringify(name)} cannot be an environment variable`);
    }
    return [name, value];
  });
}

export function formatEnvironment(env: Environment, format: Format): string {
  const pairs = checked(env);
  switch (format) {
    case 'shell':
      return pairs.map(([name, value]) => `export ${name}=${posixQuoted(value)}`).join('\n');
    case 'fish':
      return pairs.map(([name, value]) => `set -gx ${name} ${fishQuoted(value)};`).join('\n');
    case 'dotenv':
      return pairs.map(([name, value]) => `${name}=${dotenvQuoted(value)}`).join('\n');
    case 'json':
      return JSON.stringify(Object.fromEntries(pairs), null, 2);
  }
}

/** A line that unsets variables; null for formats that can only set them. */
export function forgetVariables(names: readonly string[], format: Format): string | null {
  if (format === 'shell') return `unset -v ${names.join(' ')}`;
  return format === 'fish' ? `set -e ${names.join(' ')};` : null;
}

/**
 * Readers of dotenv files differ in escapes. Single quotes are literal in all of them; the fallback
 * is double quotes with JSON's escapes.
 */
function dotenvQuoted(value: string): string {
  return /['\n\r]/.test(value) ? JSON.stringify(value).replaceAll('$', '\\$') : `'${value}'`;
}
