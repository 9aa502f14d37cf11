/**
 * The steps of the resources. Each is its own activity type, `<resource>.<verb>`, so the timeline
 * of the Temporal Web UI names the resource, and a new resource needs no line here.
 */
import { SandboxError } from '../domain/errors.js';
import type { SandboxId } from '../domain/names.js';
import type { EnsureInput } from '../domain/sandbox.js';
import type { Resources } from '../resources/index.js';
import type { Removal, Resource, ResourceTarget } from '../resources/resource.js';
import type { Database } from '../store/database.js';
import { rowOf } from '../store/sandboxes.js';
import type { Claims } from './claims.js';
import type { Endings } from './endings.js';
import { inTime } from './in-time.js';

/** The verbs as the workflow calls them (workflows/steps.ts). */
export interface ResourceVerbs {
  readonly ensure: (target: EnsureInput) => Promise<void>;
  readonly reset: (target: EnsureInput) => Promise<void>;
  readonly remove: (sandboxId: SandboxId) => Promise<Removal>;
  /** Called after a `remove` that answered FOLLOW_UP. */
  readonly finishRemoval: (sandboxId: SandboxId) => Promise<void>;
}

const VERBS = [
  'ensure',
  'reset',
  'remove',
  'finishRemoval',
] as const satisfies readonly (keyof ResourceVerbs)[];

type Steps = Record<`${string}.${keyof ResourceVerbs}`, (...args: never[]) => Promise<unknown>>;

interface StepsContext {
  readonly database: Database;
  readonly resources: Resources;
  readonly claims: Claims;
  readonly endings: Endings;
}

export function resourceActivities(context: StepsContext): Steps {
  const steps: Steps = {};
  for (const resource of context.resources.all)
    for (const verb of VERBS) steps[`${resource.name}.${verb}`] = verbsOf(context, resource)[verb];
  return steps;
}

function verbsOf({ database, claims, endings }: StepsContext, resource: Resource): ResourceVerbs {
  const { servers } = resource;
  /** The row says which credentials count: a workflow that was started by hand may say anything. */
  async function targetOf({ sandboxId, fresh }: EnsureInput): Promise<ResourceTarget> {
    const claimed = fresh ? claims.targetOf(sandboxId) : undefined;
    if (claimed !== undefined) return claimed;
    const row = await rowOf(database, sandboxId);
    if (row === null) throw new SandboxError('SANDBOX_004', `sandbox ${sandboxId} has no row`);
    const { status, rotation, createdAt } = row;
    return { sandboxId, rotation, createdAt, fresh: fresh && status === 'creating' };
  }
  const ending = async <T>(sandboxId: SandboxId, work: () => Promise<T>): Promise<T> => {
    await endings.require(sandboxId);
    return work();
  };
  return {
    ensure: (input) =>
      inTime(
        servers,
        targetOf(input).then((target) => resource.ensure(target)),
      ),
    reset: (input) =>
      inTime(
        servers,
        targetOf(input).then((target) => resource.reset(target)),
      ),
    remove: (sandboxId) =>
      inTime(
        servers,
        ending(sandboxId, () => resource.remove(sandboxId)),
      ),
    async finishRemoval(sandboxId) {
      const finish = async () => resource.finishRemoval?.(sandboxId);
      await inTime(servers, ending(sandboxId, finish));
    },
  };
}
