import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { projectRoot } from '../../../platform/project-root.js';
import { closeNats, openNats } from '../../../platform/nats.js';
import { makeTenant, postgresAs, redisAs, type Tenant } from '../isolation/tenants.js';
import { openClient, someGuild, someOwner, stackState, until } from '../../support/stack.js';
import { runHome } from '../../support/run-home.js';

const EACH = 20;

/** `bd sandbox exec <sandbox> -- node dist/examples/bot/main.js`; stopped with the test. */
async function startBot({ id }: Tenant): Promise<ChildProcess> {
  const dist = join(projectRoot(), 'dist');
  const child = spawn(
    process.execPath,
    [
      ...[join(dist, 'cli/main.js'), 'sandbox', 'exec', id, '--'],
      ...[process.execPath, join(dist, 'examples/bot/main.js')],
    ],
    {
      env: { PATH: process.env.PATH, SANDBOX_HOME: runHome() },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const [text] = (await once(child.stdout, 'data')) as [Buffer];
  expect(text.toString()).toContain(`bot of ${id} is listening`);
  return child;
}

describe('the example bot', () => {
  it('runs in two sandboxes side by side, each with its own events, profiles and keys', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const guilds = [someGuild(), someGuild()] as const;
    const tenants = [
      await makeTenant(client, { guildIds: [guilds[0]] }),
      await makeTenant(client, { guildIds: [guilds[1]] }),
    ] as const;
    const bots = await Promise.all(tenants.map(startBot));

    const ingest = await openNats(stackState().ingestNatsUrl, 'test');
    onTestFinished(() => closeNats(ingest));
    for (let i = 0; i < EACH * 2; i += 1) {
      const d = { guild_id: guilds[i % 2], author: { id: `90000000000000000${i % 4}` } };
      ingest.publish('events.raw.message.create', JSON.stringify({ t: 'MESSAGE_CREATE', d }));
    }
    await ingest.flush();

    for (const [i, tenant] of tenants.entries()) {
      const sql = await postgresAs(tenant.env);
      const redis = await redisAs(tenant.env);
      onTestFinished(async () => {
        redis.disconnect();
        await sql.end().catch(() => undefined);
      });
      const read = async () =>
        (
          await sql.query<{ guild: string; member: string; score: number }>(
            `SELECT discord_guild_id AS guild, discord_id AS member, activity_score AS score
             FROM profiles JOIN communities c ON c.id = community_id ORDER BY member`,
          )
        ).rows;
      const total = (rows: { score: number }[]) => rows.reduce((sum, { score }) => sum + score, 0);
      await until('its events', async () => total(await read()) >= EACH || null);
      expect(await read()).toEqual(
        [i, i + 2].map((member) => ({
          guild: guilds[i],
          member: `90000000000000000${member}`,
          score: EACH / 2,
        })),
      );
      expect(await redis.get(`sandbox:${tenant.id}:last-event`)).toBe(
        `sandbox.${tenant.id}.events.message.create`,
      );
    }

    for (const bot of bots) {
      bot.kill('SIGTERM');
      const [code] = (await once(bot, 'exit')) as [number];
      expect(code).toBe(0);
    }
    for (const { id } of tenants) await client.destroy(id);
  });
});
