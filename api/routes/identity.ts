/** Handlers of tokens, grants and roles, and of the caller itself. */
import type { IdentityService } from '../../control/identity-service.js';
import type { GuildGrant, Token } from '../../domain/identity.js';
import { resumed, type Handlers, type Server } from '../call.js';
import { pageOf } from '../cursor.js';
import { defined } from '../defined.js';
import { tokenIdOf } from '../idempotency.js';
import { SERVERS_OF_ROUTES } from './sandboxes.js';

const POSTGRES: readonly Server[] = ['postgres'];
type TokenNames = 'createToken' | 'listTokens' | 'getToken' | 'revokeToken';
type GrantNames = 'createGrant' | 'listGrants' | 'revokeGrant' | 'setOwnerRole';

export const identityHandlers = (
  identity: IdentityService,
): Handlers<TokenNames | GrantNames | 'getMe'> => ({
  ...tokenHandlers(identity),
  ...grantHandlers(identity),
  getMe: {
    needs: [],
    run: ({ actor, expiresAt }) => Promise.resolve({ body: identity.me({ ...actor, expiresAt }) }),
  },
});

function tokenHandlers(identity: IdentityService): Handlers<TokenNames> {
  return {
    createToken: {
      needs: POSTGRES,
      async run({ actor, expiresAt, body, repetition }) {
        const minter = { ...actor, expiresAt };
        const options = defined(body);
        const created =
          repetition === null
            ? await identity.createToken(minter, options)
            : await identity.createToken(minter, options, tokenIdOf(repetition.commandId));
        // A secret is shown once, and kept nowhere.
        return { status: 201, body: created, stored: { ...created, token: null } };
      },
    },
    listTokens: {
      needs: POSTGRES,
      async run({ actor, query: { owner, ...page } }) {
        const tokens = await identity.listTokens(actor, owner === undefined ? {} : { owner });
        return { body: pageOf(tokens, newestFirst, page) };
      },
    },
    getToken: {
      needs: POSTGRES,
      run: async ({ actor, params }) => ({ body: await identity.getToken(actor, params.id) }),
    },
    revokeToken: {
      needs: POSTGRES,
      run: async ({ actor, params }) => ({ body: await identity.revokeToken(actor, params.id) }),
    },
  };
}

function grantHandlers(identity: IdentityService): Handlers<GrantNames> {
  return {
    createGrant: {
      needs: POSTGRES,
      run: async ({ actor, body }) => ({
        status: 201,
        body: await identity.grantGuild(actor, defined(body)),
      }),
    },
    listGrants: {
      needs: POSTGRES,
      async run({ actor, query: { owner, guild, ...page } }) {
        const grants = await identity.listGrants(actor, defined({ owner, guild }));
        return { body: pageOf(grants, byGuildAndOwner, page) };
      },
    },
    revokeGrant: {
      needs: SERVERS_OF_ROUTES,
      run: async ({ actor, params: { guild, owner }, repetition }) => ({
        body: await identity.revokeGrant(actor, guild, owner, resumed<GuildGrant>(repetition)),
      }),
    },
    setOwnerRole: {
      needs: POSTGRES,
      run: async ({ actor, params: { owner }, body: { role } }) => ({
        body: await identity.setOwnerRole(actor, owner, role),
      }),
    },
  };
}

const LATEST_MS = 9_999_999_999_999;
const newestFirst = ({ createdAt, id }: Token): readonly [string, string] => [
  String(LATEST_MS - Date.parse(createdAt)).padStart(13, '0'),
  id,
];
const byGuildAndOwner = ({ guildId, owner }: GuildGrant): readonly [string, string] => [
  guildId.padStart(20, '0'),
  owner,
];
