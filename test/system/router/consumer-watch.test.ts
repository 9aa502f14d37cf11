/**
 * Consumers that are about to lose unread events: by number of messages, with many consumers, for
 * each kind of filter.
 */
import { AckPolicy } from 'nats';
import pino from 'pino';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { STREAMS } from '../../../routing/subjects.js';
import { ConsumerWatch } from '../../../router/watch/consumers.js';
import { openWorld, type TestWorld } from './world.js';

let world: TestWorld;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

it('the alarm names twenty consumers, counts the rest, and omits temporary consumers and those without unread events', async () => {
  const { nc, jsm } = world;
  await jsm.streams.update(STREAMS.routed, { max_bytes: -1, max_msgs: 1_000, max_age: 0 });
  const filters = [
    { filter_subject: 'events.A' },
    { filter_subjects: ['events.A', 'events.B'] },
    {},
    ...Array.from({ length: 22 }, () => ({ filter_subject: 'events.>' })),
  ];
  const add = (name: string, filter: object, durable = true): Promise<unknown> =>
    jsm.consumers.add(STREAMS.routed, {
      ...(durable ? { durable_name: name } : { name, inactive_threshold: 60_000_000_000 }),
      ...{ ...filter, ack_policy: AckPolicy.Explicit },
    });
  for (const [i, filter] of filters.entries()) await add(`sb_${i}`, filter);
  await add('looks', { filter_subject: 'events.>' }, false);
  await add('other', { filter_subject: 'events.NEVER' });
  const lines: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
  let writer = true;
  const watch = new ConsumerWatch({
    ...{ nc, stream: STREAMS.routed, writer: () => writer, log, everyMs: 20 },
  });
  onTestFinished(() => {
    watch.close();
  });
  const told = (): [named: number, other: number | undefined] => {
    const labels = watch.labels();
    return [
      [...labels.keys()].filter((name) => name.startsWith('sb_')).length,
      labels.get('other'),
    ];
  };
  for (let i = 0; i < 700; i++) nc.publish(i % 2 === 0 ? 'events.A' : 'events.B', 'x');
  await nc.flush();
  await expect.poll(async () => (await jsm.streams.info(STREAMS.routed)).state.messages).toBe(700);
  expect(told()).toEqual([0, undefined]);
  for (let i = 0; i < 200; i++) nc.publish('events.C', 'x');
  await expect.poll(told, { timeout: 15_000 }).toEqual([20, 5]);
  expect(lines.filter((line) => line.includes('"count":25'))).toHaveLength(1);
  // A standby reports nothing, and a missing stream is reported.
  writer = false;
  await expect.poll(told).toEqual([0, undefined]);
  writer = true;
  await jsm.streams.delete(STREAMS.routed);
  await expect.poll(() => lines.join('')).toContain('cannot be looked at');
});
