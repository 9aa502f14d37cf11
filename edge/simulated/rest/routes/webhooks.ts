/** Webhooks, and the follow-ups of interactions, which have the same address. */
import type { Interaction } from '../../world/interactions.js';
import type { Json, MessageData } from '../../world/shapes.js';
import type { Webhook } from '../../world/webhooks.js';
import { refusal } from '../../../../discord/rest-errors.js';
import { isTrue, NO_CONTENT, param, type BotCall, type Call } from '../call.js';
import type { Limit, Routes } from '../router.js';
import { channelOf } from './channels.js';
import { guildOf } from './guilds.js';

const POST: Limit = [5, 2_000];
const WITH_TOKEN = '/webhooks/:webhook/*token';
const MESSAGE = `${WITH_TOKEN}/messages/:message`;
const ORIGINAL = `${WITH_TOKEN}/messages/@original`;

export function addWebhookRoutes(routes: Routes): void {
  routes
    .bot('GET', '/channels/:channel/webhooks', (call) =>
      call.webhooks.inChannel(channelOf(call)).map((one) => shown(call, one)),
    )
    .bot('POST', '/channels/:channel/webhooks', create)
    .bot('GET', '/guilds/:guild/webhooks', (call) =>
      [...guildOf(call).channels.values()]
        .flatMap((channel) => call.webhooks.inChannel(channel))
        .map((one) => shown(call, one)),
    )
    .bot('GET', '/webhooks/:webhook', (call) => shown(call, webhookOf(call)))
    .bot('PATCH', '/webhooks/:webhook', (call) =>
      shown(call, call.webhooks.rename(webhookOf(call), call.body)),
    )
    .bot('DELETE', '/webhooks/:webhook', (call) => {
      call.webhooks.delete(webhookOf(call));
      return NO_CONTENT;
    })
    .open('GET', WITH_TOKEN, (call) => call.webhooks.payload(byToken(call), null))
    .open('PATCH', WITH_TOKEN, (call) =>
      call.webhooks.payload(call.webhooks.rename(byToken(call), call.body), null),
    )
    .open('DELETE', WITH_TOKEN, (call) => {
      call.webhooks.delete(byToken(call));
      return NO_CONTENT;
    })
    .open('POST', WITH_TOKEN, post, { limit: POST });
  for (const path of [ORIGINAL, MESSAGE]) {
    routes
      .open('GET', path, (call) => messageOf(call))
      .open('PATCH', path, edit)
      .open('DELETE', path, remove);
  }
}

function create(call: BotCall): Json {
  const channel = channelOf(call);
  if (channel.guild === null) throw refusal('wrongChannelType');
  return shown(call, call.webhooks.create(call.bot, channel, call.body));
}

const shown = ({ webhooks, bot }: BotCall, webhook: Webhook): Json =>
  webhooks.payload(webhook, bot.user);

/** @throws DiscordError 10015, 50001 for a webhook of a guild that the bot is not in */
function webhookOf(call: BotCall): Webhook {
  const webhook = call.webhooks.find(param(call, 'webhook'));
  call.world.channelFor(call.bot, webhook.channel.data.id);
  return webhook;
}

const byToken = (call: Call): Webhook =>
  call.webhooks.withToken(param(call, 'webhook'), param(call, 'token'));

/** The path's id is an application's for an interaction. */
const interactionOf = (call: Call): Interaction | undefined =>
  call.interactions.forFollowUp(param(call, 'webhook'), param(call, 'token'));

function post(call: Call): unknown {
  const { body, files } = call;
  const interaction = interactionOf(call);
  if (interaction !== undefined) return call.interactions.followUp(interaction, body, files);
  const message = call.webhooks.post(byToken(call), body, files);
  return isTrue(call, 'wait') ? message : NO_CONTENT;
}

const messageId = ({ params }: Call): string => params.message ?? '@original';

function messageOf(call: Call, interaction = interactionOf(call)): MessageData {
  if (interaction !== undefined) return call.interactions.message(interaction, messageId(call));
  return call.webhooks.message(byToken(call), messageId(call));
}

function edit(call: Call): MessageData {
  const { body, files } = call;
  const interaction = interactionOf(call);
  const message = messageOf(call, interaction);
  if (interaction !== undefined) return call.interactions.edit(interaction, message, body, files);
  return call.messages.edit(byToken(call).channel, message, { body, files });
}

function remove(call: Call): unknown {
  const interaction = interactionOf(call);
  const message = messageOf(call, interaction);
  if (interaction !== undefined) call.interactions.delete(interaction, message);
  else call.messages.delete(byToken(call).channel, message);
  return NO_CONTENT;
}
