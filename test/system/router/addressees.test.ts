/**
 * A sandbox takes addressed events from the return of its create to the return of its destroy, with
 * or without guilds.
 */
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseSandboxId, type SandboxId } from '../../../domain/names.js';
import { STREAMS } from '../../../routing/subjects.js';
import { delay } from '../../../platform/deadline.js';
import { closeNats, openNats, type NatsConnection } from '../../../platform/nats.js';
import { addressedSubject } from '../../../routing/addressed.js';
import { freeze } from '../../support/freeze.js';
import { ghosts } from '../../support/ghosts.js';
import { leftoversOf } from '../../support/leftovers.js';
import {
  openAdmin,
  openClient,
  someName,
  someOwner,
  stackState,
  until,
} from '../../support/stack.js';

async function openIngest(): Promise<{ ingest: NatsConnection; admin: NatsConnection }> {
  const { urls, ingestNatsUrl } = stackState();
  const [ingest, admin] = await Promise.all([
    openNats(ingestNatsUrl, 'test'),
    openNats(urls.admin.nats, 'test'),
  ]);
  onTestFinished(async () => {
    await Promise.all([closeNats(ingest), closeNats(admin)]);
  });
  return { ingest, admin };
}

async function storedOf(admin: NatsConnection, rawSequence: number): Promise<string> {
  const { streams } = await admin.jetstreamManager();
  return until(`RAW ${rawSequence} is routed`, async () => {
    const { state } = await streams.info(STREAMS.routed);
    for (let seq = state.last_seq; seq >= state.first_seq; seq -= 1) {
      const message = await streams.getMessage(STREAMS.routed, { seq }).catch(() => null);
      if (message === null || message.subject === 'router.fence') continue;
      const raw = Number(message.header.get('Raw-Seq'));
      if (raw === rawSequence) return message.subject;
      if (raw < rawSequence) return null;
    }
    return null;
  });
}

describe('a sandbox without guilds', () => {
  it('takes addressed events as soon as create returns, ten times', async () => {
    const { ingest, admin } = await openIngest();
    for (let i = 0; i < 10; i += 1) {
      const client = openClient({ SANDBOX_OWNER: someOwner() });
      const { id } = await client.create({ ttl: '10m' });
      const subject = addressedSubject('events', parseSandboxId(id), 'X');
      const { seq } = await ingest.jetstream().publish(subject, '{}');
      expect(await storedOf(admin, seq)).toBe(`sandbox.${id}.events.X`);
      await client.destroy(id);
    }
  });

  it('is created only after every live router has confirmed, and leaves nothing if one does not', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const sandboxId = parseSandboxId(`sb${someName().slice(5, 15)}`);
    const end = await ghosts({ 'ghost-old': { version: 0 } });
    await expect(client.create({ sandboxId, ttl: '10m' })).rejects.toMatchObject({
      code: 'SANDBOX_009',
      message: expect.stringContaining('guild-routes') as string,
    });
    await end();
    expect((await client.waitUntilDestroyed(sandboxId)).status).toBe('destroyed');
    expect(await leftoversOf(stackState().urls.admin, sandboxId)).toEqual([]);
  }, 120_000);

  it('is destroyed only after every live router has confirmed, and the destroy names the missing one', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id } = await client.create({ ttl: '10m' });
    const end = await ghosts({ 'ghost-old': { version: 0 } });
    await client.destroy(id);
    await until('status reports it', async () =>
      (await client.status(id)).cleanupError?.includes('ghost-old'),
    );
    expect((await client.get(id)).status).toBe('destroying');
    await end();
    await client.waitUntilDestroyed(parseSandboxId(id));
    expect(await leftoversOf(stackState().urls.admin, id)).toEqual([]);
  }, 120_000);

  it('gets no addressed event after the return of its destroy, under a flood of them', async () => {
    const { ingest, admin } = await openIngest();
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id } = await client.create({ ttl: '10m' });
    const subject = addressedSubject('events', parseSandboxId(id), 'X');
    const over = new AbortController();
    const flood = (async () => {
      while (!over.signal.aborted) {
        for (let i = 0; i < 20; i += 1) ingest.publish(subject, '{}');
        await delay(5);
      }
    })();
    await until('it has some', async () => ((await client.status(id)).eventsWaiting ?? 0) > 50);
    await client.destroy(id);
    await client.waitUntilDestroyed(parseSandboxId(id));
    await delay(500);
    over.abort();
    await flood;
    const { seq } = await ingest.jetstream().publish(subject, '{}');
    expect(await storedOf(admin, seq)).toBe('dlq.addressee');
    expect(await leftoversOf(stackState().urls.admin, id)).toEqual([]);
  });

  it('stays an addressee after a reset, and while Redis does not answer', async () => {
    const { ingest, admin } = await openIngest();
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id } = await client.create({ ttl: '10m' });
    const publish = async (): Promise<string> => {
      const subject = addressedSubject('commands', parseSandboxId(id), 'X');
      return storedOf(admin, (await ingest.jetstream().publish(subject, '{}')).seq);
    };
    await client.reset(id);
    expect(await publish()).toBe(`sandbox.${id}.commands.X`);
    const thaw = await freeze('redis');
    expect(await publish()).toBe(`sandbox.${id}.commands.X`);
    await thaw();
    await client.destroy(id);
  });
});

describe('a destroyed sandbox', () => {
  it('does not become an addressee again by a function or by its status', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id } = await client.create({ ttl: '10m' });
    const sandboxId: SandboxId = parseSandboxId(id);
    await client.destroy(id);
    await client.waitUntilDestroyed(sandboxId);
    const sql = openAdmin();
    const active = async (): Promise<boolean | undefined> => {
      const [row] = await sql<{ active: boolean }[]>`
        SELECT active FROM sandbox_addressees WHERE sandbox_id = ${id}`;
      return row?.active;
    };
    expect(await active()).toBe(false);
    await expect(sql`SELECT activate_sandbox_routes(${id})`).rejects.toMatchObject({
      code: 'SB007',
    });
    await expect(sql`UPDATE sandboxes SET status = 'running' WHERE id = ${id}`).rejects.toThrow();
    expect(await active()).toBe(false);
  });
});
