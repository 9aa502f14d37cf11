/** A Postgres for one test to kill, and the configuration of a stack that uses it. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, type Config } from '../../../platform/config.js';
import { closePostgres, openPostgres, type Sql } from '../../../platform/postgres.js';
import { startPostgres, type ServerProcess } from './servers.js';

export interface OwnPostgres {
  readonly process: ServerProcess;
  readonly url: string;
  readonly sql: Sql;
  /** The configuration of a stack that reaches it at `url`: its own, or a proxy's. */
  configFor(url: string): Config;
  /** Call it after the stack has ended. */
  close(): Promise<void>;
}

export async function ownPostgres(prefix: string): Promise<OwnPostgres> {
  const directory = mkdtempSync(join(tmpdir(), prefix));
  // Postgres runs as another user.
  chmodSync(directory, 0o755);
  const { process, url } = await startPostgres(directory);
  const sql = openPostgres(url, { name: 'test', max: 2 });
  return {
    process,
    url,
    sql,
    configFor: (address) =>
      loadConfig({
        SANDBOX_HOME: join(directory, 'home'),
        SANDBOX_OWNER: 'tester',
        SANDBOX_MAX_PER_OWNER: '20',
        DATABASE_URL: address,
      }),
    async close() {
      await closePostgres(sql);
      await process.end();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
