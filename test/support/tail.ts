/** A sandbox with a guild, and a running `bd sandbox tail` for it. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { projectRoot } from '../../platform/project-root.js';
import { openClient, someGuild, someName, someOwner } from './stack.js';
import { runHome } from './run-home.js';

/** Destroyed with the test. */
export async function sandboxWithGuild() {
  const client = openClient({ SANDBOX_OWNER: someOwner() });
  const [guild, name] = [someGuild(), someName()];
  const sandbox = await client.create({ name, ttl: '10m', guildIds: [guild] });
  onTestFinished(async () => {
    await client.destroy(sandbox.id);
  });
  return { client, sandbox, guild, name };
}

/** A running `bd sandbox tail`; it ends with the test. */
export function startTail(args: readonly string[]) {
  const child = spawn(
    process.execPath,
    [join(projectRoot(), 'dist/cli/main.js'), 'sandbox', 'tail', ...args],
    {
      env: { PATH: process.env.PATH, SANDBOX_HOME: runHome() },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  onTestFinished(() => {
    child.kill('SIGINT');
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  return { child, output };
}
