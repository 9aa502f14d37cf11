/** `bd sandbox open`: opens a sandbox's workflow in the Temporal Web UI. */
import { spawn } from 'node:child_process';
import { SandboxError } from '../../domain/errors.js';
import type { Config } from '../../platform/config.js';
import { JSON_OPTION, type Command } from '../command.js';
import { note, print, printJson, type Io } from '../io.js';
import { withProgress } from '../progress.js';

export const openCommand: Command = {
  name: 'open',
  args: '<sandbox>',
  summary: "Open a sandbox's workflow in the Temporal Web UI",
  options: [JSON_OPTION],

  async run({ io, input, config, client }) {
    const api = await client();
    const sandbox = await withProgress(io, 'looking it up', () => api.get(input.args[0] ?? ''));
    const url = workflowUrl(await uiUrl(config()), config().namespace, sandbox.workflowId);
    if (input.flag('json')) return printJson(io, { url });
    await print(io, url);
    // With a pipe the person wants the address, not a window.
    if (io.stdout.isTTY) await openBrowser(io, url);
  },
};

export function workflowUrl(base: string, namespace: string, workflowId: string): string {
  const path = ['namespaces', namespace, 'workflows', workflowId].map(encodeURIComponent).join('/');
  return `${base.replace(/\/+$/, '')}/${path}`;
}

/** @throws SANDBOX_009 if no Web UI is known */
async function uiUrl(config: Config): Promise<string> {
  if (config.temporalUiUrl !== undefined) return config.temporalUiUrl;
  const { readStackFile } = await import('../../platform/stack-file.js');
  const own = config.given.temporal === undefined ? readStackFile(config.home) : null;
  if (own?.temporal.uiUrl != null) return own.temporal.uiUrl;
  throw new SandboxError('SANDBOX_009', 'no address of a Temporal Web UI is known', {
    hint: 'Set TEMPORAL_UI_URL to the one of your Temporal.',
    details: { dependency: 'temporal-ui' },
  });
}

/** Does not wait for the browser, which may run for days. */
async function openBrowser(io: Io, url: string): Promise<void> {
  const opener = io.env.BROWSER ?? (process.platform === 'darwin' ? 'open' : 'xdg-open');
  const opened = await new Promise<boolean>((resolve) => {
    const child = spawn(opener, [url], { detached: true, stdio: 'ignore' });
    child.once('error', () => {
      resolve(false);
    });
    child.once('spawn', () => {
      child.unref();
      resolve(true);
    });
  });
  if (!opened) await note(io, 'No browser could be started here: open the address yourself.');
}
