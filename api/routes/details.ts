/** Handlers of health, connection and audit of one sandbox. */
import { placeOf, cursorOf } from '../cursor.js';
import { auditPage, recordCredentialsRead } from '../../store/pages.js';
import type { AuditEntry } from '../../domain/audit.js';
import type { AnswerBody, Handlers } from '../call.js';
import type { SandboxParts } from './sandboxes.js';

export function detailHandlers({
  sandboxes,
  database,
}: SandboxParts): Handlers<'getHealth' | 'getConnection' | 'getAudit'> {
  return {
    getHealth: {
      // The answer itself names other servers that are away.
      needs: ['postgres'],
      run: async ({ actor, params }) => ({ body: await sandboxes.status(actor, params.ref) }),
    },
    getConnection: {
      needs: ['postgres'],
      async run({ actor, params }) {
        const connection = await sandboxes.connection(actor, params.ref);
        const { id } = await sandboxes.get(actor, params.ref, 'connect');
        await recordCredentialsRead(database, id, actor);
        return { body: connection };
      },
    },
    getAudit: {
      needs: ['postgres'],
      async run({ actor, params, query: { limit, cursor } }) {
        const { id } = await sandboxes.get(actor, params.ref);
        const [after = 0] = cursor === undefined ? [0] : placeOf(cursor, auditPlace);
        const { entries, next } = await auditPage(database, id, { limit, after });
        const nextCursor = next === null ? null : cursorOf([next]);
        return { body: { items: entries.map(auditJson), nextCursor } };
      },
    },
  };
}

const auditPlace = ([id]: readonly unknown[]): readonly number[] | null =>
  Number.isSafeInteger(id) && Number(id) > 0 ? [Number(id)] : null;

export type AuditJson = AnswerBody<'getAudit'>['items'][number];

export const auditJson = (entry: AuditEntry): AuditJson => ({
  id: entry.auditId,
  time: entry.createdAt.toISOString(),
  sandboxId: entry.sandboxId,
  event: entry.eventType,
  actor: entry.actor,
  kind: entry.actorKind,
  role: entry.actorRole,
  tokenId: entry.tokenId,
  via: entry.via,
  details: entry.details,
});
