/** Application commands, global and of a guild. */
import { isObject } from '../../../../discord/fields.js';
import { invalidForm, refusal } from '../../../../discord/rest-errors.js';
import { Answer, NO_CONTENT, param, type BotCall } from '../call.js';
import type { Routes } from '../router.js';

const GLOBAL = '/applications/:application/commands';
const OF_GUILD = '/applications/:application/guilds/:guild/commands';

export function addCommandRoutes(routes: Routes): void {
  // Before the routes with an id in that place.
  routes
    .bot('GET', `${OF_GUILD}/permissions`, (call) => (scopeOf(call), []))
    .bot('GET', `${OF_GUILD}/:command/permissions`, (call) => {
      call.commands.find(...scopeOf(call), param(call, 'command'));
      throw refusal('unknownCommandPermissions');
    });
  for (const path of [GLOBAL, OF_GUILD]) {
    routes
      .bot('GET', path, (call) => call.commands.of(...scopeOf(call)))
      .bot('POST', path, upsert)
      .bot('PUT', path, replaceAll)
      .bot('GET', `${path}/:command`, (call) =>
        call.commands.find(...scopeOf(call), param(call, 'command')),
      )
      .bot('PATCH', `${path}/:command`, (call) =>
        call.commands.edit(...scopeOf(call), param(call, 'command'), call.body),
      )
      .bot('DELETE', `${path}/:command`, remove);
  }
}

/** @throws DiscordError 20012 for another application; 50001 for a guild that the bot is not in */
function scopeOf({ bot, world, params }: BotCall): [BotCall['bot'], string | null] {
  if (params.application !== bot.id) throw refusal('notYourApplication');
  const { guild: guildId } = params;
  if (guildId === undefined) return [bot, null];
  if (world.guilds.get(guildId)?.members.has(bot.id) !== true) throw refusal('missingAccess');
  return [bot, guildId];
}

function upsert(call: BotCall): Answer {
  const { command, isNew } = call.commands.upsert(...scopeOf(call), call.body);
  return new Answer(isNew ? 201 : 200, command);
}

function replaceAll(call: BotCall): unknown {
  const { json } = call;
  const scope = scopeOf(call);
  if (!Array.isArray(json) || !json.every(isObject)) {
    throw invalidForm([], 'LIST_TYPE_CONVERT', 'Only iterables may be used in a ListType');
  }
  return call.commands.replaceAll(...scope, json);
}

function remove(call: BotCall): Answer {
  call.commands.delete(...scopeOf(call), param(call, 'command'));
  return NO_CONTENT;
}
