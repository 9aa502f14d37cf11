/** `bd sandbox open` in a terminal: it starts the browser, or shows the address. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import { Input } from '../../../cli/command.js';
import { openCommand } from '../../../cli/commands/open.js';
import { openClient, someOwner, stackConfig, until } from '../../support/stack.js';

it('the browser in BROWSER gets the address; without a browser the address is shown', async () => {
  const client = openClient({ SANDBOX_OWNER: someOwner() });
  const { id } = await client.create({ ttl: '1h' });
  const directory = await mkdtemp(join(tmpdir(), 'sandbox-open-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const [browser, seen] = [join(directory, 'browser'), join(directory, 'seen')];
  await writeFile(browser, `#!/bin/sh\nprintf %s "$1" > ${seen}.part; mv ${seen}.part ${seen}\n`, {
    mode: 0o755,
  });
  /** A terminal, as far as the command checks. */
  const opened = async (BROWSER: string): Promise<[stdout: string, stderr: string]> => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const io = {
      stdout: Object.assign(stdout, { isTTY: true, columns: 80 }),
      stderr,
      env: { BROWSER },
    };
    await openCommand.run({
      ...{ io: io as never, input: new Input([id], {}, []) },
      ...{ config: () => stackConfig(), client: () => Promise.resolve(client) },
    });
    return [String(stdout.read() ?? ''), String(stderr.read() ?? '')];
  };
  const [url, silence] = await opened(browser);
  expect(url).toContain(`/workflows/sandbox-${id}`);
  expect(silence).toBe('');
  expect(await until('the browser has it', () => readFile(seen, 'utf8').catch(() => null))).toBe(
    url.trim(),
  );
  const [again, hint] = await opened(join(directory, 'no-browser'));
  expect([again, hint]).toEqual([
    url,
    'No browser could be started here: open the address yourself.\n',
  ]);
  await client.destroy(id);
});
