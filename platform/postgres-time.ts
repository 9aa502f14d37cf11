/**
 * Times as Postgres gives them. Only one form is read, ISO 8601 with its offset: `05.12.2026 13:00:00 UTC`, which a session
 * with DateStyle German sends, is May for `new Date`, and a sandbox would be ended months early.
 */
import { SandboxError } from '../domain/errors.js';

const ISO =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,6})?(?:(Z)|([+-][0-9]{2})(?::?([0-9]{2}))?)$/;

/** @throws SANDBOX_009 for any other form: nothing may be decided on a time that was guessed */
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
