/**
 * The attack corpus on NATS: one sandbox attacks another and the control plane. Each refused attack
 * has a positive control.
 */
import { headers } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { delay } from '../../../platform/deadline.js';
import { closeNats, openNats } from '../../../platform/nats.js';
import { natsAs, variable } from '../isolation/tenants.js';
import { someGuild, stackState, until } from '../../support/stack.js';
import { filled, openField, type Field } from './field.js';
import * as nats from './nats.js';
import { setTrap } from './trap.js';

let field: Field;
let refused = 0;
const tried =
  nats.NATS_PUBLISH.length +
  nats.NATS_SUBSCRIBE.length +
  nats.NATS_QUEUES.length +
  nats.NATS_HEADERS.length +
  nats.REPLY_TARGETS.length * nats.REPLY_REQUESTS.length +
  nats.NATS_HEADERS.length +
  nats.REPLY_TARGETS.length +
  nats.REPLY_TARGETS.length * nats.READERS.flatMap(([, requests]) => requests).length;

beforeAll(async () => {
  field = await openField();
});
afterAll(async () => {
  console.log(`attacks on NATS: ${refused} of ${tried} refused`);
  await field.close();
});

describe('NATS refuses to', () => {
  /** The subject of the first permission error that `act` caused, or null. */
  async function refusal(act: () => void): Promise<string | null> {
    const { nats: connection } = field;
    const seen: string[] = [];
    const events = connection.status();
    void (async () => {
      for await (const { permissionContext } of events)
        if (permissionContext !== undefined) seen.push(permissionContext.subject);
    })();
    act();
    await connection.flush();
    // The server reports the error before it answers the flush. The iterator may need a turn more.
    for (let i = 0; i < 3 && seen.length === 0; i += 1) await delay(1);
    return seen[0] ?? null;
  }

  it.each(nats.NATS_PUBLISH)('take what a sandbox publishes on %s', async (text) => {
    const subject = filled(text, field);
    expect(await refusal(() => field.nats.publish(subject, 'x'))).toBe(subject);
    expect(
      await refusal(() => field.nats.publish(filled(nats.NATS_PUBLISH_OWN, field), 'x')),
    ).toBeNull();
    refused += 1;
  });

  it.each(nats.NATS_SUBSCRIBE)('let a sandbox subscribe to %s', async (text) => {
    const subject = filled(text, field);
    const nothing = { callback: () => undefined };
    expect(await refusal(() => void field.nats.subscribe(subject, nothing))).toBe(subject);
    for (const own of ['sandbox.{a}.app.>', '_INBOX_{a}.>'])
      expect(
        await refusal(() => field.nats.subscribe(filled(own, field), nothing).unsubscribe(1)),
      ).toBeNull();
    refused += 1;
  });

  it.each(nats.NATS_QUEUES)(
    'let a sandbox take others’ messages by a queue on %s',
    async (text) => {
      const group = { queue: 'callout', callback: () => undefined };
      const subject = filled(text, field);
      expect(await refusal(() => void field.nats.subscribe(subject, group))).toBe(subject);
      const own = filled('sandbox.{a}.app.>', field);
      expect(await refusal(() => field.nats.subscribe(own, group).unsubscribe(1))).toBeNull();
      refused += 1;
    },
  );

  it('obey a header of a sandbox’s message outside its account', async () => {
    const admin = await openNats(stackState().urls.admin.nats, 'test');
    const attacker = await natsAs(field.attacker.env);
    try {
      const jsm = await admin.jetstreamManager();
      // The state of each stream. The routers' bucket is left out: it changes by itself.
      const held = async () =>
        Promise.all(
          ['ROUTED', 'RAW', 'DLQ'].map(async (name) => (await jsm.streams.info(name)).state),
        );
      const heard: string[] = [];
      const listen = (subject: string, connection: typeof admin) =>
        connection.subscribe(subject, {
          callback: (_, { subject: on }) => {
            heard.push(on);
          },
        });
      listen(`sandbox.${field.victim.id}.app.>`, field.victimNats);
      for (const subject of ['*.forged', '*.*.*.forged', `sandbox.${field.attacker.id}.app.>`])
        listen(subject, admin);
      await Promise.all([admin.flush(), field.victimNats.flush()]);
      const before = await held();
      const own = filled(nats.NATS_PUBLISH_OWN, field);
      const kept: string[] = [];
      attacker.subscribe(filled('sandbox.{a}.app.*', field), {
        callback: (_, message) => kept.push(message.subject),
      });
      const inbox = `_INBOX_${field.attacker.id}.answers`;
      const answers: string[] = [];
      attacker.subscribe(inbox, { callback: (_, message) => answers.push(message.string()) });
      const publish = (name: string, text: string) => {
        const header = headers();
        header.set(name, filled(text, field));
        attacker.publish(own, 'x', { headers: header });
        for (const [request, payload] of nats.REPLY_REQUESTS)
          attacker.publish(filled(request, field), payload, { headers: header, reply: inbox });
      };
      for (const [name, text] of nats.NATS_HEADERS) publish(name, text);
      // Inside its own account the server obeys. It refuses a message whose trace would leave the
      // account.
      const trace = filled('sandbox.{a}.app.trace', field);
      publish(nats.TRACE_HEADER, trace);
      const served = nats.NATS_HEADERS.filter(([name]) => name !== nats.TRACE_HEADER).length + 1;
      await until('its own account has them', () =>
        Promise.resolve(
          (kept.filter((subject) => subject === own).length === served && kept.includes(trace)) ||
            null,
        ),
      );
      expect(answers.length).toBeGreaterThan(0);
      await delay(300);
      expect(heard).toEqual([]);
      expect(await held()).toEqual(before);

      // In the control account the server obeys such a header: the stream drops the second message
      // of an id.
      const there = filled('sandbox.{a}.events.own', field);
      const js = admin.jetstream();
      const first = await js.publish(there, 'x', { msgID: 'control' });
      expect(await js.publish(there, 'x', { msgID: 'control' })).toMatchObject({
        duplicate: true,
        seq: first.seq,
      });
      refused += nats.NATS_HEADERS.length;
    } finally {
      await Promise.all([closeNats(admin), closeNats(attacker)]);
    }
  });

  it('carry a reply out of the sandbox’s own account, whatever subject the request names', async () => {
    const admin = await openNats(stackState().urls.admin.nats, 'test');
    const attacker = await natsAs(field.attacker.env);
    try {
      const trap = await setTrap(admin, field);
      // Events to deliver, so that each request has an answer with content.
      const own = `sandbox.${field.attacker.id}.events.own`;
      for (let i = 0; i < nats.REPLY_TARGETS.length; i += 1)
        await admin.jetstream().publish(own, `event ${i}`);
      const before = await trap.touched();
      for (const target of nats.REPLY_TARGETS) {
        for (const [request, payload] of nats.REPLY_REQUESTS)
          attacker.publish(filled(request, field), payload, { reply: filled(target, field) });
      }
      await attacker.flush();
      await delay(300);
      expect(await trap.touched()).toEqual(before);
      expect(trap.heard).toEqual([]);

      // The same requests with an allowed reply subject are answered.
      const info = await attacker.request(`SB.API.CONSUMER.INFO.ROUTED.sb_${field.attacker.id}`);
      expect(info.string()).toContain(`sb_${field.attacker.id}`);
      await admin.jetstream().publish(own, 'for the control');
      const js = attacker.jetstream({
        apiPrefix: variable(field.attacker.env, 'NATS_API_PREFIX'),
      });
      const consumer = await js.consumers.get('ROUTED', `sb_${field.attacker.id}`);
      expect((await consumer.next({ expires: 2_000 }))?.string()).toMatch(
        /^event|^for the control/,
      );

      // A user of the control account does make the server store its answer, so the trap works.
      const there = `sandbox.${field.attacker.id}.events.forged`;
      const ask = `$JS.API.CONSUMER.INFO.ROUTED.sb_${field.attacker.id}`;
      admin.publish(ask, '', { reply: there });
      await until('the forgery', async () => {
        const { forged } = (await trap.touched()) as { forged: string[] };
        return forged.includes(there) || null;
      });
      refused += nats.REPLY_TARGETS.length * nats.REPLY_REQUESTS.length;
    } finally {
      await Promise.all([closeNats(admin), closeNats(attacker)]);
    }
  });

  it('let the user of `bd` do more to an event than address it', async () => {
    const admin = await openNats(stackState().urls.admin.nats, 'test');
    const bd = await openNats(stackState().urls.client.nats, 'test');
    try {
      const trap = await setTrap(admin, field);
      const { streams } = await admin.jetstreamManager();
      const first = async () => (await streams.info('RAW')).state.first_seq;
      await bd.jetstream().publish('events.raw.for.sb0000000000.attack', 'stays');
      const [firstBefore, { state: before }] = [await first(), await streams.info('ROUTED')];
      // The address of no sandbox, so all these events go to the DLQ.
      const subject = 'events.raw.for.sb0000000000.attack';
      const publish = (header?: ReturnType<typeof headers>, reply?: string) =>
        bd.publish(subject, `{"guild_id":"${someGuild()}"}`, {
          ...(header === undefined ? {} : { headers: header }),
          ...(reply === undefined ? {} : { reply }),
        });
      for (const [name, text] of nats.NATS_HEADERS) {
        const header = headers();
        header.set(name, filled(text, field));
        publish(header);
      }
      for (const target of nats.REPLY_TARGETS) publish(undefined, filled(target, field));
      // The control: a plain event is stored and acknowledged.
      const { seq } = await bd.jetstream().publish(subject, '{}');
      const query = { last_by_subj: 'dlq.addressee' };
      const last = await until('it is routed', async () => {
        const message = await streams.getMessage('ROUTED', query).catch(() => null);
        return message?.header.get('Raw-Seq') === String(seq) ? message : null;
      });
      expect(trap.heard).toEqual([]);
      expect(await first()).toBe(firstBefore);
      for (let at = before.last_seq + 1; at <= last.seq; at += 1) {
        const { subject: stored } = await streams.getMessage('ROUTED', { seq: at });
        expect(['dlq.addressee', 'router.fence']).toContain(stored);
      }
      refused += nats.NATS_HEADERS.length + nats.REPLY_TARGETS.length;
    } finally {
      await Promise.all([closeNats(admin), closeNats(bd)]);
    }
  });

  it.each(nats.READERS)('send an answer for %s to any other user', async (role, requests) => {
    const admin = await openNats(stackState().urls.admin.nats, 'test');
    const reader = await openNats(stackState().urls[role].nats, 'test');
    try {
      const trap = await setTrap(admin, field);
      const before = await trap.touched();
      for (const target of nats.REPLY_TARGETS) {
        for (const [request, payload] of requests)
          reader.publish(filled(request, field), payload, { reply: filled(target, field) });
      }
      await reader.flush();
      await delay(300);
      expect(await trap.touched()).toEqual(before);
      expect(trap.heard).toEqual([]);
      for (const [request, payload] of requests) {
        const answer = await reader.request(filled(request, field), payload);
        expect(answer.string(), request).toContain('io.nats.jetstream.api.v1.');
      }
      refused += nats.REPLY_TARGETS.length * requests.length;
    } finally {
      await Promise.all([closeNats(admin), closeNats(reader)]);
    }
  });
});
