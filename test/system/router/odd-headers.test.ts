/**
 * Headers that this client would not write and others do: the server accepts them, so the router
 * must handle them.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { decide } from '../../../routing/destination.js';
import { chained } from '../../../routing/event-headers.js';
import { RawHeaders } from '../../../routing/raw-headers.js';
import { routeDelivery } from '../../../router/outgoing.js';
import { drained, readRouted } from './flood.js';
import { routerInProcess, type TestRouter } from './in-process.js';
import { freshStreams, openWorld, type TestWorld } from './world.js';

let world: TestWorld;
let router: TestRouter | undefined;
beforeAll(async () => {
  world = await openWorld();
});
beforeEach(() => freshStreams(world));
afterEach(async () => {
  await router?.stop();
  router = undefined;
});
afterAll(() => world.close());

async function publish(payload: string, block?: string): Promise<void> {
  const headers = block === undefined ? undefined : new RawHeaders(Buffer.from(block, 'latin1'));
  await world.nc
    .jetstream()
    .publish('events.raw.X', payload, headers === undefined ? {} : { headers });
}

it.each([
  ['a name that is no ASCII', 'NATS/1.0\r\nGr\xf6\xdfe: 1\r\n\r\n'],
  ['a name with a space', 'NATS/1.0\r\ntwo words: 1\r\n\r\n'],
  ['no name', 'NATS/1.0\r\n: 1\r\n\r\n'],
  ['a line feed in a value', 'NATS/1.0\r\nA: 1\n2\r\n\r\n'],
  ['a carriage return in a value', 'NATS/1.0\r\nA: 1\r2\r\n\r\n'],
  ['a status of its own', 'NATS/1.0 503 Nobody\r\nA: 1\r\n\r\n'],
  ['no version line', 'A: 1\r\n\r\n'],
])(
  'an event with %s at the end of the log does not hide the position from a router',
  async (_what, block) => {
    router = await routerInProcess(world.servers);
    await publish('{"n":1}', block);
    await drained(world.nc);
    await router.stop();
    router = await routerInProcess(world.servers);
    await publish('{"n":2}');
    await drained(world.nc);
    const stored = (await readRouted(world.nc)).map(({ payload }) =>
      Buffer.from(payload).toString(),
    );
    expect(stored).toEqual(['{"n":1}', '{"n":2}']);
  },
);

const NAME = 'Nats-Expected-Last-Sequence';
it.each([
  ['in a value', 'X', `NATS/1.0\r\nA: ${NAME}${NAME}\r\n\r\n`, '{}'],
  ['at the beginning', 'X', `${NAME}: 1\r\n\r\n`, '{}'],
  ['behind one byte', 'X', `x${NAME}: 1\r\n\r\n`, '{}'],
  ['in the subject of what goes to the DLQ', `${NAME}${NAME}`, undefined, '{'],
])(
  'an event that contains the chain’s header %s is still stored in its place only',
  async (_what, type, block, payload) => {
    const headers = block === undefined ? null : Buffer.from(block);
    const delivery = {
      subject: `events.raw.${type}`,
      header: headers,
      payload: Buffer.from(payload),
      rawSequence: 1,
    };
    const rules = {
      covers: () => true,
      sandboxOf: () => undefined,
      isAddressee: () => false,
    };
    const limits = { maxPayload: 1_048_576, maxControlLine: 4_096 };
    const { outgoing } = routeDelivery(
      delivery,
      (subject, event) => decide(rules, subject, event),
      limits,
    );
    // The log ends at 0, and the message expects 7.
    const own = new RawHeaders(chained(outgoing.headers, 7, 1));
    const { nc } = world;
    const answer = await nc.request(outgoing.subject, outgoing.payload, {
      headers: own,
      timeout: 2_000,
    });
    expect(answer.json()).toMatchObject({ error: { description: 'wrong last sequence: 0' } });
    expect(outgoing.subject).toBe('dlq.malformed');
    expect(Buffer.from(outgoing.payload).toString()).toBe(payload);
  },
);
