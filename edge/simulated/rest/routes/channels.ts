/** Channels: read, change, delete, typing, pins. */
import type { Channel } from '../../world/world.js';
import { placeOf } from '../../world/messages.js';
import { refusal } from '../../../../discord/rest-errors.js';
import type { ChannelData, Json, MessageData } from '../../world/shapes.js';
import { NO_CONTENT, param, type BotCall } from '../call.js';
import type { Routes } from '../router.js';
import { settingsIn } from './guilds.js';

export function addChannelRoutes(routes: Routes): void {
  routes
    .bot('GET', '/channels/:channel', (call) => channelOf(call).data)
    .bot('PATCH', '/channels/:channel', editChannel)
    .bot('DELETE', '/channels/:channel', deleteChannel)
    .bot('POST', '/channels/:channel/typing', typing)
    .bot('GET', '/channels/:channel/invites', (call) => (channelOf(call), []))
    .bot('GET', '/channels/:channel/pins', (call) => pinned(channelOf(call)))
    .bot('GET', '/channels/:channel/messages/pins', newPins)
    .bot('PUT', '/channels/:channel/pins/:message', (call) => pin(call, true))
    .bot('DELETE', '/channels/:channel/pins/:message', (call) => pin(call, false))
    .bot('PUT', '/channels/:channel/messages/pins/:message', (call) => pin(call, true))
    .bot('DELETE', '/channels/:channel/messages/pins/:message', (call) => pin(call, false));
}

/** The channel of the path. @throws DiscordError 10003, 50001 */
export const channelOf = (call: BotCall): Channel =>
  call.world.channelFor(call.bot, param(call, 'channel'));

function editChannel(call: BotCall): ChannelData {
  const { data, guild } = channelOf(call);
  if (guild === null) throw refusal('wrongChannelType');
  Object.assign(data, settingsIn(call.body));
  call.world.emit({ type: 'CHANNEL_UPDATE', data, guildId: guild.id });
  return data;
}

/** A direct channel is only closed: its messages stay. */
function deleteChannel(call: BotCall): ChannelData {
  const { data, guild } = channelOf(call);
  if (guild === null) return data;
  guild.channels.delete(data.id);
  call.world.channels.delete(data.id);
  call.world.emit({ type: 'CHANNEL_DELETE', data, guildId: guild.id });
  return data;
}

function typing(call: BotCall): unknown {
  const channel = channelOf(call);
  const { world, bot } = call;
  const member = channel.guild?.members.get(bot.id);
  const data = {
    ...placeOf(channel),
    ...{ user_id: bot.id, timestamp: Math.floor(world.now() / 1_000) },
    ...(member === undefined ? {} : { member }),
  };
  world.emit({ type: 'TYPING_START', data, ...addressOf(channel, bot.id) });
  return NO_CONTENT;
}

/** Who receives an event about a channel. */
export function addressOf(
  { guild }: Channel,
  botId: string,
): { guildId: string | null; applicationId?: string } {
  return guild === null ? { guildId: null, applicationId: botId } : { guildId: guild.id };
}

const pinned = ({ messages, pinned: ids }: Channel): MessageData[] =>
  [...ids].map((id) => messages.get(id)).filter((one) => one !== undefined);

function newPins(call: BotCall): Json {
  const messages = pinned(channelOf(call));
  const items = messages.map((message) => ({ pinned_at: message.timestamp, message }));
  return { items, has_more: false };
}

function pin(call: BotCall, isPinned: boolean): unknown {
  const channel = channelOf(call);
  const message = call.messages.find(channel, param(call, 'message'));
  message.pinned = isPinned;
  if (isPinned) channel.pinned.add(message.id);
  else channel.pinned.delete(message.id);
  const data = { ...placeOf(channel), last_pin_timestamp: call.world.instant() };
  const address = addressOf(channel, call.bot.id);
  call.world.emit({ type: 'CHANNEL_PINS_UPDATE', data, ...address });
  return NO_CONTENT;
}
