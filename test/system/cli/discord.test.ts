/** `bd discord`: a person in simulated Discord, and a bot on discord.js that answers. */
import { once } from 'node:events';
import { Client, Events, GatewayIntentBits } from 'discord.js';
import { expect, it, onTestFinished } from 'vitest';
import { bd, type Ran } from '../../support/bd.js';

const discord = (...args: string[]): Promise<Ran> => bd(['discord', ...args]);

interface Guild {
  readonly id: string;
  readonly name: string;
  readonly channelIds: string[];
}

async function guilds(): Promise<Guild[]> {
  const { code, stdout } = await discord('guilds', '--json');
  expect(code).toBe(0);
  return JSON.parse(stdout) as Guild[];
}

/** Ready, with its commands registered. */
async function startBot(): Promise<void> {
  const { stdout } = await discord('bots', '--json');
  const [{ token, apiUrl }] = JSON.parse(stdout) as [{ token: string; apiUrl: string }];
  const intents = [
    ...[GatewayIntentBits.Guilds, GatewayIntentBits.GuildMessages],
    GatewayIntentBits.MessageContent,
  ];
  const bot = new Client({ rest: { api: apiUrl }, intents });
  onTestFinished(() => bot.destroy());
  bot.on(Events.MessageCreate, (message) => {
    if (message.content === '!ping') void message.reply('pong');
  });
  bot.on(Events.InteractionCreate, (interaction) => {
    if (!interaction.isChatInputCommand() || interaction.commandName !== 'echo') return;
    void interaction.reply(interaction.options.getString('text', true));
  });
  const ready = once(bot, Events.ClientReady);
  await bot.login(token);
  await ready;
  const options = [{ type: 3, name: 'text', description: 'any', required: true }];
  await bot.application!.commands.set([
    { name: 'echo', description: 'echoes', options },
    { name: 'silent', description: 'never answers' },
  ]);
}

it('lists guilds, and their channels', async () => {
  const found = await guilds();
  expect(found.map(({ name }) => name)).toEqual(['Simulated Lab', 'Simulated Shop']);
  for (const { id, channelIds } of found)
    for (const one of [id, ...channelIds]) expect(one).toMatch(/^\d{17,20}$/);
  const { stdout } = await discord('guilds');
  expect(stdout).toMatch(/^Guild +Name +Channels$/m);
  expect(stdout).toContain(found[0]!.channelIds.join(', '));
});

it('shows what a bot needs to connect', async () => {
  const { stdout, stderr } = await discord('bots');
  expect(stdout).toMatch(/^sandbox-bot +\d{17,20} +[\w-]{24,}\.[\w-]{6}\.[\w-]{38}$/m);
  expect(stderr).toMatch(/^API: http:\/\/127\.0\.0\.1:\d+\/api$/m);
});

it('says something; the bot answers, and `messages` shows both, the newest last', async () => {
  const [lab] = await guilds();
  await startBot();
  const said = await discord('say', 'Simulated Lab', '!ping', '--json');
  const message = JSON.parse(said.stdout) as { id: string };
  expect(message).toEqual({
    ...{ id: message.id, author: 'owner of Simulated Lab (simulated)', content: '!ping' },
    channelId: lab!.channelIds[0],
  });
  const read = async () => {
    const { stdout } = await discord('messages', lab!.id, '--json');
    return (JSON.parse(stdout) as { content: string }[]).slice(-2).map(({ content }) => content);
  };
  await expect.poll(read, { timeout: 20_000 }).toEqual(['!ping', 'pong']);
  const { stdout } = await discord('messages', 'Simulated Lab');
  expect(stdout).toMatch(/^\d+ +sandbox-bot \(simulated\) +pong$/m);
});

it('uses a slash command; without an answer it exits with 1', async () => {
  await startBot();
  const used = await discord('slash', 'Simulated Shop', 'echo', 'text=a=b c', '--json');
  expect(used.code).toBe(0);
  expect(JSON.parse(used.stdout)).toMatchObject({
    state: 'answered',
    answer: { content: 'a=b c' },
  });
  const shown = await discord('slash', 'Simulated Shop', 'echo', 'text=hello');
  expect(shown.stdout).toBe('sandbox-bot (simulated): hello\n');
  const silent = await discord('slash', 'Simulated Shop', 'silent');
  expect([silent.code, silent.stderr]).toEqual([1, expect.stringContaining('did not answer')]);
});

it('refuses what does not exist, and what is typed wrongly', async () => {
  const refused = async (args: readonly string[], reason: string): Promise<void> => {
    const { code, stderr } = await discord(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(reason);
  };
  await refused(['say', 'Nowhere', 'x'], 'Unknown Guild');
  await refused(['slash', 'Simulated Lab', 'nothing'], 'Unknown application command');
  await refused(['slash', 'Simulated Lab', 'echo', '=x'], 'is no option');
});

it('without a stack says that none runs', async () => {
  const { code, stderr } = await bd(['discord', 'guilds'], { SANDBOX_HOME: '/nonexistent' });
  expect(code).toBe(7);
  expect(stderr).toContain('bd dev up');
});
