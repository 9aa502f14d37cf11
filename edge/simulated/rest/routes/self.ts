/** The bot itself, its application, its guilds, and where the gateway is. */
import { text } from '../../../../discord/fields.js';
import { invalidForm, refusal } from '../../../../discord/rest-errors.js';
import type { Application } from '../../world/world.js';
import { ALL_PERMISSIONS, type Json, type UserData } from '../../world/shapes.js';
import { idOf, limitOf, NO_CONTENT, param, type BotCall } from '../call.js';
import type { Routes } from '../router.js';

const IDENTIFIES_A_DAY = 1_000;
const DAY_MS = 86_400_000;

export function addSelfRoutes(routes: Routes): void {
  routes
    .open('GET', '/gateway', ({ gatewayUrl }) => ({ url: gatewayUrl() }))
    .bot('GET', '/gateway/bot', gatewayForBot)
    .bot('GET', '/users/@me', ({ bot }) => ownUser(bot))
    .bot('GET', '/users/@me/guilds', guildsOfBot)
    .bot('DELETE', '/users/@me/guilds/:guild', leaveGuild)
    .bot('POST', '/users/@me/channels', openDirectChannel)
    .bot('GET', '/users/:user', (call) => userOf(call, param(call, 'user')))
    .bot('GET', '/applications/@me', ({ bot, world }) => applicationPayload(bot, world.guilds.size))
    .bot('GET', '/oauth2/applications/@me', ({ bot, world }) =>
      applicationPayload(bot, world.guilds.size),
    )
    // Libraries read these before they are ready; there are none here.
    .bot('GET', '/soundboard-default-sounds', () => [])
    .bot('GET', '/applications/:application/emojis', () => ({ items: [] }))
    .open('GET', '/sticker-packs', () => ({ sticker_packs: [] }))
    .bot('GET', '/voice/regions', () => []);
}

function gatewayForBot({ gatewayUrl, sessions, bot, gateway }: BotCall): Json {
  return {
    url: gatewayUrl(),
    shards: 1,
    session_start_limit: {
      total: IDENTIFIES_A_DAY,
      remaining: Math.max(0, IDENTIFIES_A_DAY - sessions.list(bot).length),
      reset_after: DAY_MS,
      max_concurrency: gateway.concurrency,
    },
  };
}

const ownUser = ({ user }: Application): Json => ({
  ...user,
  ...{ verified: true, mfa_enabled: true, email: null, flags: 0, locale: 'en-US', banner: null },
});

function guildsOfBot(call: BotCall): Json[] {
  const { world, bot } = call;
  const [after, before] = [idOf(call, 'after'), idOf(call, 'before')];
  const guilds = world
    .guildsOf(bot)
    .filter(({ id }) => after === undefined || BigInt(id) > BigInt(after))
    .filter(({ id }) => before === undefined || BigInt(id) < BigInt(before));
  return guilds.slice(0, limitOf(call, 200, 200)).map(({ id, name, members, owner }) => ({
    ...{ id, name, icon: null, banner: null, owner: owner.id === bot.id, features: [] },
    permissions: ALL_PERMISSIONS,
    approximate_member_count: members.size,
  }));
}

function leaveGuild(call: BotCall): unknown {
  const { world, bot } = call;
  world.uninstall(bot, world.guildFor(bot, param(call, 'guild')));
  return NO_CONTENT;
}

function openDirectChannel({ world, bot, body }: BotCall): Json {
  const id = text(body, 'recipient_id');
  if (id === null) {
    throw invalidForm(['recipient_id'], 'BASE_TYPE_REQUIRED', 'This field is required');
  }
  const user = world.users.get(id);
  if (user === undefined) throw refusal('unknownUser');
  if (user.bot) throw refusal('cannotSendToUser');
  return world.directChannel(bot, user).data;
}

function userOf({ world }: BotCall, id: string): UserData {
  const user = world.users.get(id);
  if (user === undefined) throw refusal('unknownUser');
  return user;
}

function applicationPayload({ id, name, user }: Application, guilds: number): Json {
  return {
    ...{ id, name, icon: null, description: 'An application of simulated Discord.' },
    ...{ bot: user, bot_public: false, bot_require_code_grant: false, verify_key: '0'.repeat(64) },
    ...{ flags: 0, team: null, owner: user, summary: '', rpc_origins: [], tags: [] },
    ...{ approximate_guild_count: guilds, redirect_uris: [], interactions_endpoint_url: null },
  };
}
