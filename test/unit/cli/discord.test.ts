/** `bd discord` against a simulated Discord that the home's stack file names. */
import { writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { stackFilePath, type StackState } from '../../../platform/stack-file.js';
import type { WireObject } from '../../support/bare-gateway.js';
import { bdHere, type Ran } from '../../support/bd.js';
import { ownFolder } from '../../support/folder.js';
import { SECRET, simulate } from '../../support/simulated-discord.js';

const simulation = await simulate({ answerWithinMs: 500, deferredMs: 500 });
const { discord, first, second, one, other, rest, ready } = simulation;
const command = { name: 'rank', description: 'd' };
const text = { type: 3, name: 'text', description: 'd' };
await rest('PUT', `/applications/${one.id}/commands`, [
  { ...command, options: [{ type: 1, name: 'show', description: 'd', options: [text] }] },
  { name: 'ping', description: 'd' },
]);

const NONE = { database: '', redis: '', nats: '' };
/** A stack without servers. */
const STATE: StackState = {
  ...{ version: 1, pid: 1, startedAt: new Date(0).toISOString(), ingestNatsUrl: '' },
  temporal: { address: '', uiUrl: null },
  urls: { admin: NONE, client: NONE, api: NONE, worker: NONE, router: NONE },
};

let home: string;
const withStack = (found: StackState['discord']): void =>
  writeFileSync(stackFilePath(home), JSON.stringify({ ...STATE, discord: found }));
const bd = (...args: string[]): Promise<Ran> =>
  bdHere(['discord', ...args], { SANDBOX_HOME: home });
const parsed = ({ stdout }: Ran): unknown => JSON.parse(stdout);

beforeEach(() => {
  home = ownFolder();
  withStack({ url: discord.url, secret: SECRET });
});

describe('bd discord', () => {
  it('lists the guilds with their channels', async () => {
    expect(parsed(await bd('guilds', '--json'))).toEqual([first, second]);
    const { stdout } = await bd('guilds');
    expect(stdout).toMatch(/^Guild +Name +Channels$/m);
    expect(stdout).toMatch(new RegExp(`^${second.id} +Second +${second.channelIds[0]}$`, 'm'));
  });

  it('lists the bots with their tokens and the address of the API', async () => {
    const apiUrl = `${discord.url}/api`;
    expect(parsed(await bd('bots', '--json'))).toEqual([
      { ...one, apiUrl },
      { ...other, apiUrl },
    ]);
    const { stdout, stderr } = await bd('bots');
    expect(stdout).toMatch(/^Bot +Id +Token$/m);
    for (const token of [one.token, other.token]) expect(stdout).toContain(token);
    expect(stderr).toBe(`API: ${apiUrl}\n`);
  });

  it('writes into the first channel or a given one, and reads it, the newest last', async () => {
    expect((await bd('messages', second.id)).stderr).toContain('No messages yet');
    const [channelId = ''] = second.channelIds;
    const said = await bd('say', 'Second', 'hello');
    expect(said.stdout).toMatch(/^owner of Second \(simulated\): hello \(message \d+\)$/m);
    const again = await bd('say', second.id, 'again', '--channel', channelId, '--json');
    expect(parsed(again)).toMatchObject({ content: 'again', channelId });
    expect(parsed(await bd('messages', 'Second', '--json'))).toMatchObject([
      { content: 'hello', channelId },
      { content: 'again', channelId },
    ]);
    const { stdout } = await bd('messages', 'Second');
    expect(stdout).toMatch(/^Channel +Author +Message$/m);
    expect(stdout).toMatch(/^\d+ +owner of Second \(simulated\) +again$/m);
  });
});

describe('bd discord slash', () => {
  /** Runs the command while a bot answers it. */
  async function used(
    args: readonly string[],
    type: number,
    data: object,
  ): Promise<[Ran, WireObject]> {
    const { gateway } = await ready();
    const running = bd('slash', ...args);
    const { d } = await gateway.event('INTERACTION_CREATE');
    await rest('POST', `/interactions/${d.id}/${d.token}/callback`, { type, data }, null);
    gateway.socket.close(1_000);
    return [await running, d];
  }

  it('shows the answer, and sends subcommand and options as they were typed', async () => {
    const args = ['First', 'rank', 'show', 'text=a=b c'];
    const [{ code, stdout }, d] = await used(args, 4, { content: 'the answer' });
    expect([code, stdout]).toEqual([0, 'one (simulated): the answer\n']);
    const option = { type: 3, name: 'text', value: 'a=b c' };
    expect(d.data.options).toMatchObject([{ name: 'show', options: [option] }]);
    const [ran] = await used([...args, '--json'], 4, { content: 'x' });
    expect(parsed(ran)).toMatchObject({ state: 'answered', answer: { content: 'x' } });
  });

  it('says that the bot answered without a message', async () => {
    const [{ code, stdout, stderr }] = await used(['First', 'ping'], 9, {});
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toContain('answered without a message');
  });

  it('exits with 1 where the bot defers its answer for too long', async () => {
    const [{ code, stdout, stderr }] = await used(['First', 'ping'], 5, {});
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('deferred its answer');
  });

  it('exits with 1 where the bot does not answer', async () => {
    const { code, stderr } = await bd('slash', 'First', 'ping');
    expect(code).toBe(1);
    expect(stderr).toContain('did not answer');
    const asJson = await bd('slash', 'First', 'ping', '--json');
    expect(asJson.code).toBe(1);
    expect(parsed(asJson)).toMatchObject({ state: 'unanswered', answer: null });
  });

  it.each([
    [['ping', '=x'], '"=x" is no option'],
    [['ping', 'text=x', 'show'], '"show" is no option'],
  ])('refuses %j', async (words, reason) => {
    const { code, stderr } = await bd('slash', 'First', ...words);
    expect(code).toBe(2);
    expect(stderr).toContain(reason);
    expect(stderr).toContain('option=value');
  });
});

describe('bd discord is refused', () => {
  it.each([
    ['an unknown guild', ['say', 'Nowhere', 'x'], 'Unknown Guild'],
    ['an unknown channel', ['say', 'First', 'x', '--channel', '1'], 'Unknown Channel'],
    ['an unknown command', ['slash', 'First', 'none'], 'Unknown application command'],
    ['a text that is too long', ['say', 'First', 'x'.repeat(2_001)], '2000 or fewer'],
  ])('for %s', async (_why, args, reason) => {
    const { code, stdout, stderr } = await bd(...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(reason);
  });

  it('with another secret', async () => {
    withStack({ url: discord.url, secret: 'another' });
    const { code, stderr } = await bd('guilds');
    expect(code).toBe(2);
    expect(stderr).toContain('401: Unauthorized');
  });
});

describe('bd discord names the remedy', () => {
  const refused = async (reason: string): Promise<void> => {
    const { code, stderr } = await bd('guilds', '--json');
    expect(code).toBe(7);
    const { error } = JSON.parse(stderr) as { error: object };
    expect(error).toMatchObject({
      ...{ code: 'SANDBOX_009', details: { dependency: 'discord' } },
      ...{ message: expect.stringContaining(reason) as string },
      hint: expect.stringContaining('bd dev up') as string,
    });
  };

  it('where no stack runs', async () => {
    home = ownFolder();
    await refused('no simulated Discord runs');
  });

  it('where the stack runs without it', async () => {
    withStack(undefined);
    await refused('no simulated Discord runs');
  });

  it('where nothing listens at its address', async () => {
    withStack({ url: 'http://127.0.0.1:1', secret: SECRET });
    await refused('does not answer');
  });
});
