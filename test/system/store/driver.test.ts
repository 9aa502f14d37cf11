/** The Postgres driver when its server dies. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { delay } from '../../../platform/deadline.js';
import { closePostgres, isWriteAfterClose, openPostgres } from '../../../platform/postgres.js';
import { projectRoot } from '../../../platform/project-root.js';
import { startPostgres, type ServerProcess } from '../router/servers.js';
import { until } from '../../support/stack.js';

describe('Postgres killed under the driver', () => {
  const directory = mkdtempSync(join(tmpdir(), 'driver-'));
  let server: ServerProcess;
  let url: string;
  beforeAll(async () => {
    chmodSync(directory, 0o755);
    ({ process: server, url } = await startPostgres(directory));
  });
  afterAll(async () => {
    await server.end();
    rmSync(directory, { recursive: true, force: true });
  });

  /**
   * A process of its own that prints the output of `code`, with `sql` on the server and the
   * product's handler.
   */
  function run(code: string): { status: number | null; stdout: string; stderr: string } {
    const module = (path: string): string =>
      JSON.stringify(pathToFileURL(join(projectRoot(), 'dist/platform', path)).href);
    const script = `
      import { openPostgres } from ${module('postgres.js')};
      import { surviveDriverErrors } from ${module('process.js')};
      import { createLogger } from ${module('log.js')};
      surviveDriverErrors(createLogger('test', 'info'));
      const sql = openPostgres(${JSON.stringify(url)}, { name: 'test', max: 2 });
      ${code}`;
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '-e', script],
      { encoding: 'utf8', timeout: 30_000 },
    );
    return { status, stdout, stderr };
  }

  it('in the middle of transactions: no error is uncaught, and every connection works again', async () => {
    const sql = openPostgres(url, { name: 'test', max: 3 });
    let on = true;
    const loops = Array.from({ length: 3 }, async () => {
      while (on) {
        await sql
          .begin(async (tx) => {
            await tx`SELECT pg_sleep(0.01)`;
            await tx`SELECT 1`;
          })
          .catch(() => delay(10));
      }
    });
    for (let i = 0; i < 5; i++) {
      await delay(150);
      await server.restart();
    }
    on = false;
    await Promise.all(loops);
    // Three at once, so that each connection of the pool has one. An uncaught error would fail the
    // whole run.
    const all = (): Promise<unknown> =>
      Promise.all(Array.from({ length: 3 }, () => sql`SELECT pg_sleep(0.05)`));
    await until('all connections work', () => all().catch(() => null), 10_000);
    await all();
    await closePostgres(sql);
  });

  it('a transaction whose session an administrator ends is rejected, and the next one works', async () => {
    const sql = openPostgres(url, { name: 'test', max: 1 });
    const ended = sql.begin((tx) => tx`SELECT pg_terminate_backend(pg_backend_pid())`);
    await expect(ended).rejects.toThrow(/terminating connection|CONNECTION_CLOSED/);
    await until('it works', () => sql`SELECT 1`.catch(() => null));
    expect(await sql.begin((tx) => tx`SELECT 7 AS n`)).toEqual([{ n: 7 }]);
    await closePostgres(sql);
  });

  it('a failing transaction is rolled back, and its error reported', async () => {
    const sql = openPostgres(url, { name: 'test', max: 1 });
    await sql`CREATE TABLE kept (n int)`;
    const failing = sql.begin(async (tx) => {
      await tx`INSERT INTO kept VALUES (1)`;
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    await expect(sql.begin((tx) => [tx`INSERT INTO kept VALUES (2)`])).resolves.toHaveLength(1);
    expect(await sql`SELECT n FROM kept`).toEqual([{ n: 2 }]);
    await closePostgres(sql);
  });

  it('the driver’s own write on a closed connection is logged, and the process continues', () => {
    // Its issue #1208. Whether the socket closes before the write depends on the moment, so sixty
    // are tried.
    const ran = run(`
      const pause = () => new Promise((resolve) => setTimeout(resolve, 20));
      const turn = () => new Promise((resolve) => setImmediate(resolve));
      for (let turns = 0; turns < 60; turns += 1) {
        const pool = openPostgres(${JSON.stringify(url)}, { name: 'test', max: 1 });
        await pool\`SELECT 1\`; // on a connection not yet made, reserve() hangs (issue #751)
        const reserved = await pool.reserve();
        const [{ pid }] = await reserved\`SELECT pg_backend_pid() AS pid\`;
        await sql\`SELECT pg_terminate_backend(\${pid})\`;
        for (let i = 0; i < turns % 6; i += 1) await turn();
        // May never be answered: that is the fault.
        const ask = () => reserved\`SELECT 1\`.catch(() => undefined);
        await Promise.race([ask(), pause()]);
        void ask();
        await pause();
      }
      console.log('goes on');
      process.exit(0);`);
    expect(ran).toMatchObject({ status: 0, stdout: 'goes on\n' });
    expect(ran.stderr).toContain('the Postgres driver wrote on a connection that had closed');
  });

  it('a connection that is reset right after its login rejects only its own query', () => {
    const ran = run(`
      import { connect, createServer } from 'node:net';
      const { hostname, port } = new URL(${JSON.stringify(url)});
      const proxy = createServer((near) => {
        const far = connect(Number(port), hostname);
        far.pipe(near);
        let loggedIn = false;
        far.on('data', (data) => {
          loggedIn ||= data.includes(Buffer.from('5a0000000549', 'hex')); // ReadyForQuery, idle
        });
        near.on('data', (data) => (loggedIn ? near.resetAndDestroy() : far.write(data)));
        near.on('close', () => far.destroy());
      });
      await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
      const through = 'postgres://postgres@127.0.0.1:' + proxy.address().port + '/postgres';
      const reset = openPostgres(through, { name: 'test', max: 1 });
      await reset\`SELECT 1\`.catch((error) => console.log(error.code));
      setTimeout(() => process.exit(0), 100);`);
    expect(ran).toMatchObject({ status: 0, stdout: 'ECONNRESET\n' });
  });

  it('any other uncaught error ends the process', () => {
    const ran = run(`
      setImmediate(() => null.write('x'));
      setTimeout(() => console.log('goes on'), 300);`);
    expect(ran).toMatchObject({ status: 1, stdout: '' });
    expect(ran.stderr).toContain("reading 'write'");
  });
});

describe('the driver’s error', () => {
  const error = (message: string, frame: string): TypeError =>
    Object.assign(new TypeError(message), { stack: `TypeError: ${message}\n    at ${frame}\n` });
  const message = "Cannot read properties of null (reading 'write')";
  const frame = 'Immediate.nextWrite (file:///x/node_modules/postgres/src/connection.js:255:22)';

  it('is recognised by its message and its place of origin only', () => {
    expect(isWriteAfterClose(error(message, frame))).toBe(true);
    expect(isWriteAfterClose(error("Cannot read properties of null (reading 'end')", frame))).toBe(
      false,
    );
    expect(isWriteAfterClose(error(message, 'ours (file:///x/router/fast-link.js:1:1)'))).toBe(
      false,
    );
    expect(isWriteAfterClose(error(message, frame.replace('nextWrite', 'other')))).toBe(false);
    expect(isWriteAfterClose(new Error(message))).toBe(false);
    expect(isWriteAfterClose(null)).toBe(false);
  });
});
