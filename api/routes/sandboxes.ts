/** Handlers of sandboxes: create, list, read and change. */
import type { SandboxService } from '../../control/sandbox-service.js';
import type { Actor } from '../../domain/actor.js';
import { parseOwner, type Owner } from '../../domain/names.js';
import { maySee, requirePermission, type Visibility } from '../../domain/permissions.js';
import { describeSandbox, type Sandbox } from '../../domain/sandbox.js';
import { isSandboxId } from '../../domain/names.js';
import { LIVE_STATUSES, type SandboxStatus } from '../../domain/status.js';
import { parseGuildId } from '../../domain/guild.js';
import type { Database } from '../../store/database.js';
import { sandboxPage, type ListPlace } from '../../store/pages.js';
import { resumed, type AnswerBody, type Call, type Handlers, type Server } from '../call.js';
import { cursorOf, placeOf } from '../cursor.js';
import { defined } from '../defined.js';
import { sandboxIdOf } from '../idempotency.js';
import { readOrBegun } from './read-or-begun.js';

/** Servers that a change waits for until the workflow has answered. */
export const EVERY_SERVER: readonly Server[] = ['postgres', 'temporal', 'nats', 'redis'];
/** Redis has a copy of the routes alone, so their changes go on without it. */
export const SERVERS_OF_ROUTES: readonly Server[] = ['postgres', 'temporal', 'nats'];
export const ROW_AND_WORKFLOW: readonly Server[] = ['postgres', 'temporal'];

type Names =
  | 'createSandbox'
  | 'listSandboxes'
  | 'getSandbox'
  | 'destroySandbox'
  | 'extendSandbox'
  | 'resetSandbox';

export interface SandboxParts {
  readonly sandboxes: SandboxService;
  readonly database: Database;
  readonly visibility: Visibility;
}

export function sandboxHandlers({
  sandboxes,
  database,
  visibility,
}: SandboxParts): Handlers<Names> {
  return {
    createSandbox: {
      needs: EVERY_SERVER,
      async run({ actor, body, headers, repetition }) {
        const wait = !prefersAsync(headers.prefer);
        const sandbox = await sandboxes.create(actor, {
          ...defined(body),
          wait,
          ...(repetition === null ? {} : { sandboxId: sandboxIdOf(repetition.commandId) }),
        });
        const location = `/v1/sandboxes/${sandbox.id}`;
        if (wait) return { status: 201, body: sandbox, headers: { location } };
        const applied = { location, 'preference-applied': 'respond-async' };
        return { status: 202, body: sandbox, headers: applied };
      },
    },
    listSandboxes: {
      needs: ['postgres'],
      run: async (call) => ({ body: await list(database, visibility, call) }),
    },
    getSandbox: {
      needs: ['postgres'],
      run: async ({ actor, params }) => ({
        body: await readOrBegun(sandboxes, visibility, actor, params.ref),
      }),
    },
    destroySandbox: {
      needs: ROW_AND_WORKFLOW,
      run: async (call) => ({
        body: await sandboxes.destroy(call.actor, await toDestroy(sandboxes, call)),
      }),
    },
    extendSandbox: {
      needs: ROW_AND_WORKFLOW,
      async run({ actor, params, body: { by, clamp = false }, repetition }) {
        const key = repetition?.commandId;
        const extended = await sandboxes.extend(actor, params.ref, by, { clamp }, key);
        return { body: { ...extended, expiresAt: new Date(extended.expiresAt).toISOString() } };
      },
    },
    resetSandbox: {
      needs: EVERY_SERVER,
      run: async ({ actor, params, repetition }) => ({
        body: await sandboxes.reset(actor, params.ref, repetition?.commandId),
      }),
    },
  };
}

/** A repetition means the first request's sandbox: another one may have its name by then. */
async function toDestroy(
  sandboxes: SandboxService,
  { actor, params: { ref }, repetition }: Call<'destroySandbox'>,
): Promise<string> {
  if (repetition === null || isSandboxId(ref)) return ref;
  const { kept, keep } = resumed<{ readonly id: string }>(repetition);
  if (kept !== null) return kept.id;
  const { id } = await sandboxes.get(actor, ref, 'destroy');
  await keep({ id });
  return id;
}

/** RFC 7240: preferences are separated by commas. */
const prefersAsync = (prefer = ''): boolean =>
  prefer.split(',').some((one) => one.trim().toLowerCase() === 'respond-async');

async function list(
  database: Database,
  visibility: Visibility,
  { actor, query }: Call<'listSandboxes'>,
): Promise<AnswerBody<'listSandboxes'>> {
  requirePermission(actor, 'read', null);
  const owner = query.owner === undefined ? everybody(actor, visibility) : parseOwner(query.owner);
  if (owner !== undefined && !maySee(actor, owner, visibility))
    return { items: [], nextCursor: null };
  const { rows, next } = await sandboxPage(
    database,
    {
      ...(owner === undefined ? {} : { owner }),
      ...(query.guild === undefined ? {} : { guildId: parseGuildId(query.guild) }),
      ...statuses(query),
    },
    {
      limit: query.limit,
      after: query.cursor === undefined ? null : listPlace(query.cursor),
    },
  );
  const items: Sandbox[] = rows.map(describeSandbox);
  const nextCursor = next === null ? null : cursorOf([next.createdMicros, next.sandboxId]);
  return { items, nextCursor };
}

/** Undefined: no owner in particular. */
const everybody = (actor: Actor, visibility: Visibility): Owner | undefined =>
  visibility === 'all' || actor.role === 'operator' ? undefined : actor.name;

function statuses({ status, all }: Call<'listSandboxes'>['query']): {
  status?: readonly SandboxStatus[];
} {
  if (status !== undefined) return { status: [status] };
  return all === 'true' ? {} : { status: LIVE_STATUSES };
}

function listPlace(cursor: string): ListPlace {
  const [createdMicros = '', sandboxId] = placeOf(cursor, (place) => {
    const [micros, id] = place;
    const fits = typeof micros === 'string' && /^[0-9]{1,18}$/.test(micros) && isSandboxId(id);
    return fits ? [micros, id] : null;
  });
  if (!isSandboxId(sandboxId)) throw new Error('a cursor was checked and has no id');
  return { createdMicros, sandboxId };
}
