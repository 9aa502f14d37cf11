/** The JSON of requests and answers. Times are ISO 8601 in UTC. A null is always written. */
import { z } from '@hono/zod-openapi';
import { ACTOR_KINDS, ROLES, SCOPES, VIAS } from '../../domain/actor.js';
import { AUDIT_EVENTS } from '../../domain/audit.js';
import { SANDBOX_STATUSES } from '../../domain/status.js';
import { TOKEN_KINDS } from '../../domain/token.js';

export const time = z.iso.datetime().openapi({ example: '2026-11-28T12:00:00.000Z' });
const orNull = <T extends z.ZodType>(schema: T) => z.union([schema, z.null()]);
const duration = z.string().min(1).max(40).openapi({ example: '24h' });
const guildId = z
  .string()
  .regex(/^[1-9][0-9]{16,19}$/)
  .openapi({ example: '1000000000000000001' });
const owner = z
  .string()
  .regex(/^[A-Za-z0-9._@-]{1,64}$/)
  .openapi({ example: 'ada' });
const sandboxId = z
  .string()
  .regex(/^sb[a-z0-9]{10}$/)
  .openapi({ example: 'sb0123456789' });
const tokenId = z
  .string()
  .regex(/^[0-9A-Za-z]{12}$/)
  .openapi({ example: 'a1B2c3D4e5F6' });
/** An id or a name: a lower-case DNS label, which an id is as well. */
const ref = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)
  .openapi({ example: 'my-fix', description: 'The id or the name of a sandbox.' });

export const template = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)
  .openapi({ example: 'shop' });

export const PATH = {
  ref: z.object({ ref }),
  guild: z.object({ guild: guildId }),
  refAndGuild: z.object({ ref, guild: guildId }),
  token: z.object({ id: tokenId }),
  grant: z.object({ guild: guildId, owner }),
  owner: z.object({ owner }),
  template: z.object({ template }),
};

export const Sandbox = z
  .object({
    id: sandboxId,
    name: z.string(),
    owner: z.string(),
    status: z.enum(SANDBOX_STATUSES),
    schema: z.string(),
    template: z.string(),
    /** Null until the sandbox is claimed. */
    templateVersion: orNull(z.number().int()),
    redisPrefix: z.string(),
    natsPrefix: z.string(),
    guildIds: z.array(z.string()),
    workflowId: z.string(),
    createdAt: time,
    expiresAt: time,
    destroyedAt: orNull(time),
  })
  .openapi('Sandbox');

/** Pages of a list: `nextCursor` is the `cursor` of the next one, null on the last. */
export const pageOf = <T extends z.ZodType>(items: T, name: string) =>
  z.object({ items: z.array(items), nextCursor: orNull(z.string()) }).openapi(name);

export const PAGE_QUERY = {
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().max(200).optional(),
};

export const SandboxPage = pageOf(Sandbox, 'SandboxPage');
export const SandboxQuery = z.strictObject({
  owner: owner.optional(),
  status: z.enum(SANDBOX_STATUSES).optional(),
  guild: guildId.optional(),
  /** `true`: also what is being destroyed or has been. */
  all: z.enum(['true', 'false']).default('false'),
  ...PAGE_QUERY,
});

export const CreateSandbox = z
  .strictObject({
    name: z.string().max(63).optional(),
    ttl: duration.optional(),
    guildIds: z.array(guildId).max(1_000).optional(),
    owner: owner.optional(),
    template: template.optional(),
  })
  .openapi('CreateSandbox');

export const Destroyed = z
  .object({ sandbox: Sandbox, alreadyDestroyed: z.boolean() })
  .openapi('Destroyed');

export const Extend = z
  .strictObject({
    by: duration,
    /** Cut to the maximum what passes it, instead of a refusal. */
    clamp: z.boolean().optional(),
  })
  .openapi('Extend');
export const Extended = z
  .object({ sandbox: Sandbox, expiresAt: time, clamped: z.boolean() })
  .openapi('Extended');

export const Health = z
  .object({
    sandbox: Sandbox,
    health: orNull(z.enum(['healthy', 'degraded', 'unhealthy'])),
    checks: z.array(
      z.object({
        name: z.string(),
        state: z.enum(['ok', 'missing', 'error']),
        detail: z.string(),
      }),
    ),
    expiresInMs: z.number().int(),
    lastEventAt: orNull(time),
    eventsWaiting: orNull(z.number().int()),
    cleanupError: orNull(z.string()),
  })
  .openapi('Health');

const variables = z.record(z.string(), z.string());
export const Connection = z
  .object({
    environment: variables,
    /** The part of it that opens nothing. */
    identifiers: variables,
    /** The reason why credentials are absent; null where none are. */
    withoutCredentials: orNull(z.string()),
  })
  .openapi('Connection');

export const AuditEntry = z
  .object({
    id: z.number().int(),
    time,
    sandboxId: orNull(z.string()),
    event: z.enum(AUDIT_EVENTS),
    actor: z.string(),
    kind: z.enum(ACTOR_KINDS),
    role: z.enum(ROLES),
    tokenId: orNull(z.string()),
    via: z.enum(VIAS),
    details: z.record(z.string(), z.unknown()),
  })
  .openapi('AuditEntry');
export const AuditPage = pageOf(AuditEntry, 'AuditPage');

export const SandboxEvent = z
  .object({
    sequence: z.number().int(),
    rawSequence: orNull(z.number().int()),
    time,
    family: z.string(),
    type: z.string(),
    guildId: orNull(z.string()),
    /** The exact text of the event. */
    payload: z.string(),
  })
  .openapi('SandboxEvent');
export const EventsQuery = z.strictObject({
  /** Begin with what was stored since; default: only what comes. */
  since: time.optional(),
  /** `false`: end with what is stored. */
  follow: z.enum(['true', 'false']).default('true'),
  /** `newest`: what is stored, newest first; never follows. */
  order: z.enum(['oldest', 'newest']).default('oldest'),
});
export const Emit = z
  .strictObject({
    events: z
      .array(
        z.strictObject({
          family: z.enum(['events', 'commands']).optional(),
          type: z.string().min(1).max(512),
          payload: z.string(),
        }),
      )
      .min(1)
      .max(1_000),
  })
  .openapi('Emit');
export const Emitted = z.object({ sequences: z.array(z.number().int()) }).openapi('Emitted');

export const GuildHolder = z
  .object({
    guildId: z.string(),
    /** Null for a guild of production, and for a holder that the caller may not see. */
    sandbox: orNull(Sandbox),
  })
  .openapi('GuildHolder');

export const Token = z
  .object({
    id: tokenId,
    kind: z.enum(TOKEN_KINDS),
    owner: z.string(),
    sandboxId: orNull(z.string()),
    role: z.enum(ROLES),
    scopes: z.array(z.enum(SCOPES)),
    name: orNull(z.string()),
    createdAt: time,
    createdBy: z.string(),
    expiresAt: time,
    lastUsedAt: orNull(time),
    revokedAt: orNull(time),
  })
  .openapi('Token');
export const TokenPage = pageOf(Token, 'TokenPage');
export const TokenQuery = z.strictObject({ owner: owner.optional(), ...PAGE_QUERY });
export const CreateToken = z
  .strictObject({
    kind: z.enum(TOKEN_KINDS).optional(),
    owner: owner.optional(),
    /** Of kind `sandbox`: the only sandbox that it reaches. */
    sandbox: ref.optional(),
    role: z.enum(ROLES).optional(),
    scopes: z.array(z.enum(SCOPES)).min(1),
    name: z.string().min(1).max(100).optional(),
    ttl: duration.optional(),
  })
  .openapi('CreateToken');
/** `token` is null in the replay of an idempotent request: a secret is shown once. */
export const CreatedToken = Token.extend({ token: orNull(z.string()) }).openapi('CreatedToken');

export const Grant = z
  .object({
    guildId: z.string(),
    owner: z.string(),
    grantedBy: z.string(),
    grantedAt: time,
    until: orNull(time),
  })
  .openapi('Grant');
export const GrantPage = pageOf(Grant, 'GrantPage');
export const GrantQuery = z.strictObject({
  owner: owner.optional(),
  guild: guildId.optional(),
  ...PAGE_QUERY,
});
export const CreateGrant = z
  .strictObject({ guildId, owner, until: time.optional() })
  .openapi('CreateGrant');

export const SetRole = z.strictObject({ role: z.enum(ROLES) }).openapi('SetRole');
export const OwnerRole = z.object({ owner: z.string(), role: z.enum(ROLES) }).openapi('OwnerRole');

export const Me = z
  .object({
    name: z.string(),
    kind: z.enum(ACTOR_KINDS),
    role: z.enum(ROLES),
    scopes: z.array(z.enum(SCOPES)),
    tokenId: orNull(z.string()),
    sandboxId: orNull(z.string()),
    expiresAt: orNull(time),
  })
  .openapi('Me');

/** RFC 9457. */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string().openapi({ example: 'SANDBOX_004' }),
    hint: z.string(),
    details: z.record(z.string(), z.unknown()),
    requestId: z.string(),
  })
  .openapi('Problem');
