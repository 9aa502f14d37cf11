/** Needs tmux: `npm run test:deploy`. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { projectRoot } from '../../../platform/project-root.js';
import { openClient, someGuild, someOwner, until } from '../../support/stack.js';
import { runHome } from '../../support/run-home.js';

const BD = join(projectRoot(), 'dist/cli/main.js');

describe('output', () => {
  it('fits an 80-column terminal, in colour unless NO_COLOR (tmux)', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const long = `a-very-long-name-that-has-no-room-in-the-table-${Date.now()}`;
    const sandbox = await client.create({ name: long, ttl: '10m', guildIds: [someGuild()] });
    onTestFinished(async () => {
      await client.destroy(sandbox.id);
    });
    const socket = `bd-test-${process.pid}`;
    const run = (...args: string[]): string =>
      execFileSync('tmux', ['-L', socket, ...args]).toString();
    const env = ['-e', `SANDBOX_HOME=${runHome()}`];
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
