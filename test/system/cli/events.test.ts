import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { restart } from '../../../deploy/stack/index.js';
import { timeOfSnowflake } from '../../../discord/snowflake.js';
import { openNats, closeNats } from '../../../platform/nats.js';
import { bd } from '../../support/bd.js';
import { sandboxWithGuild, startTail } from '../../support/tail.js';
import { freeze } from '../../support/freeze.js';
import {
  openClient,
  someGuild,
  someOwner,
  stackConfig,
  stackState,
  until,
} from '../../support/stack.js';

const emitted = z.strictObject({
  event: z.string(),
  family: z.enum(['events', 'commands']),
  type: z.string(),
  sandboxId: z.string(),
  guildId: z.string(),
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

describe('bd sandbox emit and tail', () => {
  it('shows the events emitted for the sandbox, and consumes none of its bot’s', async () => {
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
    expect(events.at(-1)?.payload).toEqual(JSON.parse(payload));
    expect((await client.status(sandbox.id)).eventsWaiting).toBe(3);
  });

  it('follows live, filters by type and guild, and ends at once on SIGINT with exit code 0', async () => {
    const { guild, name } = await sandboxWithGuild();
    const { child, output } = startTail([name, '--type', 'message_create', '--guild', guild]);
    // Emits until the tail listens: it does not show earlier events.
    await until('the tail shows an event', async () => {
      await bd(['sandbox', 'emit', 'typing-start', '--to', name]);
      await bd(['sandbox', 'emit', 'message-create', '--to', name, '--guild', someGuild()]);
      await bd(['sandbox', 'emit', 'message-create', '--to', name]);
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

  it('begins exactly at the given time, and continues after a restart of NATS', async () => {
    const { client, sandbox } = await sandboxWithGuild();
    const emit = (count: number) =>
      bd(['sandbox', 'emit', 'message-create', '--to', sandbox.id, '--count', String(count)]);
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

  it('waits for a NATS that does not answer at its start, and reports it', async () => {
    const { client, sandbox } = await sandboxWithGuild();
    await bd(['sandbox', 'emit', 'message-create', '--to', sandbox.id, '--count', '2']);
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
    // Opens the connection first: without one, NATS counts as unreachable.
    await client.status(sandbox.id);
    const thaw = await freeze('nats');
    const going = read();
    await until('it says so', () => Promise.resolve(away > 0 || null));
    await thaw();
    expect([await going, away]).toEqual([2, 1]);
  });

  it('leaves no consumer behind', async () => {
    const { sandbox, name } = await sandboxWithGuild();
    await bd(['sandbox', 'emit', 'message-create', '--to', name]);
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

  it('lists the catalogue, and finds an event by Discord’s name of its type', async () => {
    const listed = await bd(['sandbox', 'emit', '--list', '--json']);
    const entry = z.strictObject({
      name: z.string(),
      family: z.enum(['events', 'commands']),
      type: z.string().min(1),
      goesTo: z.enum(['sandbox', 'dlq']),
    });
    expect(z.array(entry).parse(JSON.parse(listed.stdout)).length).toBeGreaterThan(150);
    const { name } = await sandboxWithGuild();
    const byType = await bd(['sandbox', 'emit', 'GUILD_BAN_ADD', '--to', name, '--json']);
    expect(emitted.parse(JSON.parse(byType.stdout)).type).toBe('GUILD_BAN_ADD');
  });

  it('gives each event new ids, unless they are set', async () => {
    const { client, sandbox } = await sandboxWithGuild();
    const since = new Date();
    const emit = (...args: string[]) => bd(['sandbox', 'emit', ...args, '--to', sandbox.id]);
    await emit('message-create', '--count', '16');
    await emit('message-create', '--set', 'id=1234567890123456789', '--set', 'd.content=x');
    const stop = new AbortController();
    const messages: Record<string, unknown>[] = [];
    for await (const { payload } of client.events(sandbox.id, { since, signal: stop.signal })) {
      messages.push((JSON.parse(payload) as { d: Record<string, unknown> }).d);
      if (messages.length === 17) stop.abort();
    }
    const set = messages.pop();
    expect([set?.id, set?.content, set?.d]).toEqual(['1234567890123456789', 'x', undefined]);
    const ids = messages.map(({ id }) => String(id));
    expect(new Set(ids).size).toBe(16);
    expect(ids).toEqual([...ids].sort());
    for (const { id, timestamp } of messages) {
      const made = timeOfSnowflake(String(id));
      expect(Date.parse(String(timestamp))).toBe(made);
      expect(Math.abs(made - since.getTime())).toBeLessThan(60_000);
    }
  });

  it('reaches a sandbox without guilds, even for another sandbox’s guild, and never production', async () => {
    const { sandbox: holder, guild } = await sandboxWithGuild();
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const plain = await client.create({ ttl: '10m' });
    onTestFinished(async () => {
      await client.destroy(plain.id);
    });
    const nc = await openNats(stackState().urls.admin.nats, 'test');
    onTestFinished(() => closeNats(nc));
    const { streams } = await nc.jetstreamManager();
    const before = (await streams.info('ROUTED')).state.last_seq;
    for (const event of ['message-create', 'ready', 'message-create-dm', 'user-update'])
      await bd(['sandbox', 'emit', event, '--to', plain.id, '--guild', guild]);
    await until('it has them', async () => (await client.status(plain.id)).eventsWaiting === 4);
    const others = ['events.>', 'commands.>', `sandbox.${holder.id}.>`];
    for (const next_by_subj of others) {
      const query: { seq: number; next_by_subj: string } = { seq: before + 1, next_by_subj };
      await expect(streams.getMessage('ROUTED', query), next_by_subj).rejects.toThrow();
    }
  });

  it('is refused for a sandbox that does not run, and for an unknown one', async () => {
    const { client, sandbox } = await sandboxWithGuild();
    await client.destroy(sandbox.id);
    const gone = await bd(['sandbox', 'emit', 'message-create', '--to', sandbox.id]);
    expect([gone.code, gone.stdout]).toEqual([5, '']);
    expect(gone.stderr).toMatch(/SANDBOX_007 sandbox .* is destroy/);
    const unknown = await bd(['sandbox', 'emit', 'message-create', '--to', 'nobody-s']);
    expect([unknown.code, unknown.stdout]).toEqual([4, '']);
    await expect(client.emit('nobody-s', [])).rejects.toMatchObject({ code: 'SANDBOX_004' });
  });

  it.each([
    ['empty', ''],
    ['a dot', '.'],
    ['with an empty token', 'a..b'],
    ['with a blank', 'a b'],
    ['a wildcard', '*'],
    ['the rest', '>'],
    ['with a line end', 'a\r\nPUB events.X 0'],
    ['too long', 'x'.repeat(513)],
  ])('takes no type that is %s, and publishes nothing before it', async (_what, type) => {
    const { client, sandbox } = await sandboxWithGuild();
    const events = [
      { type: 'X', payload: '{}' },
      { type, payload: '{}' },
    ];
    const emitting = client.emit(sandbox.id, events);
    await expect(emitting).rejects.toMatchObject({ code: 'SANDBOX_008' });
    expect((await client.status(sandbox.id)).eventsWaiting).toBe(0);
  });

  it('reports that RAW has not stored an event, and names a cause to check', async () => {
    const { name } = await sandboxWithGuild();
    const nc = await openNats(stackState().urls.admin.nats, 'test');
    onTestFinished(() => closeNats(nc));
    const { streams } = await nc.jetstreamManager();
    const { config } = await streams.info('RAW');
    await streams.update('RAW', { ...config, max_bytes: 100 });
    const ran = await bd(['sandbox', 'emit', 'message-create', '--to', name]);
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
    [['emit', 'message-create', '--guild', '12', '--to', 'x'], 'guild'],
    [['emit', 'message-create'], 'name the sandbox'],
    [['tail', 'x', '--limit', '1e3'], '--limit'],
  ])('refuses %j with exit code 2', async (args, told) => {
    const ran = await bd(['sandbox', ...args]);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain(told);
    expect(ran.stdout).toBe('');
  });
});
