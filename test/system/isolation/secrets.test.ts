/**
 * Secrets occur only in the files made for them: in no table, log, history, argument or message.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { bd } from '../../support/bd.js';
import { openClient, someOwner, stackState, until } from '../../support/stack.js';
import { makeTenant, natsAs, postgresAs, redisAs, variable, type Tenant } from './tenants.js';
import { runHome } from '../../support/run-home.js';

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() ? [path] : [];
  });
}

/** The files that contain any of the texts. A server may remove a file meanwhile. */
function filesWith(files: readonly string[], texts: readonly string[]): string[] {
  const found: string[] = [];
  for (const file of files) {
    try {
      if (statSync(file).size === 0) continue;
      const content = readFileSync(file);
      for (const [i, text] of texts.entries())
        if (content.includes(text)) found.push(`${file} (secret ${i})`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return found;
}

const passwordsOf = ({ env }: Tenant): string[] =>
  ['DATABASE_URL', 'REDIS_URL', 'NATS_URL'].map((name) => new URL(variable(env, name)).password);

/** The secrets of services, administrators and NATS keys, and the master secret itself. */
function homesSecrets(home: string): string[] {
  const credentials = JSON.parse(readFileSync(join(home, 'credentials.json'), 'utf8')) as Record<
    string,
    Record<string, string>
  >;
  const { natsAuthority = '{}', urls } = stackState();
  return [
    readFileSync(join(home, 'master.key'), 'utf8').trim(),
    ...Object.values(credentials).flatMap((users) => Object.values(users)),
    ...Object.values(JSON.parse(natsAuthority) as Record<string, string>),
    ...Object.values(urls).map(({ nats }) => new URL(nats).password),
  ];
}

it('the data of all servers, with Temporal’s histories, and all logs contain no secret', async () => {
  const client = openClient({ SANDBOX_OWNER: someOwner() });
  const home = runHome();
  const tenant = await makeTenant(client);
  const secrets = [...homesSecrets(home), ...passwordsOf(tenant)];
  // Refused logins write logs. A reset makes new passwords from the same master secret.
  for (const name of ['DATABASE_URL', 'REDIS_URL', 'NATS_URL'] as const) {
    const url = new URL(variable(tenant.env, name));
    url.username = 'sandbox_sb0000000000';
    const open = { DATABASE_URL: postgresAs, REDIS_URL: redisAs, NATS_URL: natsAs }[name];
    await expect(open({ ...tenant.env, [name]: url.href })).rejects.toThrow();
  }
  await client.reset(tenant.id);
  secrets.push(
    ...passwordsOf({ ...tenant, env: (await client.connection(tenant.id)).environment }),
  );
  await client.destroy(tenant.id);
  await until(
    'destroyed',
    async () => (await client.get(tenant.id)).status === 'destroyed' || null,
  );
  expect(new Set(secrets).size).toBe(secrets.length);
  for (const secret of secrets) expect(secret.length).toBeGreaterThan(20);

  const files = [...filesBelow(join(home, 'data')), ...filesBelow(join(home, 'log'))];
  expect(filesWith(files, secrets)).toEqual([]);
  // The positive control: the search finds the sandbox's name in the tables and in Temporal's
  // history.
  const known = filesWith(files, [tenant.name]).map((path) => path.slice(home.length));
  expect(known.some((path) => path.startsWith('/data/postgres/'))).toBe(true);
  expect(known.some((path) => path.startsWith('/data/temporal/'))).toBe(true);
});

it('no process shows a secret in its arguments', () => {
  const secrets = homesSecrets(runHome());
  const lines = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return '';
      }
    });
  expect(lines.some((line) => line.includes('nats-server'))).toBe(true);
  for (const line of lines) for (const secret of secrets) expect(line).not.toContain(secret);
});

it('no error message of bd contains a secret', async () => {
  const secrets = homesSecrets(runHome());
  const { urls, temporal } = stackState();
  const given = {
    TEMPORAL_ADDRESS: temporal.address,
    DATABASE_URL: urls.client.database,
    REDIS_URL: urls.client.redis,
    NATS_URL: urls.client.nats,
  };
  const wrong: Record<string, string>[] = [
    { ...given, DATABASE_URL: given.DATABASE_URL.replace(/:\d+\//, ':1/') },
    { ...given, DATABASE_URL: given.DATABASE_URL.replace('bd_client', 'nobody') },
    { ...given, DATABASE_URL: `x${given.DATABASE_URL}` },
    { ...given, REDIS_URL: `${given.REDIS_URL}/3` },
    { SANDBOX_MASTER_SECRET: 'too short a secret' },
    { SANDBOX_NATS_AUTHORITY: stackState().natsAuthority?.slice(1) ?? '' },
  ];
  for (const env of wrong) {
    const { stdout, stderr } = await bd(['sandbox', 'status', 'never-was'], {
      ...env,
      LOG_LEVEL: 'debug',
    });
    expect(stderr).not.toBe('');
    for (const secret of [...secrets, 'too short a secret'])
      expect(stdout + stderr).not.toContain(secret);
  }
});
