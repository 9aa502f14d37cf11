/**
 * Parses times from Postgres, in one form only: ISO 8601 with an offset. A session with DateStyle
 * German sends `05.12.2026 13:00:00 UTC`, which `new Date` takes for May. A sandbox would end
 * months early.
 */
import { SandboxError } from '../domain/errors.js';

const ISO =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,6})?(?:(Z)|([+-][0-9]{2})(?::?([0-9]{2}))?)$/;

/** @throws SANDBOX_009 for any other form: a guessed time must decide nothing */
export function parseTime(text: string): Date {
  const [, day, clock, fraction = '', utc, hours, minutes = '00'] = ISO.exec(text) ?? [];
  const offset = utc ?? `${hours ?? ''}:${minutes}`;
  const time = day === undefined ? NaN : Date.parse(`${day}T${clock ?? ''}${fraction}${offset}`);
  if (Number.isFinite(time)) return new Date(time);
  throw new SandboxError(
    'SANDBOX_009',
    `Postgres gives a time in a form that is not read: ${JSON.stringify(text.slice(0, 40))}`,
    {
      hint: 'Set DateStyle to ISO for the role and the database, and in a pooler between.',
      details: { dependency: 'postgres' },
    },
  );
}
