/** A NATS server for one test, without any data of the product. It ends with the test. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { closeNats, openNats } from '../../platform/nats.js';
import { freePort, natsBinary, ServerProcess } from '../system/router/servers.js';

/** The server's address. */
export async function startOwnNats(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'sandbox-nats-'));
  const [port, binary] = [await freePort(), await natsBinary()];
  const url = `nats://127.0.0.1:${port}`;
  const args = ['-js', '-a', '127.0.0.1', '-p', String(port), '-sd', directory];
  const server = new ServerProcess(
    () => spawn(binary, args, { stdio: 'ignore' }),
    async () => closeNats(await openNats(url, 'probe')),
  );
  onTestFinished(async () => {
    await server.end();
    await rm(directory, { recursive: true, force: true });
  });
  await server.start();
  return url;
}
