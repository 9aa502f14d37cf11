/** A bot on discord.js, unmodified, lives on simulated Discord. */
import { once } from 'node:events';
import {
  Client,
  Events,
  GatewayIntentBits,
  SlashCommandBuilder,
  type ChatInputCommandInteraction,
  type Message,
} from 'discord.js';
import { afterAll, expect, it } from 'vitest';
import { simulate } from '../../support/simulated-discord.js';

const { discord, first, one } = await simulate();

const seen: string[] = [];
const client = new Client({
  rest: { api: `${discord.url}/api` },
  intents: [
    GatewayIntentBits.Guilds,
    GatewayIntentBits.GuildMembers,
    GatewayIntentBits.GuildMessages,
    GatewayIntentBits.MessageContent,
  ],
});
client.on(Events.MessageCreate, (message: Message) => {
  if (message.author.bot) return;
  seen.push(message.content);
  if (message.content === 'ping') void message.reply('pong');
});
client.on(Events.InteractionCreate, (interaction) => {
  if (interaction.isChatInputCommand()) void onCommand(interaction);
});

async function onCommand(interaction: ChatInputCommandInteraction): Promise<void> {
  if (interaction.commandName === 'slow') await interaction.deferReply();
  const text = interaction.options.getString('text', true);
  const member = interaction.member === null ? '?' : interaction.user.username;
  if (interaction.deferred) await interaction.editReply(`${member}: ${text}`);
  else await interaction.reply(`${member}: ${text}`);
  await interaction.followUp('and a follow-up');
}
afterAll(() => client.destroy());

/** Until the text is the newest message of the guild. */
async function untilNewest(content: string): Promise<void> {
  const newest = async () => (await discord.control.messages(first.id)).at(-1)?.content;
  await expect.poll(newest, { timeout: 5_000 }).toBe(content);
}

it('becomes ready with its guilds, channels and members', async () => {
  const ready = once(client, Events.ClientReady);
  await client.login(one.token);
  await ready;
  expect(client.user?.username).toBe('one (simulated)');
  expect(client.guilds.cache.map(({ id }) => id)).toEqual(one.guildIds);
  const guild = client.guilds.cache.get(first.id);
  expect(guild?.channels.cache.map(({ id }) => id)).toEqual(first.channelIds);
  expect((await guild?.members.fetch())?.size).toBe(4);
});

it('answers a message', async () => {
  await discord.control.say(first.id, 'ping');
  await untilNewest('pong');
});

it.each(['quick', 'slow'])('answers the %s slash command, and follows up', async (name) => {
  const command = new SlashCommandBuilder()
    .setName(name)
    .setDescription('echoes')
    .addStringOption((option) => option.setName('text').setDescription('any').setRequired(true));
  await client.application?.commands.create(command);
  const result = await discord.control.slash(first.id, name, { text: 'hello' });
  const content = 'owner of First (simulated): hello';
  expect(result).toMatchObject({ state: 'answered', answer: { content } });
  await untilNewest('and a follow-up');
});

it('resumes after its connection is cut: nothing lost, nothing twice', async () => {
  seen.length = 0;
  const resumed = once(client, Events.ShardResume);
  await discord.control.say(first.id, 'before');
  await discord.control.disturb('drop');
  for (let count = 0; count < 20; count++) await discord.control.say(first.id, `missed ${count}`);
  await resumed;
  await discord.control.say(first.id, 'after');
  await expect.poll(() => seen.at(-1), { timeout: 5_000 }).toBe('after');
  const missed = Array.from({ length: 20 }, (_, count) => `missed ${count}`);
  expect(seen).toEqual(['before', ...missed, 'after']);
});

it('reconnects when Discord asks for it, and loses nothing', async () => {
  seen.length = 0;
  const resumed = once(client, Events.ShardResume);
  await discord.control.disturb('reconnect');
  await discord.control.say(first.id, 'meanwhile');
  await resumed;
  await discord.control.say(first.id, 'after');
  await expect.poll(() => seen.at(-1), { timeout: 5_000 }).toBe('after');
  expect(seen).toEqual(['meanwhile', 'after']);
});

it('begins a new session when its own is invalid', async () => {
  seen.length = 0;
  const ready = once(client, Events.ShardReady);
  await discord.control.disturb('invalidate');
  await ready;
  await discord.control.say(first.id, 'in the new session');
  await expect.poll(() => seen, { timeout: 5_000 }).toEqual(['in the new session']);
}, 30_000);
