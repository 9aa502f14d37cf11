/** Brings every server to the required state. Idempotent, and safe in two processes at once. */
import { routedSubjects } from '../routing/subjects.js';
import type { Config } from '../platform/config.js';
import type { Addresses } from '../platform/stack-file.js';
import { migrateNats } from './nats.js';
import { checkPostgres, migratePostgres } from './postgres.js';
import { migrateTemporal } from './temporal.js';

export interface MigrateReport {
  /** One line per change, or with `check` per difference. Empty: everything is as required. */
  readonly changes: readonly string[];
}

export interface MigrateOptions {
  readonly check?: boolean;
  /**
   * `check` if the caller's role may not change the database: the worker migrates everything else.
   * No process may make roles, so an administrator migrates Postgres (`bd migrate`).
   */
  readonly postgres?: 'apply' | 'check';
}

/** @throws SANDBOX_009 with the name of the unreachable server */
export async function migrate(
  addresses: Addresses,
  config: Config,
  { check = false, postgres = check ? 'check' : 'apply' }: MigrateOptions = {},
): Promise<MigrateReport> {
  const database =
    postgres === 'check'
      ? checkPostgres(addresses.database)
      : migratePostgres(addresses.database).then((names) =>
          names.map((name) => `Postgres: migration ${name} applied`),
        );
  const temporal = {
    namespace: config.namespace,
    security: config.temporalSecurity,
    sweepIntervalMs: config.sweep.intervalMs,
    taskQueue: config.taskQueue,
  };
  const reports = await Promise.all([
    database,
    migrateNats(addresses.nats, routedSubjects(config.productionSubjects), {
      check,
      profile: config.streamProfile,
    }),
    migrateTemporal(addresses.temporal, temporal, { check }),
  ]);
  return { changes: reports.flat() };
}
