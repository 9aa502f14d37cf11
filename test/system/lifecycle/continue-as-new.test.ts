import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseSandboxId, workflowId } from '../../../domain/names.js';
import { openTemporal, type TemporalClient } from '../../../platform/temporal.js';
import { startOwnTemporal, type OwnTemporal } from '../../support/own-temporal.js';
import { freeze } from '../../support/freeze.js';
import { openAdmin, openClient, someGuild, someOwner, until } from '../../support/stack.js';

/** The long form: `UPDATES=3000 npm test -- test/system/lifecycle/continue-as-new`. */
const UPDATES = Number(process.env.UPDATES ?? 160);
/** The server suggests continue-as-new from this many events on. Its default is 4,096. */
const SUGGESTED = UPDATES > 1_000 ? 200 : 60;
/** Fewer than the server's limit of ten updates at once. */
const AT_ONCE = 8;

let own: OwnTemporal;
let temporal: TemporalClient;

beforeAll(async () => {
  own = await startOwnTemporal({ 'limit.historyCount.suggestContinueAsNew': String(SUGGESTED) });
  [temporal] = await Promise.all([openTemporal(own.address, 'default'), own.startWorker()]);
});

afterAll(async () => {
  await temporal.close();
  await own.close();
});

/** Makes every `call(i)`, at most eight at once, without a pause. */
async function pump(count: number, call: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let i = next++; i < count; i = next++) await call(i);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

describe('continue-as-new', () => {
  it(`loses none of ${UPDATES} updates without pauses, and applies none twice`, async () => {
    const client = openClient({ ...own.env, SANDBOX_OWNER: someOwner() });
    const sandbox = await client.create({ ttl: '1h' });
    const guilds = Array.from({ length: 4 }, someGuild);
    let extended = 0;
    await pump(UPDATES, async (i) => {
      const guild = guilds[i % 20];
      if (guild === undefined) {
        extended += 1;
        await client.extend(sandbox.id, '1m');
      } else await client.registerGuild(sandbox.id, guild);
    });
    const after = await client.get(sandbox.id);
    expect(Date.parse(after.expiresAt) - Date.parse(sandbox.expiresAt)).toBe(extended * 60_000);
    expect(after.guildIds).toEqual([...guilds].sort());
    const [audit] = await openAdmin()`SELECT count(*)::int AS count FROM sandbox_audit_log
      WHERE sandbox_id = ${sandbox.id} AND event_type = 'ttl_extended'`;
    expect(audit?.count).toBe(extended);

    const runs: number[] = [];
    const query = `WorkflowId = '${workflowId(parseSandboxId(sandbox.id))}'`;
    for await (const run of temporal.client.workflow.list({ query })) runs.push(run.historyLength);
    console.log(
      `${UPDATES} updates over ${runs.length} runs, of at most ${Math.max(...runs)} events`,
    );
    expect(runs.length).toBeGreaterThan(3);
    expect(Math.max(...runs)).toBeLessThan(4 * SUGGESTED);

    await client.destroy(sandbox.id);
    expect((await client.waitUntilDestroyed(sandbox.id)).status).toBe('destroyed');
  }, 600_000);

  it('does not keep a sandbox alive if its update waits for a server', async () => {
    const client = openClient({ ...own.env, SANDBOX_OWNER: someOwner() });
    const { id } = await client.create({ ttl: '4s' });
    const thaw = await freeze('redis');
    // More events than the server suggests to continue from. All wait for the first one, and that
    // waits for Redis.
    const waiting = Array.from({ length: 10 }, () => client.reset(id).catch(() => undefined));
    await until('it ends', async () => (await client.get(id)).status !== 'running', 8_000);
    await thaw();
    await Promise.all(waiting);
    expect((await client.waitUntilDestroyed(parseSandboxId(id))).status).toBe('destroyed');
  });
});
