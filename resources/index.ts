/** Everything a sandbox owns, in order. A new kind is one more file and one more line here and in `RESOURCE_NAMES`. */
import { RESOURCE_NAMES, type ResourceName } from '../domain/sandbox.js';
import { guildRoutes, type GuildRoutes } from '../routes/routes.js';
import { natsSubjects, type NatsSubjects } from './nats/subjects.js';
import { postgresSchema } from './postgres/schema.js';
import { redisKeyspace } from './redis/keyspace.js';
import type { Resource, ResourceContext } from './resource.js';

export type { Found, Inspection, Resource, ResourceContext, ResourceTarget } from './resource.js';

export type Resources = Readonly<Record<ResourceName, Resource>> & {
  readonly 'nats-subjects': NatsSubjects;
  readonly 'guild-routes': GuildRoutes;
};

export function openResources(context: ResourceContext): Resources {
  return {
    'postgres-schema': postgresSchema(context),
    'redis-keyspace': redisKeyspace(context),
    'nats-subjects': natsSubjects(context),
    'guild-routes': guildRoutes(context),
  };
}

export function inOrder(resources: Resources): Resource[] {
  return RESOURCE_NAMES.map((name) => resources[name]);
}
