/** `create --then`: a command on the caller's machine, in the environment of the new sandbox. */
import { spawn } from 'node:child_process';
import { SandboxError } from '../domain/errors.js';
import type { Connection } from '../domain/control.js';
import type { Sandbox } from '../domain/sandbox.js';
import { childEnvironment } from './child-environment.js';
import { noCredentials } from './commands/connect.js';
import type { Io } from './io.js';

/** Of the output, in the error. */
const LAST_LINES = 10;

/**
 * Runs `sh -c command`. Its output goes to standard error: standard output is the create's own.
 * @throws SANDBOX_005 with its last lines if it fails; the sandbox stays
 */
export async function runThen(
  io: Io,
  command: string,
  { name }: Sandbox,
  { environment, withoutCredentials }: Connection,
): Promise<void> {
  if (withoutCredentials !== null && environment.DATABASE_URL === undefined)
    throw noCredentials('create --then', withoutCredentials);
  const env = childEnvironment(io.env, environment);
  const child = spawn('sh', ['-c', command], { env, stdio: ['inherit', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-100_000);
      io.stderr.write(chunk);
    });
  const ended = await new Promise<string | null>((resolve) => {
    child.once('error', (error) => {
      resolve(error.message);
    });
    child.once('close', (code, signal) => {
      resolve(code === 0 ? null : signal === null ? `exit code ${String(code)}` : signal);
    });
  });
  if (ended === null) return;
  const last = output.trimEnd().split('\n').slice(-LAST_LINES).join('\n');
  throw new SandboxError('SANDBOX_005', `the command after the create failed (${ended})\n${last}`, {
    hint: `The sandbox stays: \`bd sandbox exec ${name} -- bash\` looks into it, \`bd sandbox destroy ${name}\` removes it.`,
    details: { sandbox: name },
  });
}
