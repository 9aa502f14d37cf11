import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { GROUPS } from '../../cli/groups.js';
import { projectRoot } from '../../platform/project-root.js';
import { bd } from '../support/bd.js';
import { openClient, someGuild, someOwner, until } from '../support/stack.js';

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

  it('costs little more than node itself', async () => {
    const best = async (run: () => Promise<unknown>): Promise<number> => {
      let millis = Infinity;
      for (let i = 0; i < 5; i += 1) {
        const from = performance.now();
        await run();
        millis = Math.min(millis, performance.now() - from);
      }
      return millis;
    };
    const node = await best(() => Promise.resolve(spawnSync(process.execPath, ['-e', '0'])));
    expect(await best(() => bd(['--help']))).toBeLessThan(node + 100);
  });
});

describe('output', () => {
  it('has no colours through a pipe, and ends quietly when the reader goes', () => {
    const env = { PATH: process.env.PATH, SANDBOX_HOME: inject('home') };
    const piped = spawnSync(
      'bash',
      ['--norc', '-o', 'pipefail', '-c', `${process.execPath} ${BD} sandbox emit --list | head -1`],
      { env },
    );
    expect(piped.status).toBe(0);
    expect(piped.stderr.toString()).toBe('');
    expect(piped.stdout.toString()).not.toContain('\u001b');
  });

  const tmux = spawnSync('tmux', ['-V']).status === 0;
  it.skipIf(!tmux)('fits an 80-column terminal, in colour unless NO_COLOR (tmux)', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const long = `a-very-long-name-that-has-no-room-in-the-table-${Date.now()}`;
    const sandbox = await client.create({ name: long, ttl: '10m', guildIds: [someGuild()] });
    onTestFinished(async () => {
      await client.destroy(sandbox.id);
    });
    const socket = `bd-test-${process.pid}`;
    const run = (...args: string[]): string =>
      execFileSync('tmux', ['-L', socket, ...args]).toString();
    const env = ['-e', `SANDBOX_HOME=${inject('home')}`];
    run('new-session', '-d', '-x', '80', '-y', '24', ...env, 'bash', '--norc');
    onTestFinished(() => {
      run('kill-server');
    });
    const type = async (command: string): Promise<string> => {
      run('send-keys', `clear; ${command}; echo d''one`, 'Enter');
      await until('the command ends', () =>
        Promise.resolve(run('capture-pane', '-p').includes('done')),
      );
      return run('capture-pane', '-p', '-e');
    };
    const list = `${process.execPath} ${BD} sandbox list --owner ${sandbox.owner}`;
    const coloured = await type(list);
    expect(coloured).toContain('\u001b[32mrunning');
    const row = coloured.split('\n').find((line) => line.includes(sandbox.id));
    expect(row).toContain('…');
    expect(row).toContain('in ');
    expect(await type(`NO_COLOR=1 ${list}`)).not.toContain('\u001b[32m');
  });
});
