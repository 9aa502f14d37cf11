import { connect } from 'nats';
import { customAlphabet } from 'nanoid';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseSandboxId } from '../../../domain/names.js';
import { openRedis } from '../../../platform/redis.js';
import { openTemporal } from '../../../platform/temporal.js';
import { natsLogin, parseNatsUrl } from '../../../platform/nats.js';
import { delay } from '../../../platform/deadline.js';
import { leftoversOf } from '../../support/leftovers.js';
import {
  openAdmin,
  openClient,
  someGuild,
  someOwner,
  stackConfig,
  stackState,
  until,
} from '../../support/stack.js';
import { openTenant } from '../../support/tenant.js';

const random = customAlphabet('0123456789abcdefghijklmnopqrstuvwxyz', 10);

async function openParts() {
  const { urls, temporal } = stackState();
  const sql = openAdmin();
  const redis = await openRedis(urls.admin.redis, 'test');
  const nats = await connect(natsLogin(parseNatsUrl(urls.admin.nats)));
  const client = await openTemporal(temporal.address, 'default');
  onTestFinished(async () => {
    redis.disconnect();
    await nats.close();
    await client.close();
  });
  return { sql, redis, jsm: await nats.jetstreamManager(), workflow: client.client.workflow };
}

describe('the sweep', () => {
  it('removes orphans of every kind, of this installation only, and nothing of a live sandbox', async () => {
    const { sql, redis, jsm } = await openParts();
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const live = await client.create({ ttl: '1h', guildIds: [someGuild()] });
    const orphan = `sb${random()}`;
    const foreign = `sb${random()}`;
    const [installation] = await sql<{ id: string }[]>`SELECT id FROM sandbox_installation`;
    const old = '2020-01-01T00:00:00.000Z';
    for (const [id, owner] of [
      [orphan, installation!.id],
      [foreign, 'another-installation'],
    ] as const) {
      const mark = JSON.stringify({ installation: owner, createdAt: old });
      await sql.unsafe(
        `CREATE SCHEMA sandbox_${id} AUTHORIZATION bd_control; COMMENT ON SCHEMA sandbox_${id} IS '${mark}'`,
      );
      await redis.hset('sandbox:registry', id, mark);
      await redis.set(`sandbox:${id}:key`, 'x');
      await redis.call('ACL', 'SETUSER', `sandbox_${id}`, 'on');
      await jsm.consumers.add('ROUTED', {
        durable_name: `sb_${id}`,
        filter_subject: `sandbox.${id}.events.>`,
        metadata: { installation: owner, createdAt: old },
      });
    }
    // These only look like ours: another prefix, and a plain schema of the SQL function.
    await sql`SELECT create_sandbox_schema('sweep_me_not')`;
    await sql.unsafe(`CREATE SCHEMA "sandboxX${orphan}"`);
    const routes = (of: string): string => `sandbox:routes:${of}:map`;
    await redis.hset(routes(installation!.id), '99999999999999999', `1:${orphan}`);
    // And the address of the orphan itself.
    await redis.hset(routes(installation!.id), orphan, `1:${orphan}`);
    await redis.hset(routes('another-installation'), '99999999999999998', `1:${foreign}`);

    const dry = await client.sweep({ dryRun: true });
    expect(new Set(dry.orphans.filter((o) => o.sandboxId === orphan).map((o) => o.kind))).toEqual(
      new Set(['schema', 'keyspace', 'acl-user', 'consumer', 'route']),
    );
    expect(dry.orphans.every(({ removed }) => !removed)).toBe(true);
    expect(dry.orphans.map(({ sandboxId }) => sandboxId)).not.toContain(live.id);
    expect(await leftoversOf(stackState().urls.admin, orphan)).not.toEqual([]);

    const report = await client.sweep({ dryRun: false });
    expect(report.orphans.filter((o) => o.error !== undefined)).toEqual([]);
    expect(await leftoversOf(stackState().urls.admin, orphan)).toEqual([]);
    expect((await leftoversOf(stackState().urls.admin, foreign)).length).toBe(6);
    expect((await client.status(live.id)).health).toBe('healthy');
    expect((await sql`SELECT sandbox_schema_exists('sweep_me_not') AS yes`)[0]?.yes).toBe(true);
    expect(
      await sql`SELECT 1 FROM pg_namespace WHERE nspname = ${`sandboxX${orphan}`}`,
    ).toHaveLength(1);
    expect((await client.sweep({ dryRun: true })).orphans).toEqual([]);

    await sql.unsafe(`DROP SCHEMA "sandboxX${orphan}"; DROP SCHEMA sandbox_${foreign}`);
    await sql`SELECT drop_sandbox_schema('sweep_me_not')`;
    await redis.hdel('sandbox:registry', foreign);
    await redis.del(routes('another-installation'));
    await redis.call('ACL', 'DELUSER', `sandbox_${foreign}`);
    await redis.del(`sandbox:${foreign}:key`);
    await jsm.consumers.delete('ROUTED', `sb_${foreign}`);
    await client.destroy(live.id);
  });

  it('restarts the workflow of a terminated sandbox, with the old expiry', async () => {
    const { workflow } = await openParts();
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const sandbox = await client.create({ ttl: '1h', guildIds: [someGuild()] });
    await workflow.getHandle(sandbox.workflowId).terminate('by a person');
    expect((await client.status(sandbox.id)).health).toBe('unhealthy');
    const { revived } = await client.sweep({ dryRun: false });
    expect(revived).toEqual([{ sandboxId: sandbox.id, status: 'running', as: 'resume' }]);
    await until(
      'healthy again',
      async () => (await client.status(sandbox.id)).health === 'healthy',
    );
    expect(await client.get(sandbox.id)).toEqual(sandbox);
    await client.extend(sandbox.id, '1h');
    await client.destroy(sandbox.id);
    await client.waitUntilDestroyed(parseSandboxId(sandbox.id));
    expect(await leftoversOf(stackState().urls.admin, sandbox.id)).toEqual([]);
  });

  it('finishes a reset whose workflow was terminated midway', async () => {
    const { sql, workflow } = await openParts();
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id, workflowId } = await client.create({ ttl: '1h' });
    const before = await openTenant(client, id);
    await before.sql.query(`INSERT INTO communities (name) VALUES ('old')`);
    await before.redis.set(`sandbox:${id}:old`, '1');
    // The first step of a reset, and nothing more.
    await sql`UPDATE sandboxes SET rotation = 1 WHERE id = ${id}`;
    await workflow.getHandle(workflowId).terminate('by a person');
    await client.sweep({ dryRun: false, sandboxId: parseSandboxId(id) });
    const after = await until('the new credentials work', () =>
      openTenant(client, id).catch(() => null),
    );
    expect((await after.sql.query('SELECT name FROM communities')).rows).toEqual([]);
    expect(await after.redis.get(`sandbox:${id}:old`)).toBeNull();
    await client.destroy(id);
  });

  it('cleans up rows left behind by an interrupted create or clean-up', async () => {
    const { sql } = await openParts();
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const stuck = [`sb${random()}`, `sb${random()}`] as const;
    for (const [i, id] of stuck.entries()) {
      await sql`INSERT INTO sandboxes (id, name, owner, expires_at) VALUES (${id}, ${`stuck-${id}`}, 'sweep', now() + interval '1h')`;
      await sql`UPDATE sandboxes SET status = ${i === 0 ? 'creating' : 'destroying'} WHERE id = ${id}`;
    }
    const { revived } = await client.sweep({ dryRun: false });
    expect(revived.map(({ as }) => as)).toEqual(['cleanUp', 'cleanUp']);
    for (const id of stuck) {
      await until(`${id} destroyed`, async () => (await client.get(id)).status === 'destroyed');
    }
  });

  it('never touches a sandbox that is created during the sweep', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const state = { sweeping: true };
    const sweeps = (async () => {
      const seen: string[] = [];
      while (state.sweeping)
        seen.push(
          ...(await client.sweep({ dryRun: false })).orphans.map(({ sandboxId }) => sandboxId),
        );
      return seen;
    })();
    const made = [];
    for (let i = 0; i < 15; i += 1)
      made.push(await client.create({ ttl: '1h', owner: someOwner(), guildIds: [someGuild()] }));
    await delay(200);
    state.sweeping = false;
    expect(await sweeps).toEqual([]);
    for (const { id } of made) expect((await client.status(id)).health).toBe('healthy');
    await Promise.all(made.map(({ id }) => client.destroy(id)));
  });

  it('does not run twice at once, whoever starts it', async () => {
    const { workflow } = await openParts();
    const { client } = await openTemporal(stackState().temporal.address, 'default');
    // Stands in for a long sweep: no worker polls its queue.
    const long = await workflow.start('sweepWorkflow', {
      workflowId: 'sandbox-sweep',
      taskQueue: 'nobody',
      args: [{ dryRun: false }],
    });
    const schedule = client.schedule.getHandle('sandbox-sweep');
    const before = (await schedule.describe()).info.numActionsTaken;
    await schedule.trigger();
    await until('the triggered sweep is over', async () => {
      const { info } = await schedule.describe();
      return info.numActionsTaken > before && info.runningActions.length === 0;
    });
    const { recentActions } = (await schedule.describe()).info;
    const { workflow: started } = recentActions.at(-1)!.action;
    expect(await workflow.getHandle(started.workflowId).result()).toBeNull();
    // A dry run does not wait, and no other sweep joins it.
    const dry = await openClient({ SANDBOX_OWNER: someOwner() }).sweep({ dryRun: true });
    expect(dry.orphans).toEqual([]);
    await long.terminate('the test is over');
    const real = await openClient({ SANDBOX_OWNER: someOwner() }).sweep({ dryRun: false });
    expect(real.orphans).toEqual([]);
  });

  it('is scheduled, one at a time, without catching up', async () => {
    const { schedule } = (await openTemporal(stackState().temporal.address, 'default')).client;
    const { spec, policies } = await schedule.getHandle('sandbox-sweep').describe();
    expect(spec.intervals?.[0]?.every).toBe(stackConfig().sweep.intervalMs);
    expect(policies).toMatchObject({ overlap: 'SKIP', catchupWindow: 60_000 });
  });
});
