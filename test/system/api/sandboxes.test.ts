/** Sandboxes over HTTP, from create to destroy, at the stack's own API. */
import { describe, expect, it } from 'vitest';
import { answerOf, ask, tokenOf } from '../../support/api.js';
import { openClient, someGuild, someName, someOwner, until } from '../../support/stack.js';

describe('a sandbox over HTTP', () => {
  it('is created, read, extended, reset and destroyed', async () => {
    const owner = someOwner();
    const token = await tokenOf(owner);
    const name = someName();
    const guild = someGuild();
    const made = await ask('POST /v1/sandboxes', {
      token,
      body: { name, ttl: '1h', guildIds: [guild] },
    });
    expect(made.status).toBe(201);
    const sandbox = answerOf('createSandbox', made) as { id: string; expiresAt: string };
    expect(sandbox).toMatchObject({ name, owner, status: 'running', guildIds: [guild] });
    expect(made.headers.get('location')).toBe(`/v1/sandboxes/${sandbox.id}`);

    const read = await ask(`GET /v1/sandboxes/${name}`, { token });
    expect(answerOf('getSandbox', read)).toEqual(sandbox);
    const held = await ask(`GET /v1/guilds/${guild}`, { token });
    expect(answerOf('getGuild', held)).toMatchObject({ guildId: guild, sandbox: { name } });
    const health = await ask(`GET /v1/sandboxes/${name}/health`, { token });
    expect(answerOf('getHealth', health)).toMatchObject({ health: 'healthy' });

    const extended = await ask(`POST /v1/sandboxes/${name}/extend`, { token, body: { by: '1h' } });
    const { expiresAt } = answerOf('extendSandbox', extended) as { expiresAt: string };
    expect(Date.parse(expiresAt) - Date.parse(sandbox.expiresAt)).toBe(3_600_000);
    const reset = await ask(`POST /v1/sandboxes/${name}/reset`, { token });
    expect(answerOf('resetSandbox', reset)).toMatchObject({ id: sandbox.id, status: 'running' });

    const freed = await ask(`DELETE /v1/sandboxes/${name}/guilds/${guild}`, { token });
    expect(answerOf('unregisterGuild', freed)).toMatchObject({ guildIds: [] });
    const again = await ask(`DELETE /v1/sandboxes/${name}/guilds/${guild}`, { token });
    expect([again.status, again.body.code]).toEqual([404, 'SANDBOX_004']);
    const put = await ask(`PUT /v1/sandboxes/${name}/guilds/${guild}`, { token });
    expect(answerOf('registerGuild', put)).toMatchObject({ guildIds: [guild] });

    const gone = await ask(`DELETE /v1/sandboxes/${name}`, { token });
    expect(answerOf('destroySandbox', gone)).toMatchObject({ alreadyDestroyed: false });
    await until('destroyed', async () => {
      const last = await ask(`GET /v1/sandboxes/${sandbox.id}`, { token });
      return last.body.status === 'destroyed';
    });
    const audit = await ask(`GET /v1/sandboxes/${sandbox.id}/audit?limit=3`, { token });
    const page = answerOf('getAudit', audit) as { items: { via: string }[]; nextCursor: string };
    expect(page.items.map(({ via }) => via)).toEqual(['api', 'api', 'api']);
    const rest = await ask(`GET /v1/sandboxes/${sandbox.id}/audit?cursor=${page.nextCursor}`, {
      token,
    });
    const all = [...page.items, ...(rest.body.items as object[])];
    expect(all).toHaveLength((await openClient().audit(sandbox.id)).length);
  });

  it('is answered before it runs where the caller prefers that', async () => {
    const token = await tokenOf(someOwner());
    const begun = await ask('POST /v1/sandboxes', {
      token,
      body: {},
      headers: { prefer: 'wait=1, respond-async' },
    });
    expect(begun.status).toBe(202);
    const { id } = answerOf('createSandbox', begun) as { id: string };
    expect(begun.headers.get('location')).toBe(`/v1/sandboxes/${id}`);
    await until('running', async () => {
      const read = await ask(`GET /v1/sandboxes/${id}`, { token });
      return read.body.status === 'running';
    });
  });

  it('gives its bot an environment, which the audit records', async () => {
    const owner = someOwner();
    const token = await tokenOf(owner);
    const made = await ask('POST /v1/sandboxes', { token, body: {} });
    const { id } = made.body as { id: string };
    const connection = await ask(`GET /v1/sandboxes/${id}/connection`, { token });
    const { environment } = answerOf('getConnection', connection) as {
      environment: Record<string, string>;
    };
    expect(environment.DATABASE_URL).toContain(`sandbox_${id}`);
    expect(connection.headers.get('cache-control')).toBe('no-store');
    const entries = await openClient().audit(id);
    expect(entries.at(-1)).toMatchObject({ eventType: 'credentials_read', actor: owner });
    expect(entries.at(-1)?.tokenId).toBe(token.split('_')[2]);

    const other = await ask(`GET /v1/sandboxes/${id}/connection`, {
      token: await tokenOf(someOwner()),
    });
    expect([other.status, other.body.code]).toEqual([403, 'SANDBOX_010']);
    expect(await openClient().audit(id)).toHaveLength(entries.length);
  });

  it('is found in pages that stay the same while others are made', async () => {
    const owner = someOwner();
    const token = await tokenOf(owner);
    const names = [someName(), someName(), someName()];
    for (const name of names) await ask('POST /v1/sandboxes', { token, body: { name } });
    const first = await ask(`GET /v1/sandboxes?owner=${owner}&limit=2`, { token });
    const page = answerOf('listSandboxes', first) as {
      items: { name: string }[];
      nextCursor: string;
    };
    expect(page.items.map(({ name }) => name)).toEqual([names[2], names[1]]);
    await ask(`DELETE /v1/sandboxes/${names[2] ?? ''}`, { token });
    await ask('POST /v1/sandboxes', { token, body: {} });
    const next = await ask(`GET /v1/sandboxes?owner=${owner}&limit=2&cursor=${page.nextCursor}`, {
      token,
    });
    expect(next.body).toMatchObject({ items: [{ name: names[0] }], nextCursor: null });
  });
});
