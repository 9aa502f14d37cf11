/** Messages of a channel. */
import { list } from '../../../../discord/fields.js';
import { refusal } from '../../../../discord/rest-errors.js';
import type { MessageData } from '../../world/shapes.js';
import type { Channel } from '../../world/world.js';
import { idOf, limitOf, NO_CONTENT, param, type BotCall } from '../call.js';
import type { Limit, Routes } from '../router.js';
import { channelOf } from './channels.js';

/** https://discord.com/developers/docs/topics/rate-limits leaves the figures open; these are usual. */
const SEND: Limit = [5, 5_000];
const CHANGE: Limit = [5, 1_000];

export function addMessageRoutes(routes: Routes): void {
  routes
    .bot('GET', '/channels/:channel/messages', listMessages)
    .bot('POST', '/channels/:channel/messages', send, { limit: SEND })
    .bot('POST', '/channels/:channel/messages/bulk-delete', bulkDelete, { limit: CHANGE })
    .bot('GET', '/channels/:channel/messages/:message', (call) => messageOf(call, channelOf(call)))
    .bot('PATCH', '/channels/:channel/messages/:message', edit, { limit: CHANGE })
    .bot('DELETE', '/channels/:channel/messages/:message', remove, { limit: CHANGE })
    .bot('POST', '/channels/:channel/messages/:message/crosspost', (call) =>
      messageOf(call, channelOf(call)),
    );
}

/** The message of the path. @throws DiscordError 10008 */
export const messageOf = (call: BotCall, channel: Channel): MessageData =>
  call.messages.find(channel, param(call, 'message'));

function listMessages(call: BotCall): MessageData[] {
  const [before, after, around] = ['before', 'after', 'around'].map((name) => idOf(call, name));
  const limit = limitOf(call, 50, 100);
  return call.messages.page(channelOf(call), { limit, before, after, around });
}

function send(call: BotCall): MessageData {
  const { messages, body, files, bot } = call;
  const channel = channelOf(call);
  const repeated = body.enforce_nonce === true ? sameNonce(channel, bot.id, body.nonce) : undefined;
  return repeated ?? messages.send(channel, { author: bot.user, body, files });
}

/** With `enforce_nonce` a repeated call returns the message that the first one made. */
function sameNonce(channel: Channel, botId: string, nonce: unknown): MessageData | undefined {
  if (nonce === undefined || nonce === null) return undefined;
  return [...channel.messages.values()].find(
    (message) => message.author.id === botId && message.nonce === nonce,
  );
}

function edit(call: BotCall): MessageData {
  const { messages, body, files, bot } = call;
  const channel = channelOf(call);
  const message = messageOf(call, channel);
  if (message.author.id !== bot.id) throw refusal('cannotEditOthers');
  return messages.edit(channel, message, { body, files });
}

function remove(call: BotCall): unknown {
  const channel = channelOf(call);
  const message = messageOf(call, channel);
  const isOwn = message.author.id === call.bot.id;
  // In a direct channel nobody deletes the other one's messages.
  if (channel.guild === null && !isOwn) throw refusal('directChannel');
  call.messages.delete(channel, message);
  return NO_CONTENT;
}

function bulkDelete(call: BotCall): unknown {
  const channel = channelOf(call);
  const ids = [...new Set(list(call.body, 'messages').map(String))];
  if (channel.guild === null) throw refusal('wrongChannelType');
  if (ids.length < 2 || ids.length > 100) throw refusal('bulkDeleteCount');
  call.messages.deleteMany(channel.guild, channel, ids);
  return NO_CONTENT;
}
