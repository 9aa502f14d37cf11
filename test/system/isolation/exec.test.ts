import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { childEnvironment } from '../../../cli/child-environment.js';
import { projectRoot } from '../../../platform/project-root.js';
import { bd } from '../../support/bd.js';
import { readMasterSecret } from '../../../platform/master-secret.js';
import { readSubkey } from '../../../platform/subkeys.js';
import { openClient, someOwner, stackConfig } from '../../support/stack.js';
import { makeTenant, variable } from './tenants.js';
import { runHome } from '../../support/run-home.js';

describe('bd sandbox exec', () => {
  it('runs a command with the environment of connect, and returns its exit code', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const tenant = await makeTenant(client);
    const seen = await bd(['sandbox', 'exec', tenant.name, '--', 'env']);
    expect(seen).toMatchObject({ code: 0, stderr: '' });
    const lines = seen.stdout.split('\n');
    for (const [name, value] of Object.entries(tenant.env))
      expect(lines).toContain(`${name}=${value}`);
    const failing = await bd(['sandbox', 'exec', tenant.id, '--', 'sh', '-c', 'exit 37']);
    expect(failing.code).toBe(37);
    const killed = await bd(['sandbox', 'exec', tenant.id, '--', 'sh', '-c', 'kill -9 $$']);
    expect(killed.code).toBe(137);
    await client.destroy(tenant.id);
  });

  it('passes signals to the command, and shows no secret to `ps`', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const tenant = await makeTenant(client);
    const script = 'trap "echo got it; exit 9" TERM; echo ready; while :; do sleep 0.05; done';
    const child = spawn(
      process.execPath,
      [
        ...[join(projectRoot(), 'dist/cli/main.js'), 'sandbox', 'exec', tenant.id],
        ...['--', 'sh', '-c', script],
      ],
      { env: { PATH: process.env.PATH, SANDBOX_HOME: runHome() } },
    );
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await once(child.stdout, 'data');
    const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').split(
      ' ',
    );
    const args = [String(child.pid), children[0] ?? ''].map((pid) =>
      readFileSync(`/proc/${pid}/cmdline`, 'utf8'),
    );
    for (const name of ['DATABASE_URL', 'REDIS_URL', 'NATS_URL']) {
      const { password } = new URL(variable(tenant.env, name));
      expect(password.length).toBeGreaterThan(20);
      for (const line of args) expect(line).not.toContain(password);
    }
    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number];
    expect({ code, output }).toEqual({ code: 9, output: 'ready\ngot it\n' });
    await client.destroy(tenant.id);
  });

  it('is a usage error without a command, and runs nothing without a sandbox', async () => {
    for (const args of [['x'], ['x', '--'], ['--', 'env']]) {
      expect(await bd(['sandbox', 'exec', ...args])).toMatchObject({ code: 2, stdout: '' });
    }
    for (const separator of [['--'], []]) {
      const unknown = await bd(['sandbox', 'exec', 'never-was', ...separator, 'echo', 'ran']);
      expect(unknown).toMatchObject({ code: 4, stdout: '' });
    }
  });

  it('reports a missing command', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id } = await makeTenant(client);
    const missing = await bd(['sandbox', 'exec', id, '--', 'no-such-command']);
    expect(missing).toMatchObject({ code: 127, stderr: 'no-such-command: command not found\n' });
    await client.destroy(id);
  });

  it('passes none of the caller’s service secrets to the command, whatever their names', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id, env } = await makeTenant(client);
    const planted = (what: string): string => `planted-${what}-${'x'.repeat(30)}`;
    const address = (scheme: string): string => `${scheme}://u:${planted(scheme)}@127.0.0.1:1`;
    const own = {
      SANDBOX_MASTER_SECRET: readMasterSecret(stackConfig()) ?? '',
      SANDBOX_TENANT_KEY: readSubkey(stackConfig(), 'tenant-passwords') ?? '',
      SANDBOX_ACTOR_KEY: readSubkey(stackConfig(), 'actors') ?? '',
      SANDBOX_NATS_AUTHORITY: planted('authority'),
      SANDBOX_LATER_SECRET: planted('later'),
      TEMPORAL_API_KEY: planted('key'),
      TEMPORAL_TLS_CLIENT_KEY_DATA: planted('pem'),
      DATABASE_URL: '',
      PGPASSWORD: planted('pg'),
      REDISCLI_AUTH: planted('redis'),
      NATS_CREDS: planted('nats'),
      PROD_DATABASE: address('postgres'),
      SANDBOX_CONTROL_REDIS_URL: '',
    };
    const seen = await bd(['sandbox', 'exec', id, '--', 'env'], { ...own, MINE: 'kept' });
    expect(seen).toMatchObject({ code: 0, stderr: '' });
    expect(seen.stdout).toContain('MINE=kept\n');
    expect(seen.stdout).toContain(`DATABASE_URL=${variable(env, 'DATABASE_URL')}\n`);
    const lines = seen.stdout.split('\n').filter((line) => !line.startsWith('PROD_DATABASE='));
    expect(lines.join('\n')).not.toMatch(/planted|TEMPORAL_/);
    for (const secret of [own.SANDBOX_MASTER_SECRET, own.SANDBOX_TENANT_KEY, own.SANDBOX_ACTOR_KEY])
      expect(seen.stdout).not.toContain(secret);
    // PROD_DATABASE is unknown to `bd`. As soon as `bd` knows its value, no name hides it.
    const known = { ...own, SANDBOX_CONTROL_DATABASE_URL: own.PROD_DATABASE };
    expect(JSON.stringify(childEnvironment(known, env))).not.toContain('planted');
    await client.destroy(id);
  });

  it('removes variables of bd, and addresses that the sandbox does not replace', () => {
    const own = {
      PATH: '/bin',
      SANDBOX_MASTER_SECRET: 's',
      SANDBOX_NATS_AUTHORITY: 'a',
      SANDBOX_CONTROL_DATABASE_URL: 'c',
      TEMPORAL_ADDRESS: 'production',
      PGHOST: 'production',
      NATS_URL: 'production',
      REDIS_URL: 'production',
    };
    const sandbox = { SANDBOX_ID: 'sb0123456789', REDIS_URL: 'its own' };
    expect(childEnvironment(own, sandbox)).toEqual({ PATH: '/bin', ...sandbox });
  });
});
