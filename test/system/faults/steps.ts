/** Every step of a create and of a clean-up, enumerated from the resource list: a new resource is covered without an edit here. */
import { RESOURCE_NAMES } from '../../../domain/sandbox.js';

/** `stopped`: SIGSTOP as the step begins, and on again only when the sandbox has been destroyed by another worker. */
export type Moment = 'before' | 'inside' | 'after' | 'server' | 'stopped';
export const KILL_MOMENTS = ['before', 'inside', 'after'] as const;

export interface Fault {
  readonly step: string;
  readonly moment: Moment;
}

export interface Step {
  readonly name: string;
  readonly phase: 'create' | 'clean-up';
  /** The servers it writes to. */
  readonly servers: readonly string[];
}

const SERVER_OF: Readonly<Record<string, string>> = {
  'postgres-schema': 'postgres',
  'redis-keyspace': 'redis',
  'nats-subjects': 'nats',
  'guild-routes': 'nats',
};

export const STEPS: readonly Step[] = [
  { name: 'claim', phase: 'create', servers: ['postgres'] },
  ...RESOURCE_NAMES.map((name): Step => ({
    name: `ensureResource ${name}`,
    phase: 'create',
    servers: [SERVER_OF[name] ?? 'nats'],
  })),
  { name: 'markRunning', phase: 'create', servers: ['postgres'] },
  { name: 'markExpired', phase: 'clean-up', servers: ['postgres'] },
  { name: 'markDestroying', phase: 'clean-up', servers: ['postgres'] },
  { name: 'revokeAll', phase: 'clean-up', servers: ['postgres', 'redis', 'nats'] },
  ...[...RESOURCE_NAMES].reverse().map((name): Step => ({
    name: `removeResource ${name}`,
    phase: 'clean-up',
    servers: [SERVER_OF[name] ?? 'nats'],
  })),
  { name: 'markDestroyed', phase: 'clean-up', servers: ['postgres'] },
];

/** The step that an activity is: its type, and for resources the name among its arguments. */
export function stepOf(activityType: string, args: readonly unknown[]): string {
  const resource = args.find(
    (arg) => typeof arg === 'string' && (RESOURCE_NAMES as readonly string[]).includes(arg),
  );
  return typeof resource === 'string' ? `${activityType} ${resource}` : activityType;
}
