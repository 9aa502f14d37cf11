import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { customAlphabet } from 'nanoid';
import { describe, expect, it, onTestFinished } from 'vitest';
import { GROUPS } from '../../../cli/groups.js';
import { processIo } from '../../../cli/io.js';
import { listRow } from '../../../cli/table.js';
import { columnsOf, cutTo } from '../../../cli/width.js';
import type { Sandbox } from '../../../domain/sandbox.js';
import { parseSandboxId } from '../../../domain/names.js';
import { projectRoot } from '../../../platform/project-root.js';
import { bd } from '../../support/bd.js';
import { openClient, someGuild, someOwner, until } from '../../support/stack.js';
import { workflowOf } from '../../support/temporal.js';
import { runHome } from '../../support/run-home.js';

const BD = join(projectRoot(), 'dist/cli/main.js');

describe('help', () => {
  it('fits 80 columns for every command', async () => {
    const asked = GROUPS.flatMap(({ name, commands }) => {
      const words = name.split(' ').slice(1);
      return [
        words,
        ...commands.filter((c) => !c.args.includes('command')).map((c) => [...words, c.name]),
      ];
    });
    for (const words of asked) {
      const { stdout, code } = await bd([...words, '--help']);
      expect(code).toBe(0);
      for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    }
  });
});

describe('the time of a command', () => {
  const best = async (run: () => Promise<unknown>): Promise<number> => {
    let millis = Infinity;
    for (let i = 0; i < 5; i += 1) {
      const from = performance.now();
      await run();
      millis = Math.min(millis, performance.now() - from);
    }
    return millis;
  };
  const node = () => best(() => Promise.resolve(spawnSync(process.execPath, ['-e', '0'])));

  it('is little more than that of node, for help', async () => {
    expect(await best(() => bd(['--help']))).toBeLessThan((await node()) + 100);
  });

  // On the machine of docs/lifecycle.md 500 ms are seven times the time of node. Other machines
  // differ, and may be busy.
  it('is a few times that of node, for a list', async () => {
    expect(await best(() => bd(['sandbox', 'list']))).toBeLessThan((await node()) * 8 + 100);
  });
});

describe('output', () => {
  it('has no colours through a pipe, and ends silently when the reader closes it', () => {
    const env = { PATH: process.env.PATH, SANDBOX_HOME: runHome() };
    const piped = spawnSync(
      'bash',
      ['--norc', '-o', 'pipefail', '-c', `${process.execPath} ${BD} sandbox emit --list | head -1`],
      { env },
    );
    expect(piped.status).toBe(0);
    expect(piped.stderr.toString()).toBe('');
    expect(piped.stdout.toString()).not.toContain('\u001b');
  });
});

describe('room on a terminal', () => {
  it.each([
    ['plain', 5],
    ['\u001b[31mred\u001b[39m', 3],
    ['漢字', 4],
    ['é', 1],
    ['👩‍👩‍👧‍👦!', 3],
    ['ｆｕｌｌ', 8],
  ])('%j takes %d columns', (text, columns) => {
    expect(columnsOf(text)).toBe(columns);
  });

  it('is kept by cutting text, without half a character', () => {
    expect(cutTo('漢字漢字', 6)).toBe('漢字…');
    expect(cutTo('a👩‍👩‍👧‍👦b👩‍👩‍👧‍👦c', 5)).toBe('a👩‍👩‍👧‍👦b…');
    expect(cutTo('short', 5)).toBe('short');
  });

  it('shows few of a hundred guilds on a terminal, and all through a pipe', () => {
    const guildIds = Array.from({ length: 100 }, someGuild);
    const sandbox = { guildIds, status: 'running', expiresAt: '2030-01-01T00:00:00Z' };
    const cellOn = (isTTY: boolean): string => {
      const stdout = Object.create(process.stdout, {
        isTTY: { value: isTTY },
      }) as NodeJS.WriteStream;
      const io = { ...processIo, stdout };
      return listRow(io, sandbox as unknown as Sandbox, 0)[4] ?? '';
    };
    expect(cellOn(true).split('\n')).toEqual([...guildIds.slice(0, 4), 'and 96 more']);
    expect(cellOn(false).split('\n')).toEqual(guildIds);
  });
});

it('Ctrl-C in a create stops waiting with 130, and says that the create continues', async () => {
  const sandboxId = parseSandboxId(`sb${customAlphabet('abcdefghij', 10)()}`);
  const workflow = await workflowOf(sandboxId);
  const child = spawn(process.execPath, [BD, 'sandbox', 'create', '--id', sandboxId], {
    // No worker polls this task queue.
    env: { PATH: process.env.PATH, SANDBOX_HOME: runHome(), SANDBOX_TASK_QUEUE: 'nobody' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let told = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (told += text));
  await until('Temporal has it', () => workflow.describe().catch(() => null));
  child.kill('SIGINT');
  // npx delivers the signal twice.
  child.kill('SIGINT');
  expect(await once(child, 'exit')).toEqual([130, null]);
  expect(told).toMatch(/^Interrupted while creating: what has begun goes on by itself/);
  await workflow.terminate();
});

describe('a question', () => {
  it.each([
    ['Ctrl-C', '\u0003', 130, /Interrupted: nothing was changed/],
    // Ctrl-D closes the input: without care the process would end with 0.
    ['Ctrl-D', '\u0004', 2, /SANDBOX_008\S* not done: it was not confirmed/],
  ])('means no after %s, and says so', async (_name, key, code, says) => {
    // `script` gives its command a terminal.
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id } = await client.create({ ttl: '10m' });
    onTestFinished(() => client.destroy(id).then(() => undefined));
    const line = `${process.execPath} ${BD} sandbox reset ${id}`;
    const child = spawn('script', ['-qec', line, '/dev/null'], {
      env: { PATH: process.env.PATH, SANDBOX_HOME: runHome() },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let told = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (told += text));
    const ended = once(child, 'close');
    await until('it asks', () => Promise.resolve(/\(y\/N\)/.test(told)));
    child.stdin.write(key);
    // At once: the input is closed, so nothing more can come, whatever else the command has open.
    const result = await Promise.race([ended, sleep(20_000, 'still open', { ref: false })]);
    expect(result, told).toEqual([code, null]);
    expect(told).toMatch(says);
    expect(told).not.toContain('unexpected');
  });
});
