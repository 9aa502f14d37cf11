import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { projectRoot } from '../../platform/project-root.js';
import { restart } from '../../deploy/local/index.js';
import { override } from '../../cli/emit/override.js';
import { openNats, closeNats } from '../../platform/nats.js';
import { bd } from '../support/bd.js';
import { freeze } from '../support/freeze.js';
import {
  openClient,
  someGuild,
  someName,
  someOwner,
  stackConfig,
  stackState,
  until,
} from '../support/stack.js';

const emitted = z.strictObject({
  event: z.string(),
  subject: z.string(),
  guildId: z.string().nullable(),
  sequences: z.array(z.number().int().positive()),
  payload: z.string(),
});
const tailed = z.strictObject({
  sequence: z.number().int().positive(),
  rawSequence: z.number().int().positive().nullable(),
  time: z.iso.datetime(),
  family: z.enum(['events', 'commands']),
  type: z.string().min(1),
  guildId: z.string().nullable(),
  payload: z.unknown(),
});

async function sandboxWithGuild() {
  const client = openClient({ SANDBOX_OWNER: someOwner() });
  const [guild, name] = [someGuild(), someName()];
  const sandbox = await client.create({ name, ttl: '10m', guildIds: [guild] });
  onTestFinished(async () => {
    await client.destroy(sandbox.id);
  });
  return { client, sandbox, guild, name };
}

/** A running `bd sandbox tail`, ended with the test. */
function startTail(args: readonly string[]) {
  const child = spawn(
    process.execPath,
    [join(projectRoot(), 'dist/cli/main.js'), 'sandbox', 'tail', ...args],
    {
      env: { PATH: process.env.PATH, SANDBOX_HOME: inject('home') },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  onTestFinished(() => {
    child.kill('SIGINT');
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  return { child, output };
}

describe('bd sandbox emit and tail', () => {
  it('shows what was emitted for the sandbox, and takes nothing from its bot', async () => {
    const { client, sandbox, guild, name } = await sandboxWithGuild();
    const published = await bd([
      ...['sandbox', 'emit', 'message-create', '--to', name, '--json'],
      ...['--set', 'content=hello', '--set', 'author.id=123456789012345678', '--count', '3'],
    ]);
    expect(published.code, published.stderr).toBe(0);
    const { sequences, payload, guildId } = emitted.parse(JSON.parse(published.stdout));
    expect(sequences).toHaveLength(3);
    expect(guildId).toBe(guild);
    expect(JSON.parse(payload)).toMatchObject({
      d: { content: 'hello', author: { id: '123456789012345678' }, guild_id: guild },
    });
    const shown = await bd(['sandbox', 'tail', name, '--since', '1m', '--limit', '3', '--json']);
    const events = shown.stdout
      .trim()
      .split('\n')
      .map((line) => tailed.parse(JSON.parse(line)));
    expect(events.map(({ rawSequence }) => rawSequence)).toEqual(sequences);
    expect(events[0]?.payload).toEqual(JSON.parse(payload));
    expect((await client.status(sandbox.id)).eventsWaiting).toBe(3);
  });

  it('follows live, filters by type and guild, and ends at once on SIGINT with exit code 0', async () => {
    const { guild, name } = await sandboxWithGuild();
    const { child, output } = startTail([name, '--type', 'message_create', '--guild', guild]);
    // Until it listens: what is emitted before is not for it.
    await until('the tail shows an event', async () => {
      await bd(['sandbox', 'emit', 'typing-start-in-guild', '--guild', guild]);
      await bd(['sandbox', 'emit', 'message-create', '--guild', guild]);
      return output.stdout.includes('MESSAGE_CREATE');
    });
    expect(output.stdout).not.toContain('TYPING');
    for (const line of output.stdout.trim().split('\n'))
      expect(line).toMatch(/^\d\d:\d\d:\d\d\.\d{3} MESSAGE_CREATE /);
    expect(output.stderr).toBe(
      `Waiting for events of ${name}; Ctrl-C ends it, --no-follow does not wait.\n`,
    );
    const asked = performance.now();
    const ended = once(child, 'exit');
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    expect(performance.now() - asked).toBeLessThan(8_000);
  });

  it('begins exactly where it is told to, and goes on over a restart of NATS', async () => {
    const { client, sandbox, guild } = await sandboxWithGuild();
    const emit = (count: number) =>
      bd(['sandbox', 'emit', 'message-create', '--guild', guild, '--count', String(count)]);
    const read = async (since: Date, count: number): Promise<number[]> => {
      const stop = new AbortController();
      const seen: number[] = [];
      for await (const { sequence } of client.events(sandbox.id, { since, signal: stop.signal })) {
        seen.push(sequence);
        if (seen.length === count) stop.abort();
      }
      return seen;
    };
    const before = new Date();
    await emit(2);
    const first = await read(before, 2);
    const between = new Date();
    await emit(3);
    const all = await read(before, 5);
    expect(all.slice(0, 2)).toEqual(first);
    expect(await read(between, 3)).toEqual(all.slice(2));

    const going = read(before, 7);
    await restart(stackConfig(), 'nats');
    await until('it takes events again', async () => (await emit(1)).code === 0 || null);
    await until('and again', async () => (await emit(1)).code === 0 || null);
    const whole = await going;
    expect(whole.slice(0, 5)).toEqual(all);
    expect(whole).toEqual([...new Set(whole)].sort((a, b) => a - b));
  });

  it('waits, and says so, for a NATS that does not answer at its begin', async () => {
    const { client, sandbox, guild } = await sandboxWithGuild();
    await bd(['sandbox', 'emit', 'message-create', '--guild', guild, '--count', '2']);
    const stop = new AbortController();
    let away = 0;
    const read = async (): Promise<number> => {
      const onAway = (): void => void (away += 1);
      const since = new Date(Date.now() - 60_000);
      const events = client.events(sandbox.id, { since, signal: stop.signal, onAway });
      let seen = 0;
      for await (const { type } of events) {
        expect(type).toBe('MESSAGE_CREATE');
        if (++seen === 2) stop.abort();
      }
      return seen;
    };
    // Opens the connection: without one, NATS is named as unreachable.
    await client.status(sandbox.id);
    const thaw = await freeze('nats');
    const going = read();
    await until('it says so', () => Promise.resolve(away > 0 || null));
    await thaw();
    expect([await going, away]).toEqual([2, 1]);
  });

  it('leaves no consumer behind', async () => {
    const { sandbox, guild, name } = await sandboxWithGuild();
    await bd(['sandbox', 'emit', 'message-create', '--guild', guild]);
    await bd(['sandbox', 'tail', name, '--since', '1m', '--limit', '1']);
    const nc = await openNats(stackState().urls.admin.nats, 'test');
    onTestFinished(() => closeNats(nc));
    const names: string[] = [];
    for await (const { name: consumer, config } of (await nc.jetstreamManager()).consumers.list(
      'ROUTED',
    )) {
      const filters = [config.filter_subject, ...(config.filter_subjects ?? [])];
      if (filters.some((subject) => subject?.startsWith(sandbox.natsPrefix))) names.push(consumer);
    }
    expect(names).toEqual([`sb_${sandbox.id}`]);
  });

  it('lists the catalogue, and finds an event by the type that Discord gives it', async () => {
    const listed = await bd(['sandbox', 'emit', '--list', '--json']);
    const entry = z.strictObject({ name: z.string(), subject: z.string(), goesTo: z.string() });
    expect(z.array(entry).parse(JSON.parse(listed.stdout)).length).toBeGreaterThan(150);
    const byType = await bd(['sandbox', 'emit', 'GUILD_BAN_ADD', '--json']);
    expect(emitted.parse(JSON.parse(byType.stdout)).subject).toBe('events.raw.GUILD_BAN_ADD');
  });

  it('says that RAW has not stored an event, and what to look at', async () => {
    const nc = await openNats(stackState().urls.admin.nats, 'test');
    onTestFinished(() => closeNats(nc));
    const { streams } = await nc.jetstreamManager();
    const { config } = await streams.info('RAW');
    await streams.update('RAW', { ...config, max_bytes: 100 });
    const ran = await bd(['sandbox', 'emit', 'message-create']);
    await streams.update('RAW', config);
    expect([ran.code, ran.stdout]).toEqual([7, '']);
    expect(ran.stderr).toMatch(
      /^SANDBOX_009 NATS has not stored the event: .*maximum bytes exceeded/,
    );
    expect(ran.stderr).toContain('Publishers are refused');
  });

  it.each([
    [['emit', 'message-craete'], 'Did you mean message-create'],
    [['emit'], 'name an event'],
    [['emit', 'message-create', '--count', '0'], '--count'],
    [['emit', 'message-create', '--set', 'content'], '--set'],
    [['emit', 'message-create', '--guild', '12', '--to', 'x'], 'exclude each other'],
    [['tail', 'x', '--limit', '1e3'], '--limit'],
  ])('refuses %j with exit code 2', async (args, told) => {
    const ran = await bd(['sandbox', ...args]);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain(told);
    expect(ran.stdout).toBe('');
  });
});

describe('--set', () => {
  const dispatch = JSON.stringify({
    t: 'X',
    s: 1,
    op: 0,
    d: { content: 'a', author: { id: '1' } },
  });

  it('sets fields of d, of the top with $, and makes what is missing', () => {
    const settings = ['content=b c', 'author.bot=true', 'new.deep=null', '$.s=7'];
    expect(JSON.parse(override(dispatch, settings))).toEqual({
      ...{ t: 'X', s: 7, op: 0 },
      d: { content: 'b c', author: { id: '1', bot: true }, new: { deep: null } },
    });
  });

  it('keeps a snowflake exact', () => {
    expect(override(dispatch, ['author.id=1234567890123456789'])).toContain(
      '"id":"1234567890123456789"',
    );
  });

  it('cannot reach the prototype of anything', () => {
    const text = override(dispatch, ['__proto__.polluted=1']);
    expect(text).toContain('"__proto__":{"polluted":1}');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});
