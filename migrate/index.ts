/** Brings every server to the state the product needs; idempotent, and safe from two processes at once. */
import { routedSubjects } from '../routing/subjects.js';
import type { Config } from '../platform/config.js';
import type { Addresses } from '../platform/stack-file.js';
import { migrateNats } from './nats.js';
import { checkPostgres, migratePostgres } from './postgres.js';
import { migrateTemporal } from './temporal.js';

export interface MigrateReport {
  /** One line for each thing done, or with `check` for each that differs. Empty: all is as it should be. */
  readonly changes: readonly string[];
}

export interface MigrateOptions {
  readonly check?: boolean;
  /**
   * `check` where the caller's role may not change the database: the worker migrates everything else, and says what
   * an administrator must do (`bd migrate`), since no process runs with the rights to make roles.
   */
  readonly postgres?: 'apply' | 'check';
}

/** @throws SANDBOX_009 naming the server that is unreachable */
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
