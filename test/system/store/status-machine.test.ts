import { customAlphabet } from 'nanoid';
import { describe, expect, it } from 'vitest';
import { SANDBOX_STATUSES, TRANSITIONS, type SandboxStatus } from '../../../domain/status.js';
import { openAdmin, someGuild, someName } from '../../support/stack.js';

const random = customAlphabet('0123456789abcdefghijklmnopqrstuvwxyz', 10);

/** The statuses on the way to each status. */
const WAY: Record<SandboxStatus, SandboxStatus[]> = {
  pending: [],
  creating: ['creating'],
  running: ['creating', 'running'],
  expired: ['creating', 'running', 'expired'],
  destroying: ['destroying'],
  destroyed: ['destroying', 'destroyed'],
};

async function rowIn(sql: ReturnType<typeof openAdmin>, status: SandboxStatus): Promise<string> {
  const id = `sb${random()}`;
  await sql`INSERT INTO sandboxes (id, name, owner, expires_at) VALUES (${id}, ${someName()}, 'status-machine', now() + interval '1s')`;
  for (const step of WAY[status]) await sql`UPDATE sandboxes SET status = ${step} WHERE id = ${id}`;
  return id;
}

describe('the database enforces the status machine', () => {
  it.each(SANDBOX_STATUSES)('from %s', async (from) => {
    const sql = openAdmin();
    for (const to of SANDBOX_STATUSES.filter((status) => status !== from)) {
      const id = await rowIn(sql, from);
      const attempt = sql`UPDATE sandboxes SET status = ${to} WHERE id = ${id}`;
      if (TRANSITIONS[from].includes(to)) await attempt;
      else await expect(attempt, `${from} → ${to}`).rejects.toMatchObject({ code: 'SB007' });
      await sql`DELETE FROM sandboxes WHERE id = ${id}`;
    }
  });

  it('lets a row begin only as pending', async () => {
    const insert = openAdmin()`INSERT INTO sandboxes (id, name, owner, status, expires_at)
      VALUES (${`sb${random()}`}, 'x', 'x', 'running', now())`;
    await expect(insert).rejects.toMatchObject({ code: 'SB007' });
  });

  it('keeps destroyed_at stable', async () => {
    const sql = openAdmin();
    const id = await rowIn(sql, 'destroyed');
    const [before] = await sql`SELECT destroyed_at FROM sandboxes WHERE id = ${id}`;
    expect(before?.destroyed_at).toBeInstanceOf(Date);
    await sql`UPDATE sandboxes SET destroyed_at = now() + interval '1 day', cleanup_error = 'x' WHERE id = ${id}`;
    expect((await sql`SELECT destroyed_at FROM sandboxes WHERE id = ${id}`)[0]).toEqual(before);
  });

  it('updates routes and their version with mappings, also in a cascade', async () => {
    const sql = openAdmin();
    const id = await rowIn(sql, 'running');
    const guild = someGuild();
    const version = async () =>
      Number((await sql`SELECT version FROM sandbox_route_version`)[0]?.version);
    const route = async () =>
      (await sql`SELECT sandbox_id FROM sandbox_routes WHERE guild_id = ${guild}`)[0]
        ?.sandbox_id as string | null | undefined;
    const start = await version();
    await sql`INSERT INTO sandbox_guild_mapping (guild_id, sandbox_id) VALUES (${guild}, ${id})`;
    expect([await version(), await route()]).toEqual([start, undefined]);
    await sql`UPDATE sandbox_guild_mapping SET active = true WHERE guild_id = ${guild}`;
    expect([await version(), await route()]).toEqual([start + 1, id]);
    await sql`DELETE FROM sandboxes WHERE id = ${id}`;
    // The guild's route and the sandbox's address.
    expect([await version(), await route()]).toEqual([start + 3, null]);
  });

  it('allows addressed events for a running sandbox only; each change is a version', async () => {
    const sql = openAdmin();
    const stateOf = async (id: string) => {
      const [row] = await sql`
        SELECT active, a.version = v.version AS newest
        FROM sandbox_addressees a, sandbox_route_version v WHERE sandbox_id = ${id}`;
      return row ?? null;
    };
    for (const status of SANDBOX_STATUSES) {
      const id = await rowIn(sql, status);
      const ran = WAY[status].includes('running');
      expect(await stateOf(id), status).toEqual(
        ran ? { active: status === 'running', newest: true } : null,
      );
      const activation = sql`SELECT activate_sandbox_routes(${id})`;
      if (['creating', 'running'].includes(status)) {
        await activation;
        expect(await stateOf(id), status).toEqual({ active: true, newest: true });
      } else {
        await expect(activation, status).rejects.toMatchObject({ code: 'SB007' });
        expect((await stateOf(id))?.active ?? false, status).toBe(false);
      }
      await sql`DELETE FROM sandboxes WHERE id = ${id}`;
      expect((await stateOf(id))?.active ?? false, status).toBe(false);
    }
    await expect(sql`SELECT activate_sandbox_routes('sb0000000000')`).rejects.toMatchObject({
      ...{ code: 'SB007', message: 'sandbox sb0000000000 is unknown' },
    });
  });
});
