/** Settings of the sessions that read and that apply, so that the text means the same in both. */
import type { Transaction } from '../platform/postgres.js';

/** They change how the server writes or reads constants and names. */
const TEXT_FORMS: Readonly<Record<string, string>> = {
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  extra_float_digits: '1',
  bytea_output: 'hex',
  xmlbinary: 'base64',
  lc_monetary: 'C',
  standard_conforming_strings: 'on',
  quote_all_identifiers: 'off',
};

async function setLocally(
  tx: Transaction,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  await tx`SELECT pg_catalog.set_config(name, value, true)
    FROM pg_catalog.json_each_text(${JSON.stringify(settings)}::pg_catalog.text::pg_catalog.json) AS s (name, value)`;
}

/**
 * For the rest of the transaction. No schema of a tenant is on the search_path: with it, a tenant's
 * `quote_ident(name)` ran with the reader's rights, although pg_catalog came first. So the deparser
 * qualifies each name of the source (catalogue/target.ts), and the reader needs no right on it.
 */
export const prepareReading = (tx: Transaction): Promise<void> =>
  setLocally(tx, {
    ...TEXT_FORMS,
    row_security: 'off',
    // The deparser locks what a view reads. Below deadlock_timeout, so that a deadlock ends the
    // reading and not a transaction of the source.
    lock_timeout: '100ms',
    search_path: 'pg_catalog, pg_temp',
    // Compiling one query of dependencies took 100 ms, running it 5 ms.
    jit: 'off',
  });

/** Bodies of functions may name objects that are made later. */
export const prepareApplying = (tx: Transaction): Promise<void> =>
  setLocally(tx, { ...TEXT_FORMS, check_function_bodies: 'off' });
