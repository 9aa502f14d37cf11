import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { GROUPS } from '../../cli/groups.js';
import { projectRoot } from '../../platform/project-root.js';
import { bd } from '../support/bd.js';

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
});
