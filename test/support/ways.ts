/** The two ways of `bd` to the run's stack, each as an environment. */
import { openDirectControl } from '../../control/direct-control.js';
import { SCOPES } from '../../domain/actor.js';
import { apiUrl } from './api.js';
import { stackConfig } from './stack.js';

const UI = { TEMPORAL_UI_URL: 'http://temporal.example' };
export const WAYS = ['directly', 'over HTTP'] as const;
export type Way = (typeof WAYS)[number];

/** Over HTTP nothing but the API is known. */
export async function environmentOf(way: Way, owner: string): Promise<Record<string, string>> {
  if (way === 'directly') return { ...UI, SANDBOX_OWNER: owner };
  return {
    ...UI,
    SANDBOX_HOME: '/nonexistent',
    SANDBOX_OWNER: 'nobody',
    SANDBOX_API_URL: apiUrl(),
    SANDBOX_TOKEN: await operatorsToken(owner),
  };
}

/** Directly everybody is an operator. */
async function operatorsToken(owner: string): Promise<string> {
  await using control = openDirectControl(stackConfig());
  await control.setOwnerRole(owner, 'operator');
  return (await control.createToken({ owner, role: 'operator', scopes: SCOPES })).token;
}
