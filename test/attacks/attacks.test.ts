/** The attack corpus, run from one sandbox against another and the control plane. Each refusal has its positive control. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { delay } from '../../platform/deadline.js';
import { closeNats, openNats } from '../../platform/nats.js';
import { natsAs, postgresAs, variable } from '../isolation/tenants.js';
import { stackState, until } from '../support/stack.js';
import { filled, openField, type Field } from './field.js';
import * as nats from './nats.js';
import {
  POSTGRES_ATTACKS,
  POSTGRES_POSSIBLE,
  POSTGRES_PREPARATION,
  POSTGRES_REFUSALS,
} from './postgres.js';
import { REDIS_ATTACKS, REDIS_PREPARATION, words } from './redis.js';

let field: Field;
const refused = { Postgres: 0, Redis: 0, NATS: 0 };
const tried = {
  Postgres: POSTGRES_ATTACKS.length,
  Redis: REDIS_ATTACKS.length,
  NATS:
    nats.NATS_PUBLISH.length +
    nats.NATS_SUBSCRIBE.length +
    nats.REPLY_TARGETS.length * nats.REPLY_REQUESTS.length,
};

beforeAll(async () => {
  field = await openField();
  await field.sql.query(POSTGRES_PREPARATION);
  for (const command of REDIS_PREPARATION) await redisCall(command);
});
afterAll(async () => {
  for (const server of ['Postgres', 'Redis', 'NATS'] as const)
    console.log(`attacks on ${server}: ${refused[server]} of ${tried[server]} refused`);
  await field.close();
});

const query = async (text: string): Promise<number | null> => {
  await field.sql.query('BEGIN');
  try {
    const { rowCount } = await field.sql.query(filled(text, field));
    await field.sql.query('COMMIT');
    return rowCount;
  } catch (error) {
    await field.sql.query('ROLLBACK');
    throw error;
  }
};
/** Outside a transaction: some statements refuse one before they look at rights. */
const queryAlone = (text: string) => field.sql.query(filled(text, field));
const needsTransaction = (text: string) => text.startsWith('LOCK');

function redisCall(text: string): Promise<unknown> {
  const [command = '', ...args] = words(filled(text, field));
  return field.redis.call(command, ...args);
}

describe('Postgres refuses to', () => {
  it.each(POSTGRES_ATTACKS)('%s', async (_, attack, control) => {
    const run = needsTransaction(attack) ? query : queryAlone;
    const error: unknown = await run(attack).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error, `${attack} succeeded`).not.toBeNull();
    expect(POSTGRES_REFUSALS, String(error)).toContain((error as { code?: string }).code);
    if (/COPY .* TO STDOUT|SESSION|ROLE/.test(control)) await queryAlone(control);
    else await query(control);
    refused.Postgres += 1;
  });
});

it('Postgres grants nobody a way into a schema, though it only warns of it', async () => {
  const theirs = await postgresAs(field.victim.env);
  try {
    await queryAlone('GRANT USAGE ON SCHEMA sandbox_{a} TO sandbox_{b}');
    // What is its own it may share, and it is of no use: the schema stays closed.
    await queryAlone('GRANT SELECT ON sandbox_{a}.communities TO sandbox_{b}');
    await expect(theirs.query(filled('TABLE sandbox_{a}.communities', field))).rejects.toThrow(
      /permission denied for schema/,
    );
  } finally {
    await theirs.end();
  }
});

it.each(POSTGRES_POSSIBLE)('Postgres lets a sandbox %s, as documented', async (_, text) => {
  expect(await query(text)).toBeGreaterThan(0);
});

describe('Redis refuses to', () => {
  it.each(REDIS_ATTACKS)('%s', async (_, attack, control) => {
    // Some come as a script's own error, some from before the user's rights are looked at (DEBUG, MODULE).
    await expect(redisCall(attack)).rejects.toThrow(/NOPERM|ACL|not allowed/);
    await redisCall(control);
    refused.Redis += 1;
  });
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
    for (let i = 0; i < 20 && seen.length === 0; i += 1) await delay(1);
    return seen[0] ?? null;
  }

  it.each(nats.NATS_PUBLISH)('take what a sandbox publishes on %s', async (text) => {
    const subject = filled(text, field);
    expect(await refusal(() => field.nats.publish(subject, 'x'))).toBe(subject);
    expect(
      await refusal(() => field.nats.publish(filled(nats.NATS_PUBLISH_OWN, field), 'x')),
    ).toBeNull();
    refused.NATS += 1;
  });

  it.each(nats.NATS_SUBSCRIBE)('let a sandbox subscribe to %s', async (text) => {
    const subject = filled(text, field);
    const nothing = { callback: () => undefined };
    expect(await refusal(() => void field.nats.subscribe(subject, nothing))).toBe(subject);
    for (const own of ['sandbox.{a}.app.>', '_INBOX_{a}.>'])
      expect(
        await refusal(() => field.nats.subscribe(filled(own, field), nothing).unsubscribe(1)),
      ).toBeNull();
    refused.NATS += 1;
  });

  it('carry a reply out of the sandbox’s own account, whatever subject the request names', async () => {
    const admin = await openNats(stackState().urls.admin.nats, 'test');
    const attacker = await natsAs(field.attacker.env);
    try {
      const jsm = await admin.jetstreamManager();
      const stored = () =>
        jsm.streams
          .info('ROUTED', { subjects_filter: '>' })
          .then(({ state }) => Object.entries(state.subjects ?? {}));
      const forged = async () =>
        (await stored()).filter(
          ([subject]) => subject.includes('forged') || subject === `sandbox.${field.victim.id}.>`,
        );
      const heard: string[] = [];
      const listen = (subject: string, connection: typeof admin) =>
        connection.subscribe(subject, {
          callback: (_, message) => {
            heard.push(message.subject);
          },
        });
      listen(`_INBOX_${field.victim.id}.>`, field.victimNats);
      listen(`sandbox.${field.victim.id}.app.>`, field.victimNats);
      for (const subject of ['*.forged', '*.*.*.forged', '*.raw.forged', '$KV.ROUTERS.forged'])
        listen(subject, admin);
      await Promise.all([admin.flush(), field.victimNats.flush()]);
      const before = (await jsm.consumers.info('ROUTED', `sb_${field.victim.id}`)).ack_floor;

      // There is an event to be delivered, so that every request has an answer with content.
      const own = `sandbox.${field.attacker.id}.events.own`;
      for (let i = 0; i < nats.REPLY_TARGETS.length; i += 1)
        await admin.jetstream().publish(own, `event ${i}`);
      const lastSequence = async () => (await jsm.streams.info('ROUTED')).state.last_seq;
      const end = await lastSequence();
      for (const target of nats.REPLY_TARGETS) {
        for (const [request, payload] of nats.REPLY_REQUESTS)
          attacker.publish(filled(request, field), payload, { reply: filled(target, field) });
      }
      await attacker.flush();
      await delay(300);
      expect(await lastSequence()).toBe(end);
      expect(await forged()).toEqual([]);
      expect(heard).toEqual([]);
      expect((await jsm.consumers.info('ROUTED', `sb_${field.victim.id}`)).ack_floor).toEqual(
        before,
      );

      // The same requests with a reply subject of its own are answered.
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

      // And a user of the control account does get the server to store its answer: the trap would have been seen.
      const there = `sandbox.${field.attacker.id}.events.forged`;
      const ask = `$JS.API.CONSUMER.INFO.ROUTED.sb_${field.attacker.id}`;
      admin.publish(ask, '', { reply: there });
      await until('the forgery', async () => (await forged()).length > 0 || null);
      refused.NATS += nats.REPLY_TARGETS.length * nats.REPLY_REQUESTS.length;
    } finally {
      await Promise.all([closeNats(admin), closeNats(attacker)]);
    }
  });
});
