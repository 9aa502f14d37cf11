/** From four empty servers to a sandbox, new secrets for old ones, and servers that lost their data. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { projectRoot } from '../../../platform/project-root.js';
import { bd, type Ran } from '../../support/bd.js';
import { startEmptyServers } from '../../support/empty-servers.js';
import { ownFolder } from '../../support/folder.js';
import { someGuild, until } from '../../support/stack.js';

/** An environment's file, as a container engine reads it. */
const environmentIn = (path: string): Record<string, string> =>
  Object.fromEntries(
    readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );

async function aTeam() {
  const servers = await startEmptyServers();
  const folder = join(ownFolder(), 'team');
  const home = ownFolder();
  const base = { SANDBOX_HOME: home, ...servers.trust };
  const { database, redis, nats, temporal } = servers.addresses;
  const setup = (...args: string[]): Promise<Ran> =>
    bd(['setup', folder, ...args], {
      ...base,
      SANDBOX_CONTROL_DATABASE_URL: servers.ownerUrl,
    });
  const of = (name: string) => ({ ...base, ...environmentIn(join(folder, `${name}.env`)) });
  const processes: ChildProcess[] = [];
  const end = async (): Promise<void> => {
    await Promise.all(
      processes.splice(0).map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill('SIGTERM');
        await once(child, 'exit');
      }),
    );
  };
  onTestFinished(end);
  return {
    ...{ servers, folder, setup, end },
    addresses: ['--database', database, '--redis', redis, '--nats', nats, '--temporal', temporal],
    /** Worker and router, each with its own environment and nothing else. */
    async start() {
      for (const name of ['worker', 'router']) {
        const child = spawn(process.execPath, [join(projectRoot(), 'dist/cli/main.js'), name], {
          env: { PATH: process.env.PATH, HOME: process.env.HOME, LOG_LEVEL: 'warn', ...of(name) },
          stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        });
        processes.push(child);
        await once(child, 'message');
      }
    },
    asOperator: (...args: string[]) => bd(args, { ...of('bd'), SANDBOX_OWNER: 'ada' }),
  };
}

type Team = Awaited<ReturnType<typeof aTeam>>;

async function succeeds(running: Promise<Ran>): Promise<string> {
  const { code, stdout, stderr } = await running;
  expect(code, stderr).toBe(0);
  return stdout;
}

/** Runs SQL as the sandbox's bot would, with what `exec` gives it. */
const asBot = (team: Team, statement: string): Promise<Ran> =>
  team.asOperator(
    ...['sandbox', 'exec', 'fix', '--', process.execPath, '--input-type=module', '-e'],
    `import pg from 'pg';
     const client = new pg.Client(process.env.DATABASE_URL);
     await client.connect();
     console.log(JSON.stringify((await client.query(${JSON.stringify(statement)})).rows));
     await client.end();`,
  );

const environmentOf = async (team: Team): Promise<Record<string, string>> =>
  JSON.parse(await succeeds(team.asOperator('sandbox', 'connect', 'fix', '--json'))) as Record<
    string,
    string
  >;

async function aTeamWithASandbox() {
  const team = await aTeam();
  await succeeds(team.setup(...team.addresses));
  await team.servers.load(team.folder, { empty: true });
  await succeeds(team.setup('--apply'));
  await team.start();
  const guild = someGuild();
  await succeeds(team.asOperator('sandbox', 'create', 'fix', '--guild', guild));
  await succeeds(asBot(team, `INSERT INTO communities (name) VALUES ('kept')`));
  return { team, guild };
}

const KEPT = `[{"name":"kept"}]\n`;
const readKept = (team: Team) => succeeds(asBot(team, 'SELECT name FROM communities'));

it('four empty servers become an installation', { timeout: 120_000 }, async () => {
  const team = await aTeam();
  const refused = await team.setup('--database', team.servers.ownerUrl);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('--database holds a login');
  expect(refused.stderr).not.toContain('the-owners-password');

  const told = await succeeds(team.setup(...team.addresses));
  expect(told).toContain('Keep the folder');
  for (const name of ['setup.json', 'worker.env', 'api.env', 'bd.env', 'users.acl'])
    expect(statSync(join(team.folder, name)).mode & 0o777).toBe(0o600);
  const secrets = readFileSync(join(team.folder, 'setup.json'), 'utf8');
  // Nothing secret is printed, and the master secret is the worker's alone.
  const { masterSecret } = JSON.parse(secrets) as { masterSecret: string };
  expect(told).not.toContain(masterSecret);
  for (const name of ['api', 'bd', 'router', 'admin'])
    expect(readFileSync(join(team.folder, `${name}.env`), 'utf8')).not.toContain(masterSecret);

  // Again: the same secrets.
  expect(await succeeds(team.setup())).toContain('those that the folder had');
  expect(readFileSync(join(team.folder, 'setup.json'), 'utf8')).toBe(secrets);

  await team.servers.load(team.folder, { empty: true });
  expect(await succeeds(team.setup('--apply'))).toContain('each process gets in');
  expect(await succeeds(team.setup('--apply'))).not.toContain('migration');
  await team.start();
  await succeeds(team.asOperator('sandbox', 'create', 'fix', '--guild', someGuild()));
  await succeeds(asBot(team, `INSERT INTO communities (name) VALUES ('kept')`));
  expect(await readKept(team)).toBe(KEPT);

  // A secrets file that is damaged is never replaced.
  writeFileSync(join(team.folder, 'setup.json'), secrets.slice(0, 100));
  const damaged = await team.setup();
  expect(damaged.code).toBe(2);
  expect(damaged.stderr).toContain('Put the file back');
});

it('each secret is rotated, and no sandbox is lost', { timeout: 180_000 }, async () => {
  const { team } = await aTeamWithASandbox();
  const before = await environmentOf(team);

  await succeeds(team.setup('--rotate', 'master-secret'));
  await team.end();
  await team.start();
  expect(await succeeds(team.asOperator('sandbox', 'sweep', '--repair'))).toContain('repaired');
  const after = await environmentOf(team);
  for (const name of ['DATABASE_URL', 'REDIS_URL', 'NATS_URL'])
    expect(after[name]).not.toBe(before[name]);
  expect(await readKept(team)).toBe(KEPT);
  expect((await team.asOperator('sandbox', 'status', 'fix')).code).toBe(0);

  const unfinished = await team.setup('--rotate', 'nats-operator', '--finish');
  expect(unfinished.stderr).toContain('SANDBOX_007');
  await succeeds(team.setup('--rotate', 'nats-operator'));
  await team.servers.load(team.folder);
  await team.end();
  await team.start();
  await succeeds(team.asOperator('sandbox', 'sweep', '--repair'));
  await succeeds(team.setup('--rotate', 'nats-operator', '--finish'));
  await team.servers.load(team.folder);
  // The servers know the sandbox by the new key alone.
  await until('the sandbox is healthy', async () => {
    const { code } = await team.asOperator('sandbox', 'status', 'fix');
    return code === 0;
  });
  expect(await readKept(team)).toBe(KEPT);
  await succeeds(team.asOperator('sandbox', 'destroy', 'fix', '--yes'));
});

it(
  'Postgres’ backup is enough: what the others lost is made again',
  { timeout: 120_000 },
  async () => {
    const { team, guild } = await aTeamWithASandbox();
    await team.end();
    await team.servers.load(team.folder, { empty: true });
    await succeeds(team.setup('--apply'));
    await team.start();
    expect(await succeeds(team.asOperator('sandbox', 'sweep', '--repair'))).toContain('repaired');
    expect(await readKept(team)).toBe(KEPT);
    await until('the sandbox is healthy again', async () => {
      const { code } = await team.asOperator('sandbox', 'status', 'fix');
      return code === 0;
    });
    const listed = await succeeds(team.asOperator('sandbox', 'list', '--json'));
    expect(listed).toContain(guild);
  },
);
