/** Reactions of bots to messages. */
import { refusal } from '../../../../discord/rest-errors.js';
import { placeOf } from '../../world/messages.js';
import type { Json, MessageData, UserData } from '../../world/shapes.js';
import { NO_CONTENT, param, type BotCall } from '../call.js';
import type { Limit, Routes } from '../router.js';
import { addressOf, channelOf } from './channels.js';
import { messageOf } from './messages.js';

const REACT: Limit = [1, 250];
const PATH = '/channels/:channel/messages/:message/reactions';

export function addReactionRoutes(routes: Routes): void {
  routes
    .bot('PUT', `${PATH}/*emoji/@me`, react, { limit: REACT })
    .bot('DELETE', `${PATH}/*emoji/@me`, (call) => unreact(call, call.bot.id), { limit: REACT })
    .bot('DELETE', `${PATH}/*emoji/:user`, (call) => unreact(call, param(call, 'user')))
    .bot('GET', `${PATH}/*emoji`, listUsers)
    .bot('DELETE', PATH, removeAll);
}

/** Who reacted, by the emoji's key; kept beside the message, which travels with counts only. */
const reacted = new WeakMap<MessageData, Map<string, Set<string>>>();

function usersBy(message: MessageData): Map<string, Set<string>> {
  const known = reacted.get(message) ?? new Map<string, Set<string>>();
  reacted.set(message, known);
  return known;
}

/** `name:id` for a custom emoji, otherwise the emoji itself. @throws DiscordError 10014 */
function emojiIn(call: BotCall): { key: string; emoji: Json } {
  const key = param(call, 'emoji');
  const [, name, id] = /^(\w{2,32}):(\d{1,20})$/.exec(key) ?? [];
  if (name !== undefined) return { key, emoji: { id, name, animated: false } };
  // An emoji of Unicode is no plain letter, digit or sign.
  if (/^[\x20-\x7e]*$/.test(key)) throw refusal('unknownEmoji');
  return { key, emoji: { id: null, name: key } };
}

function react(call: BotCall): unknown {
  const channel = channelOf(call);
  const message = messageOf(call, channel);
  const { key, emoji } = emojiIn(call);
  const { bot, world } = call;
  const users = usersBy(message).get(key) ?? new Set<string>();
  usersBy(message).set(key, users);
  if (users.has(bot.id)) return NO_CONTENT;
  users.add(bot.id);
  count(message);
  const member = channel.guild?.members.get(bot.id);
  const data = {
    ...{ user_id: bot.id, message_id: message.id, ...placeOf(channel), emoji },
    ...{ type: 0, burst: false, message_author_id: message.author.id },
    ...(member === undefined ? {} : { member }),
  };
  world.emit({ type: 'MESSAGE_REACTION_ADD', data, ...addressOf(channel, bot.id) });
  return NO_CONTENT;
}

function unreact(call: BotCall, userId: string): unknown {
  const channel = channelOf(call);
  const message = messageOf(call, channel);
  const { key, emoji } = emojiIn(call);
  if (usersBy(message).get(key)?.delete(userId) !== true) return NO_CONTENT;
  count(message);
  const data = {
    ...{ user_id: userId, message_id: message.id, ...placeOf(channel), emoji },
    ...{ type: 0, burst: false },
  };
  const address = addressOf(channel, call.bot.id);
  call.world.emit({ type: 'MESSAGE_REACTION_REMOVE', data, ...address });
  return NO_CONTENT;
}

function listUsers(call: BotCall): UserData[] {
  const message = messageOf(call, channelOf(call));
  const ids = [...(usersBy(message).get(emojiIn(call).key) ?? [])];
  return ids.map((id) => call.world.users.get(id)).filter((user) => user !== undefined);
}

function removeAll(call: BotCall): unknown {
  const channel = channelOf(call);
  const message = messageOf(call, channel);
  reacted.delete(message);
  count(message);
  const data = { message_id: message.id, ...placeOf(channel) };
  const address = addressOf(channel, call.bot.id);
  call.world.emit({ type: 'MESSAGE_REACTION_REMOVE_ALL', data, ...address });
  return NO_CONTENT;
}

function count(message: MessageData): void {
  const all = [...usersBy(message)].filter(([, users]) => users.size > 0);
  message.reactions = all.map(([key, users]) => {
    const [name, id = null] = key.split(':');
    return {
      ...{ emoji: { id, name }, count: users.size, me: true, me_burst: false },
      ...{ count_details: { normal: users.size, burst: 0 }, burst_colors: [] },
    };
  });
}
