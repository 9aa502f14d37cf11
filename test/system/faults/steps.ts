/**
 * Every step of a create and of a clean-up, from the resource list: a new resource is covered
 * without an edit here.
 */
import { RESOURCE_KINDS } from '../../../resources/index.js';

/**
 * `stopped`: SIGSTOP when the step begins, and SIGCONT after another worker has destroyed the
 * sandbox.
 */
export type Moment = 'before' | 'inside' | 'after' | 'server' | 'stopped';
export const KILL_MOMENTS = ['before', 'inside', 'after'] as const;

export interface Fault {
  readonly step: string;
  readonly moment: Moment;
}

export interface Step {
  readonly name: string;
  readonly phase: 'create' | 'clean-up';
  /** The servers that the step writes to. */
  readonly servers: readonly string[];
}

export const STEPS: readonly Step[] = [
  { name: 'claim', phase: 'create', servers: ['postgres'] },
  ...RESOURCE_KINDS.map(({ name, servers }): Step => ({
    ...{ name: `${name}.ensure`, phase: 'create', servers },
  })),
  { name: 'activateRoutes', phase: 'create', servers: ['nats'] },
  { name: 'markRunning', phase: 'create', servers: ['postgres'] },
  { name: 'markExpired', phase: 'clean-up', servers: ['postgres'] },
  { name: 'markDestroying', phase: 'clean-up', servers: ['postgres'] },
  { name: 'revokeAll', phase: 'clean-up', servers: ['postgres', 'redis', 'nats'] },
  { name: 'removeRoutes', phase: 'clean-up', servers: ['nats'] },
  ...[...RESOURCE_KINDS].reverse().map(({ name, servers }): Step => ({
    ...{ name: `${name}.remove`, phase: 'clean-up', servers },
  })),
  { name: 'markDestroyed', phase: 'clean-up', servers: ['postgres'] },
];
