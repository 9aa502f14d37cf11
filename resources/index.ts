/**
 * All resources of a sandbox in order of creation; removal is in reverse order. A new kind is one
 * folder and one line here.
 */
import { nats } from './nats/index.js';
import { postgres } from './postgres/index.js';
import { redis } from './redis/index.js';
import type {
  InspectingContext,
  Inspector,
  MakingContext,
  Resource,
  ResourceKind,
} from './resource.js';

export type {
  Found,
  FoundOfSandbox,
  Inspection,
  InspectingContext,
  Inspector,
  Limit,
  MakingContext,
  Resource,
  ResourceKind,
  ResourceTarget,
  Swept,
} from './resource.js';

export const RESOURCE_KINDS: readonly ResourceKind[] = [postgres, redis, nats];

export class Resources {
  private readonly byName: ReadonlyMap<string, Resource>;
  /** In order of creation. */
  readonly all: readonly Resource[];

  constructor(
    context: MakingContext,
    readonly kinds: readonly ResourceKind[] = RESOURCE_KINDS,
  ) {
    this.all = kinds.map((kind) => {
      const { name, servers } = kind;
      return { ...kind.open(context), name, servers };
    });
    this.byName = new Map(this.all.map((resource) => [resource.name, resource]));
  }

  get names(): string[] {
    return this.all.map(({ name }) => name);
  }

  get(name: string): Resource {
    const resource = this.byName.get(name);
    if (resource === undefined) throw new Error(`no resource is called ${name}`);
    return resource;
  }
}

export function openInspectors(
  context: InspectingContext,
  kinds: readonly ResourceKind[] = RESOURCE_KINDS,
): Inspector[] {
  return kinds.map((kind) => {
    const { name, servers } = kind;
    return { name, servers, inspect: kind.inspector(context) };
  });
}
