/** Two developers. Each has one token, and reaches the sandboxes through the API alone. */
import { openHttpControl } from '../client/index.js';
import { openDirectControl } from '../control/direct-control.js';
import type { Control } from '../domain/control.js';
import { SandboxError } from '../domain/errors.js';
import type { Config } from '../platform/config.js';

const SCOPES = [
  ...['sandbox:read', 'sandbox:write', 'sandbox:connect'],
  ...['guild:write', 'event:read', 'template:write'],
];

export interface Callers {
  readonly owner: Control;
  readonly stranger: Control;
}

/** The operator of the stack mints both tokens, as `bd token create` does. */
export async function openCallers(config: Config, apiUrl: string): Promise<Callers> {
  await using operator = openDirectControl(config);
  const callerOf = async (owner: string): Promise<Control> => {
    const { token } = await operator.createToken({ owner, scopes: SCOPES, ttl: '1h' });
    return openHttpControl({ url: apiUrl, token });
  };
  return { owner: await callerOf('demo'), stranger: await callerOf('stranger') };
}

/** The code of the refusal of `attempt`; null if it was not refused. */
export async function refusalOf(attempt: () => Promise<unknown>): Promise<string | null> {
  try {
    await attempt();
    return null;
  } catch (error) {
    if (error instanceof SandboxError) return error.code;
    throw error;
  }
}
