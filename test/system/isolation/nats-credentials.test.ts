/**
 * The credentials files of the local stack's NATS (docs/decisions/0030), and a sandbox's login in
 * the same shell.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { connect, credsAuthenticator, type NatsConnection } from 'nats';
import { describe, expect, it, onTestFinished } from 'vitest';
import { closeNats } from '../../../platform/nats.js';
import { bd } from '../../support/bd.js';
import { openClient, someOwner } from '../../support/stack.js';
import { makeTenant, variable } from './tenants.js';

const SHELLS = ['sh', 'bash', 'dash', 'zsh', 'fish'].filter(
  (shell) => spawnSync(shell, ['-c', 'true']).status === 0,
);

async function devEnvironment(): Promise<Record<string, string>> {
  const { code, stdout } = await bd(['dev', 'env', '--json']);
  expect(code).toBe(0);
  return JSON.parse(stdout) as Record<string, string>;
}

/** A client without our code: an address without login, and the file. */
async function withFile(
  env: Record<string, string>,
  name: string,
  inboxPrefix: string,
): Promise<NatsConnection> {
  const nc = await connect({
    servers: new URL(variable(env, 'NATS_URL')).host,
    authenticator: credsAuthenticator(readFileSync(variable(env, name))),
    ...{ inboxPrefix, reconnect: false, timeout: 5_000 },
  });
  onTestFinished(() => closeNats(nc));
  return nc;
}

describe('the credentials files that `bd dev env` names', () => {
  it('are readable by their user only, and give any client the administrator’s rights', async () => {
    const env = await devEnvironment();
    for (const name of ['NATS_CREDS', 'SANDBOX_INGEST_CREDS'])
      expect(statSync(variable(env, name)).mode & 0o777).toBe(0o600);
    const nc = await withFile(env, 'NATS_CREDS', '_INBOX_admin');
    const streams = await (await nc.jetstreamManager()).streams.names().next();
    expect(streams).toContain('ROUTED');
  });

  it('allow an ingestor to publish raw events and nothing else', async () => {
    const env = await devEnvironment();
    const nc = await withFile(env, 'SANDBOX_INGEST_CREDS', '_INBOX_ingest');
    const refused: string[] = [];
    void (async () => {
      for await (const { type } of nc.status()) refused.push(type);
    })();
    const { stream } = await nc.jetstream().publish('events.raw.UNKNOWN', '{}');
    expect(stream).toBe('RAW');
    nc.publish('sandbox.sb0123456789.events.X', '{}');
    await nc.flush();
    await expect(nc.jetstreamManager({ timeout: 1_000 })).rejects.toThrow();
    expect(refused).toContain('error');
  });
});

describe('a shell that holds the administrator’s file', () => {
  it.each(SHELLS)('drops it when it evaluates `connect` (%s)', async (shell) => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id } = await makeTenant(client);
    const format = shell === 'fish' ? 'fish' : 'shell';
    const { stdout } = await bd(['sandbox', 'connect', id, '--format', format]);
    const script = format === 'fish' ? 'printf %s "$TEXT" | source' : 'eval "$TEXT"';
    const env = { PATH: process.env.PATH, TEXT: stdout, NATS_CREDS: '/admin', NATS_NKEY: '/key' };
    // Evaluated twice: a missing variable is no error either.
    const options = shell === 'fish' ? ['--no-config'] : ['-eu'];
    const after = execFileSync(shell, [...options, '-c', `${script}; ${script}; exec env`], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = after.toString().split('\n');
    expect(lines.filter((line) => /^NATS_(CREDS|NKEY)=/.test(line))).toEqual([]);
    expect(lines.some((line) => line.startsWith(`NATS_URL=nats://sandbox_${id}:`))).toBe(true);
    await client.destroy(id);
  });
});
