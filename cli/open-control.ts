/** The way to the use cases: over HTTP where SANDBOX_API_URL is set, else to the servers themselves. */
import type { Control } from '../domain/control.js';
import { SandboxError } from '../domain/errors.js';
import type { Config } from '../platform/config.js';

export interface Way {
  /** `--direct` wins over the environment. */
  readonly direct: boolean;
  /** Directly: called now and then while the workers are busy. */
  readonly onBusy: (ahead: number) => void;
}

/** Each way is loaded alone: the drivers of the servers cost ten times what a request does. */
export async function openControl(config: Config, { direct, onBusy }: Way): Promise<Control> {
  const { apiUrl, token } = config;
  if (direct || apiUrl === undefined) {
    const { openDirectControl } = await import('../control/direct-control.js');
    return openDirectControl(config, { onBusy });
  }
  if (token === undefined) {
    throw new SandboxError('SANDBOX_012', 'SANDBOX_API_URL is set, and SANDBOX_TOKEN is not', {
      hint: 'Set SANDBOX_TOKEN to a token of `bd token create`, or use --direct.',
    });
  }
  const [{ openHttpControl }, { nodeFetch }] = await Promise.all([
    import('../client/control.js'),
    import('./node-fetch.js'),
  ]);
  return openHttpControl({ url: apiUrl, token, fetch: nodeFetch });
}
