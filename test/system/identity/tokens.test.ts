/** Attempts to come in with a token that is none, or no longer one. */
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Authenticator } from '../../../control/authentication.js';
import { newTokenId } from '../../../control/new-token.js';
import { SCOPES } from '../../../domain/actor.js';
import { parseOwner } from '../../../domain/names.js';
import { formatToken, parseToken } from '../../../domain/token.js';
import { delay } from '../../../platform/deadline.js';
import { setOwnerRole } from '../../../store/owners.js';
import {
  openApiDatabase,
  openAuthenticator,
  openServices,
  ROOT,
  tokenFor,
} from '../../support/identity.js';
import { PostgresProxy } from '../../support/postgres-proxy.js';
import { openAdmin, openClient, someOwner, stackState, until } from '../../support/stack.js';

const refused = { code: 'SANDBOX_012', exitCode: 8, httpStatus: 401 };

/** How long it takes until the token is refused, in ms. */
async function deadWithin(authenticator: Authenticator, token: string): Promise<number> {
  const began = performance.now();
  for (;;) {
    const error: unknown = await authenticator
      .authenticate(token)
      .catch((thrown: unknown) => thrown);
    if (error instanceof Error) {
      expect(error).toMatchObject(refused);
      return performance.now() - began;
    }
    if (performance.now() - began > 10_000) throw new Error('the token lives on');
    await delay(20);
  }
}

describe('a token', () => {
  it('gives the identity that it was made for', async () => {
    const services = openServices();
    const authenticator = await openAuthenticator();
    const owner = someOwner();
    const { token, id, expiresAt } = await tokenFor(services, owner, ['sandbox:read'], {
      ...{ kind: 'service', ttl: '90d', name: 'CI of ada' },
    });
    const actor = await authenticator.authenticate(token);
    expect(actor).toEqual({
      ...{ name: owner, kind: 'service', role: 'developer', scopes: ['sandbox:read'], via: 'api' },
      ...{ tokenId: id, expiresAt: Date.parse(expiresAt) },
    });
    expect(services.identity.me(actor)).toEqual({
      ...{ name: owner, kind: 'service', role: 'developer', scopes: ['sandbox:read'] },
      ...{ tokenId: id, sandboxId: null, expiresAt },
    });
    const shown = await until('its use is noted', async () =>
      (await services.identity.listTokens(ROOT, { owner })).find((one) => one.lastUsedAt !== null),
    );
    expect(JSON.stringify(shown)).not.toContain(parseToken(token)?.secret);
  });

  it('is refused where it was forged: another secret, kind, id, or a typing error', async () => {
    const services = openServices();
    const authenticator = await openAuthenticator();
    const [mine, other] = await Promise.all([
      tokenFor(services, someOwner(), ['sandbox:read']),
      tokenFor(services, someOwner(), ['sandbox:read']),
    ]);
    const [parts, others] = [parseToken(mine.token)!, parseToken(other.token)!];
    const forged = [
      formatToken({ ...parts, secret: others.secret }),
      formatToken({ ...parts, secret: '0'.repeat(40) }),
      formatToken({ ...parts, kind: 'service' }),
      formatToken({ ...parts, kind: 'sandbox' }),
      formatToken({ ...parts, tokenId: others.tokenId }),
      formatToken({ ...parts, tokenId: newTokenId() }),
      mine.token.slice(0, -1),
      mine.token.slice(0, -6),
      `${mine.token}x`,
      `${mine.token}\n`,
      mine.token.toLowerCase(),
      '',
    ];
    for (const text of forged) {
      const error: unknown = await authenticator
        .authenticate(text)
        .catch((thrown: unknown) => thrown);
      expect(error, text).toMatchObject({ ...refused, message: 'the token is not valid' });
      expect(JSON.stringify(error)).not.toContain(parts.secret);
    }
    expect((await authenticator.authenticate(mine.token)).tokenId).toBe(mine.id);
  });

  it('is dead within 2 s of its revocation on every replica, with all that it minted', async () => {
    const services = openServices();
    const replicas = await Promise.all([openAuthenticator(), openAuthenticator()]);
    const [first, second] = replicas;
    const parent = await tokenFor(services, someOwner(), ['sandbox:read', 'token:write']);
    const child = await services.identity.createToken(await first.authenticate(parent.token), {
      scopes: ['sandbox:read', 'token:write'],
    });
    const grandchild = await services.identity.createToken(await first.authenticate(child.token), {
      scopes: ['sandbox:read'],
    });
    const texts = [parent, child, grandchild].map(({ token }) => token);
    for (const replica of replicas)
      for (const text of texts) expect(await replica.authenticate(text)).toBeDefined();
    expect((await services.identity.revokeToken(ROOT, parent.id)).revokedAt).not.toBeNull();
    const times = await Promise.all(
      [first, second].flatMap((replica) => texts.map((text) => deadWithin(replica, text))),
    );
    expect(Math.max(...times)).toBeLessThan(2_000);
    const listed = await services.identity.listTokens(ROOT, { owner: parent.owner });
    expect(listed.map(({ revokedAt }) => revokedAt !== null)).toEqual([true, true, true]);
    // Again: changes nothing.
    const again = await services.identity.revokeToken(ROOT, parent.id);
    expect(again.revokedAt).toBe(listed.find(({ id }) => id === parent.id)?.revokedAt);
  });

  it('is dead at its end, and its children with it, whatever their rows say', async () => {
    const services = openServices();
    const authenticator = await openAuthenticator();
    const parent = await tokenFor(services, someOwner(), ['sandbox:read', 'token:write'], {
      ttl: '2s',
    });
    const minter = await authenticator.authenticate(parent.token);
    const child = await services.identity.createToken(minter, { scopes: ['sandbox:read'] });
    expect(Date.parse(child.expiresAt)).toBeLessThanOrEqual(Date.parse(parent.expiresAt));
    await openAdmin()`UPDATE sandbox_api_tokens SET expires_at = now() + interval '1 day'
      WHERE id = ${child.id}`;
    expect((await authenticator.authenticate(child.token)).tokenId).toBe(child.id);
    await delay(Math.max(0, Date.parse(parent.expiresAt) - Date.now()) + 50);
    for (const { token } of [parent, child])
      await expect(authenticator.authenticate(token)).rejects.toMatchObject({
        ...refused,
        message: 'the token has expired',
      });
  });

  it('of a sandbox reaches that alone, and dies with it within 2 s', async () => {
    const services = openServices();
    const authenticator = await openAuthenticator();
    const owner = someOwner();
    const client = openClient({ SANDBOX_OWNER: owner });
    const [one, other] = [await client.create({ ttl: '1h' }), await client.create({ ttl: '1h' })];
    const { token } = await tokenFor(services, owner, [...SCOPES], {
      ...{ kind: 'sandbox', sandbox: one.name },
    });
    const bot = await authenticator.authenticate(token);
    expect(bot).toMatchObject({ kind: 'sandbox', sandboxId: one.id, name: owner });
    expect((await services.sandboxes.get(bot, one.id)).id).toBe(one.id);
    const attempts = {
      get: () => services.sandboxes.get(bot, other.id),
      list: () => services.sandboxes.list(bot, {}),
      destroy: () => services.sandboxes.destroy(bot, other.id),
      create: () => services.sandboxes.create(bot, { ttl: '1h' }),
      mint: () => services.identity.createToken(bot, { scopes: ['sandbox:read'] }),
      mintIts: () =>
        services.identity.createToken(bot, {
          ...{ kind: 'sandbox', sandbox: one.id, scopes: ['sandbox:read'] },
        }),
      tokens: () => services.identity.listTokens(bot, {}),
      revoke: () => services.identity.revokeToken(bot, bot.tokenId),
    };
    for (const [what, attempt] of Object.entries(attempts))
      await expect(attempt(), what).rejects.toMatchObject({
        code: 'SANDBOX_010',
        details: { lacks: { kind: 'sandbox', sandboxId: one.id } },
      });
    await client.destroy(one.id);
    expect(await deadWithin(authenticator, token)).toBeLessThan(2_000);
    await expect(
      tokenFor(services, owner, ['sandbox:read'], { kind: 'sandbox', sandbox: one.id }),
    ).rejects.toMatchObject({ code: 'SANDBOX_007' });
    await client.destroy(other.id);
  });

  it('loses the role that its owner has lost, within 2 s', async () => {
    const services = openServices();
    const authenticator = await openAuthenticator();
    const owner = someOwner();
    const asked = { role: 'operator' as const };
    await expect(tokenFor(services, owner, ['admin'], asked)).rejects.toMatchObject({
      ...{ code: 'SANDBOX_010', details: { lacks: { kind: 'role', role: 'operator' } } },
    });
    await services.identity.setOwnerRole(ROOT, owner, 'operator');
    const { token } = await tokenFor(services, owner, ['admin', 'sandbox:read'], asked);
    const plain = await tokenFor(services, owner, ['admin']);
    expect((await authenticator.authenticate(token)).role).toBe('operator');
    // An operator's token of role developer stays one.
    expect((await authenticator.authenticate(plain.token)).role).toBe('developer');
    await setOwnerRole(openApiDatabase(), parseOwner(owner), 'developer', ROOT);
    await delay(1_000);
    const actor = await authenticator.authenticate(token);
    expect(actor.role).toBe('developer');
    for (const attempt of [
      () => services.sandboxes.sweep(actor, { dryRun: true }),
      () => services.identity.setOwnerRole(actor, owner, 'operator'),
      () => services.identity.grantGuild(actor, { guildId: '12345678901234567', owner }),
    ])
      await expect(attempt()).rejects.toMatchObject({ code: 'SANDBOX_010' });
  });
});

describe('while Postgres does not answer', () => {
  it('tokens are refused as unavailable after 1.5 s, and taken again when it is back', async () => {
    const services = openServices();
    const { token } = await tokenFor(services, someOwner(), ['sandbox:read']);
    const { database: url } = stackState().urls.api;
    const proxy = await PostgresProxy.start(Number(new URL(url).port));
    onTestFinished(() => proxy.close());
    const through = new URL(url);
    through.port = String(proxy.port);
    const database = openApiDatabase(through.href);
    const authenticator = await openAuthenticator(database);
    await authenticator.authenticate(token);
    const still = proxy.standStill('stand still', 4_000);
    const hanging = database.sql`SELECT 'stand still'`.execute();
    await still;
    const stoodAt = performance.now();
    expect((await authenticator.authenticate(token)).kind).toBe('person');
    await delay(2_000);
    await expect(authenticator.authenticate(token)).rejects.toMatchObject({
      ...{ code: 'SANDBOX_009', httpStatus: 503, details: { dependency: 'postgres' } },
    });
    await hanging;
    expect(performance.now() - stoodAt).toBeGreaterThan(3_000);
    await delay(1_500);
    expect((await authenticator.authenticate(token)).kind).toBe('person');
  });
});
