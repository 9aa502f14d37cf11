/**
 * `npm run histories` lives one sandbox of each kind and writes its workflow's history to
 * `histories/`. Run it after adding a kind. A recorded history is what released workers have
 * written: it is replayed, never adapted to new code.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signalService } from '../../../deploy/stack/index.js';
import { parseSandboxId, workflowId } from '../../../domain/names.js';
import { delay } from '../../../platform/deadline.js';
import { openTemporal, type TemporalClient } from '../../../platform/temporal.js';
import { startOwnTemporal, type OwnTemporal } from '../../support/own-temporal.js';
import {
  openClient,
  someGuild,
  someName,
  someOwner,
  stackConfig,
  until,
} from '../../support/stack.js';

const FOLDER = new URL('../../unit/workflows/histories/', import.meta.url);

let own: OwnTemporal;
let temporal: TemporalClient;

/** Writes a numbered file for each run of the sandbox's workflow. */
async function record(kind: string, sandboxId: string): Promise<void> {
  const id = workflowId(parseSandboxId(sandboxId));
  const runs: { runId: string; startTime: Date }[] = [];
  await until(`the runs of ${kind} are listed`, async () => {
    runs.length = 0;
    let open = 0;
    for await (const run of temporal.client.workflow.list({ query: `WorkflowId = '${id}'` })) {
      runs.push(run);
      if (run.status.name === 'RUNNING') open += 1;
    }
    return runs.length > 0 && open === 0;
  });
  runs.sort((a, b) => a.startTime.getTime() - b.startTime.getTime());
  for (const [i, { runId }] of runs.slice(0, 3).entries()) {
    const name = i === 0 ? `${kind}.json` : `${kind}.${i + 1}.json`;
    await writeFile(new URL(name, FOLDER), `${scrubbed(await historyOf(id, runId))}\n`);
  }
}

/**
 * JSON as the server writes it: the SDK's own writer fails with a second copy of protobufjs under
 * vitest.
 */
async function historyOf(id: string, runId: string): Promise<string> {
  const url = `${own.apiUrl}/namespaces/default/workflows/${id}/history?execution.runId=${runId}`;
  const headers = { accept: 'application/json+no-payload-shorthand' };
  const response = await fetch(url, { headers });
  const { history } = (await response.json()) as { history: unknown };
  return JSON.stringify(history);
}

/** Removes facts about the machine that recorded it. */
function scrubbed(json: string): string {
  return JSON.stringify(
    JSON.parse(json, (key, value: unknown) => {
      if (key === 'identity') return 'recorder';
      if (key === 'stackTrace') return '';
      return value;
    }),
  );
}

describe('histories are recorded', () => {
  beforeAll(async () => {
    await mkdir(FOLDER, { recursive: true });
    own = await startOwnTemporal({ 'limit.historyCount.suggestContinueAsNew': '60' });
    [temporal] = await Promise.all([openTemporal(own.address, 'default'), own.startWorker()]);
  });
  afterAll(async () => {
    await temporal.close();
    await own.close();
  });

  const client = (): ReturnType<typeof openClient> =>
    openClient({ ...own.env, SANDBOX_OWNER: someOwner() });

  it('created, then expired', async () => {
    const { id } = await client().create({ name: someName(), ttl: '1s', guildIds: [someGuild()] });
    await record('expired', id);
  });

  it('destroyed', async () => {
    const sandboxes = client();
    const { id } = await sandboxes.create({ ttl: '1h', guildIds: [someGuild()] });
    await sandboxes.destroy(id);
    await record('destroyed', id);
  });

  it('refused at its claim', async () => {
    const sandboxes = client();
    const holder = await sandboxes.create({ ttl: '1h', guildIds: [someGuild()] });
    const sandboxId = `sb${someName().slice(5, 15)}`;
    const again = sandboxes.create({ sandboxId, guildIds: holder.guildIds });
    await expect(again).rejects.toMatchObject({ code: 'SANDBOX_003' });
    await record('refused', sandboxId);
    await sandboxes.destroy(holder.id);
  });

  it('destroyed during its create', async () => {
    const sandboxes = client();
    const sandboxId = `sb${someName().slice(5, 15)}`;
    await sandboxes.create({ sandboxId, ttl: '1h', guildIds: [someGuild()], wait: false });
    await sandboxes.destroy(sandboxId);
    await record('destroyed-while-creating', sandboxId);
  });

  it('extended, with guilds that come and go, and reset', async () => {
    const sandboxes = client();
    const { id } = await sandboxes.create({ ttl: '1h' });
    await sandboxes.extend(id, '1h');
    await sandboxes.extend(id, '30d', { clamp: true });
    await sandboxes.destroy(id);
    await record('extended', id);
    const other = await sandboxes.create({ ttl: '1h' });
    const guilds = [someGuild(), someGuild()];
    for (const guild of guilds) await sandboxes.registerGuild(other.id, guild);
    for (const guild of guilds) await sandboxes.unregisterGuild(guild);
    await sandboxes.registerGuild(other.id, guilds[0] ?? '');
    await sandboxes.destroy(other.id);
    await record('guilds', other.id);
    const third = await sandboxes.create({ ttl: '1h' });
    await sandboxes.reset(third.id);
    await sandboxes.destroy(third.id);
    await record('reset', third.id);
  });

  it('with a registration that was taken back, and an unregistration carried out late', async () => {
    const sandboxes = client();
    const { id } = await sandboxes.create({ ttl: '1h' });
    const guildId = someGuild();
    const away = async (call: Promise<unknown>): Promise<void> => {
      const answered = call.catch(() => undefined);
      // Longer than all quick attempts take together.
      await delay(14_000);
      await signalService(stackConfig(), 'nats', 'SIGCONT');
      await answered;
    };
    await signalService(stackConfig(), 'nats', 'SIGSTOP');
    await away(sandboxes.registerGuild(id, guildId));
    await until('it is registered', () => sandboxes.registerGuild(id, guildId).catch(() => null));
    await signalService(stackConfig(), 'nats', 'SIGSTOP');
    await away(sandboxes.unregisterGuild(guildId));
    await until('the guild is gone', async () => (await sandboxes.get(id)).guildIds.length === 0);
    await sandboxes.destroy(id);
    await record('guilds-settled', id);
  });

  it('continued as new', async () => {
    const sandboxes = client();
    const { id } = await sandboxes.create({ ttl: '1h' });
    for (let i = 0; i < 20; i += 1) await sandboxes.extend(id, '1m');
    await sandboxes.destroy(id);
    await record('continued-as-new', id);
  });

  it('cancelled', async () => {
    const { id } = await client().create({ ttl: '1h', guildIds: [someGuild()] });
    await temporal.client.workflow.getHandle(workflowId(id)).cancel();
    await record('cancelled', id);
  });

  it('terminated, revived, destroyed', async () => {
    const sandboxes = client();
    const { id } = await sandboxes.create({ ttl: '1h', guildIds: [someGuild()] });
    await temporal.client.workflow.getHandle(workflowId(id)).terminate('recorded');
    await sandboxes.sweep({ dryRun: false, sandboxId: id });
    await sandboxes.destroy(id);
    await record('revived', id);
  });

  it('given up in the middle, while a server was away', async () => {
    const sandboxId = `sb${someName().slice(5, 15)}`;
    await signalService(stackConfig(), 'redis', 'SIGSTOP');
    const failed = client().create({ sandboxId, ttl: '1h', guildIds: [someGuild()] });
    await expect(failed).rejects.toMatchObject({ code: 'SANDBOX_009' });
    await signalService(stackConfig(), 'redis', 'SIGCONT');
    await record('create-failed', sandboxId);
  });

  it('destroyed while a server was away', async () => {
    const sandboxes = client();
    const { id } = await sandboxes.create({ ttl: '1h', guildIds: [someGuild()] });
    await signalService(stackConfig(), 'redis', 'SIGSTOP');
    await sandboxes.destroy(id);
    await delay(8_000);
    await signalService(stackConfig(), 'redis', 'SIGCONT');
    await record('clean-up-retried', id);
  });
});
