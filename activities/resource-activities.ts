/**
 * The steps of the resources. Each is its own activity type, `<resource>.<verb>`, so the timeline
 * of the Temporal Web UI names the resource, and a new resource needs no line here.
 */
import type { SandboxId } from '../domain/names.js';
import type { EnsureInput } from '../domain/sandbox.js';
import type { Resources } from '../resources/index.js';
import type { Removal, Resource, ResourceTarget } from '../resources/resource.js';
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

export function resourceActivities(resources: Resources): Steps {
  const steps: Steps = {};
  for (const resource of resources.all)
    for (const verb of VERBS) steps[`${resource.name}.${verb}`] = verbsOf(resource)[verb];
  return steps;
}

function verbsOf(resource: Resource): ResourceVerbs {
  const { servers } = resource;
  return {
    ensure: (target) => inTime(servers, resource.ensure(targetOf(target))),
    reset: (target) => inTime(servers, resource.reset(targetOf(target))),
    remove: (sandboxId) => inTime(servers, resource.remove(sandboxId)),
    async finishRemoval(sandboxId) {
      await inTime(servers, resource.finishRemoval?.(sandboxId) ?? Promise.resolve());
    },
  };
}

const targetOf = (input: EnsureInput): ResourceTarget => ({
  ...input,
  createdAt: new Date(input.createdAt),
});
