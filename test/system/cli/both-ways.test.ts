/** `bd` directly and over HTTP: the same commands give the same output and exit codes. */
import { beforeAll, describe, expect, it } from 'vitest';
import { delay } from '../../../platform/deadline.js';
import { bd, bdHere, type Ran } from '../../support/bd.js';
import { someGuild, someName, someOwner } from '../../support/stack.js';
import { environmentOf, WAYS } from '../../support/ways.js';

const json = ({ stdout, stderr }: Ran): unknown => {
  expect(stderr).toBe('');
  return JSON.parse(stdout);
};

describe.each(WAYS)('a sandbox of bd, %s', (way) => {
  const [owner, name, guild, other] = [someOwner(), someName(), someGuild(), someGuild()];
  let env: Record<string, string>;
  const run = (...args: string[]): Promise<Ran> => bdHere(['sandbox', ...args], env);
  let sandbox: { id: string; expiresAt: string; workflowId: string; schema: string };

  beforeAll(async () => {
    env = await environmentOf(way, owner);
    const created = await run('create', name, '--ttl', '1h', '--guild', guild, '--json');
    sandbox = json(created) as typeof sandbox;
    return async () => {
      await bdHere(['sandbox', 'destroy', name, '--yes'], env);
    };
  });

  it('is listed as it was created', async () => {
    expect(Object.keys(sandbox)).toEqual([
      ...['id', 'name', 'owner', 'status', 'schema', 'template', 'templateVersion', 'redisPrefix'],
      ...['natsPrefix', 'guildIds'],
      ...['workflowId', 'createdAt', 'expiresAt', 'destroyedAt'],
    ]);
    expect(sandbox).toMatchObject({ name, owner, status: 'running', guildIds: [guild] });
    expect(json(await run('list', '--owner', owner, '--json'))).toEqual([sandbox]);
    const shown = await run('list', '--owner', owner);
    expect(shown.stdout).toMatch(new RegExp(`${sandbox.id}.*${name}.*running`));
    expect(json(await run('list', '--owner', owner, '--status', 'expired', '--json'))).toEqual([]);
  });

  it('is healthy', async () => {
    const health = json(await run('status', name, '--json')) as Record<string, unknown>;
    expect(Object.keys(health)).toEqual([
      ...['sandbox', 'health', 'checks', 'expiresInMs', 'lastEventAt', 'eventsWaiting'],
      'cleanupError',
    ]);
    expect(health).toMatchObject({ sandbox: { id: sandbox.id }, health: 'healthy' });
    const shown = await run('status', sandbox.id, '--exit-code');
    expect([shown.code, shown.stdout]).toEqual([0, expect.stringContaining('healthy')]);
  });

  it('gives its environment to a shell and to a command', async () => {
    const environment = json(await run('connect', name, '--json')) as Record<string, string>;
    expect(environment).toMatchObject({
      ...{ SANDBOX_ID: sandbox.id, SANDBOX_SCHEMA: sandbox.schema, SANDBOX_GUILD_IDS: guild },
    });
    expect(new URL(environment.DATABASE_URL ?? '').username).toBe(`sandbox_${sandbox.id}`);
    const shell = await run('connect', name);
    expect(shell.stdout).toContain(`export SANDBOX_ID='${sandbox.id}'\n`);
    const identifiers = await run('connect', name, '--identifiers-only', '--json');
    expect(identifiers.stdout).not.toContain('_URL');
    const child = ['node', '-p', 'process.env.SANDBOX_ID + process.env.SANDBOX_TOKEN'];
    const ran = await bd(['sandbox', 'exec', name, ...child], env);
    expect([ran.code, ran.stdout]).toEqual([0, `${sandbox.id}undefined\n`]);
  });

  it('gets events that its tail shows, oldest first', async () => {
    const emit = async (text: string): Promise<number> => {
      const args = ['message-create', '--to', name, '--set', `content=${text}`, '--json'];
      const { sequences } = json(await run('emit', ...args)) as { sequences: number[] };
      return sequences[0] ?? 0;
    };
    const raw = [await emit('one'), await emit('two')];
    const said = await run('emit', 'message-create', '--to', name);
    expect(said.stdout).toMatch(
      new RegExp(`^message-create published for ${name}, in guild ${guild}: #\\d+ of RAW\n$`),
    );
    const linesOf = ({ stdout }: Ran): { rawSequence: number }[] =>
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { rawSequence: number });
    const since = await run('tail', name, '--since', '1h', '--limit', '3', '--json');
    const all = linesOf(since);
    expect(all.map(({ rawSequence }) => rawSequence).slice(0, 2)).toEqual(raw);
    expect(Object.keys(all[0] ?? {})).toEqual([
      ...['sequence', 'rawSequence', 'time', 'family', 'type', 'guildId', 'payload'],
    ]);
    expect(linesOf(await run('tail', name, '--no-follow', '--json'))).toEqual(all);
    const two = await run('tail', name, '--no-follow', '--limit', '2', '--json');
    expect(linesOf(two)).toEqual(all.slice(1));
    const none = await run('tail', name, '--no-follow', '--type', 'GUILD_DELETE');
    expect([none.code, none.stdout, none.stderr]).toEqual([
      ...[0, '', `No such events of ${name} are stored.\n`],
    ]);
  });

  it('waits for events, and says so', async () => {
    const going = bd(['sandbox', 'tail', name, '--limit', '1', '--json'], env);
    // Again and again: when a tail has begun is seen from its event alone.
    let ran: Ran | null = null;
    while (ran === null) {
      await run('emit', 'typing-start', '--to', name, '--json');
      ran = await Promise.race([going, delay(100).then(() => null)]);
    }
    const { code, stdout, stderr } = ran;
    expect([code, stderr]).toEqual([
      ...[0, `Waiting for events of ${name}; Ctrl-C ends it, --no-follow does not wait.\n`],
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ type: 'TYPING_START' });
  });

  it('takes guilds, and gives them back', async () => {
    expect((await run('register-guild', name, other)).stdout).toBe(
      `guild ${other} goes to ${name} from now on\n`,
    );
    const after = json(await run('unregister-guild', other, '--json'));
    expect(after).toMatchObject({ id: sandbox.id, guildIds: [guild] });
    const again = await run('unregister-guild', other, '--json');
    expect([again.code, again.stdout]).toEqual([4, '']);
  });

  it('lives longer, up to the maximum', async () => {
    const extended = await run('extend', name, '1h');
    const [, expiresAt = ''] = /^\S+ expires (\S+)\n$/.exec(extended.stdout) ?? [];
    expect(Date.parse(expiresAt) - Date.parse(sandbox.expiresAt)).toBe(3_600_000);
    const past = await run('extend', name, '300d', '--json');
    expect([past.code, past.stdout]).toEqual([2, '']);
    expect(json(await run('extend', name, '300d', '--clamp', '--json'))).toMatchObject({
      ...{ id: sandbox.id, clamped: true },
    });
  });

  it('is reset, opened, and told of by its audit', async () => {
    expect((await run('reset', name)).code).toBe(2);
    expect((await run('reset', name, '--yes')).stdout).toContain(`${name} is empty`);
    const url = `http://temporal.example/namespaces/default/workflows/${sandbox.workflowId}`;
    expect((await run('open', name)).stdout).toBe(`${url}\n`);
    const entries = json(await run('logs', name, '--json')) as Record<string, unknown>[];
    expect(Object.keys(entries[0] ?? {})).toEqual([
      ...['time', 'sandboxId', 'event', 'actor', 'kind', 'role', 'via', 'details'],
    ]);
    const via = way === 'directly' ? 'direct' : 'api';
    expect(entries.filter(({ event }) => event === 'sandbox_reset')).toMatchObject([
      ...[{ actor: owner, kind: 'person', role: 'operator', via, sandboxId: sandbox.id }],
    ]);
    const shown = await run('logs', name, '--event', 'ttl_extended');
    expect(shown.stdout.trimEnd().split('\n')).toHaveLength(3);
  });
});

describe.each(WAYS)('the end of a sandbox of bd, %s', (way) => {
  it('is asked for, waited for, and said again', async () => {
    const owner = someOwner();
    const env = await environmentOf(way, owner);
    const run = (...args: string[]): Promise<Ran> => bdHere(['sandbox', ...args], env);
    const [first, second] = [someName(), someName()];
    for (const name of [first, second]) await run('create', name, '--ttl', '1h');
    const unsure = await run('destroy', first);
    expect([unsure.code, unsure.stdout]).toEqual([2, '']);
    const mixed = await run('destroy', first, 'never-was', '--yes');
    expect([mixed.code, mixed.stdout]).toEqual([4, `✓ ${first} is destroyed\n`]);
    expect(mixed.stderr).toContain('no sandbox "never-was" is known');
    // Those of the caller alone: the token's owner, or SANDBOX_OWNER.
    const all = json(await run('destroy', '--all', '--yes', '--json'));
    expect(all).toMatchObject([{ name: second, status: 'destroyed', alreadyDestroyed: false }]);
    const again = await run('destroy', first);
    expect([again.code, again.stdout]).toEqual([0, `✓ ${first} was already destroyed\n`]);
    expect((await run('list', '--owner', owner)).stderr).toBe('No such sandboxes.\n');
    expect(json(await run('list', '--owner', owner, '--all', '--json'))).toMatchObject([
      ...[{ name: second, status: 'destroyed' }, { name: first }],
    ]);
  });

  it('reaches a create that was not waited for', async () => {
    const env = await environmentOf(way, someOwner());
    const created = await bdHere(['sandbox', 'create', '--wait=false', '--json'], env);
    const { id, status } = json(created) as { id: string; status: string };
    expect(status).toBe('pending');
    const ended = await bdHere(['sandbox', 'destroy', id, '--yes'], env);
    expect([ended.code, ended.stdout], ended.stderr).toEqual([0, `✓ ${id} is destroyed\n`]);
  });
});

describe.each(WAYS)('tokens, grants and roles of bd, %s', (way) => {
  const [owner, friend, guild] = [someOwner(), someOwner(), someGuild()];
  let env: Record<string, string>;
  const run = (...args: string[]): Promise<Ran> => bdHere(args, env);

  beforeAll(async () => {
    env = await environmentOf(way, owner);
  });

  it('are created, listed and revoked', async () => {
    const args = ['--scope', 'sandbox:read', '--owner', friend, '--name', 'ci', '--ttl', '2d'];
    const created = json(await run('token', 'create', ...args, '--json')) as Record<string, string>;
    const { token, ...rest } = created;
    expect(token).toMatch(/^sbx_person_/);
    expect(Object.keys(rest)).toEqual([
      ...['id', 'kind', 'owner', 'sandboxId', 'role', 'scopes', 'name', 'createdAt', 'createdBy'],
      ...['expiresAt', 'lastUsedAt', 'revokedAt'],
    ]);
    expect(rest).toMatchObject({ owner: friend, name: 'ci', createdBy: owner, revokedAt: null });
    expect(json(await run('token', 'list', '--owner', friend, '--json'))).toEqual([rest]);
    const plain = await run('token', 'create', ...args);
    expect([plain.code, plain.stdout]).toEqual([0, expect.stringMatching(/^sbx_person_\w+\n$/)]);
    const revoked = json(await run('token', 'revoke', created.id ?? '', '--json'));
    expect(revoked).toMatchObject({ id: created.id, revokedAt: expect.any(String) as string });
    const unknown = await run('token', 'revoke', 'AAAAAAAAAAAA', '--json');
    expect([unknown.code, unknown.stdout]).toEqual([4, '']);
  });

  it('are granted and taken away', async () => {
    const granted = await run('guild', 'grant', guild, friend, '--until', '2035-01-31');
    expect(granted.stdout).toBe(
      `guild ${guild} is granted to ${friend} until 2035-01-31T00:00:00.000Z\n`,
    );
    const grants = json(await run('guild', 'list', '--json'));
    expect(grants).toContainEqual(
      expect.objectContaining({ guildId: guild, owner: friend, grantedBy: owner }),
    );
    expect((await run('guild', 'revoke', guild, friend)).code).toBe(0);
    expect((await run('guild', 'revoke', guild, friend)).code).toBe(4);
    const set = json(await run('owner', 'set-role', friend, 'operator', '--json'));
    expect(set).toEqual({ owner: friend, role: 'operator' });
  });
});
