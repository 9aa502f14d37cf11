/** Handlers of guilds: register, unregister, and the holder of one. */
import type { SandboxService } from '../../control/sandbox-service.js';
import type { Actor } from '../../domain/actor.js';
import { SandboxError } from '../../domain/errors.js';
import { parseGuildId, type GuildId } from '../../domain/guild.js';
import { requirePermission } from '../../domain/permissions.js';
import type { Sandbox } from '../../domain/sandbox.js';
import type { Database } from '../../store/database.js';
import { mappingOf } from '../../store/guild-mappings.js';
import type { Handlers } from '../call.js';
import { SERVERS_OF_ROUTES, type SandboxParts } from './sandboxes.js';

export function guildHandlers({
  sandboxes,
  database,
}: SandboxParts): Handlers<'registerGuild' | 'unregisterGuild' | 'getGuild'> {
  return {
    registerGuild: {
      needs: SERVERS_OF_ROUTES,
      run: async ({ actor, params, repetition }) => ({
        body: await sandboxes.registerGuild(
          ...([actor, params.ref, params.guild, repetition?.commandId] as const),
        ),
      }),
    },
    unregisterGuild: {
      needs: SERVERS_OF_ROUTES,
      async run({ actor, params, repetition }) {
        const guildId = parseGuildId(params.guild);
        const sandbox = await sandboxes.get(actor, params.ref, 'unregisterGuild');
        if (sandbox.guildIds.includes(guildId)) {
          const key = repetition?.commandId;
          return { body: await sandboxes.unregisterGuild(actor, guildId, key) };
        }
        // The first request with this key has done it, and its answer was lost.
        if (repetition?.repeated === true) return { body: sandbox };
        throw new SandboxError(
          'SANDBOX_004',
          `guild ${guildId} is not registered to sandbox ${sandbox.name}`,
        );
      },
    },
    getGuild: {
      needs: ['postgres'],
      async run({ actor, params }) {
        requirePermission(actor, 'read', null);
        const guildId = parseGuildId(params.guild);
        return { body: { guildId, sandbox: await holder(database, sandboxes, actor, guildId) } };
      },
    },
  };
}

/** Null also for a holder that the caller may not see: it is not named. */
async function holder(
  database: Database,
  sandboxes: SandboxService,
  actor: Actor,
  guildId: GuildId,
): Promise<Sandbox | null> {
  const mapping = await mappingOf(database, guildId);
  if (mapping === null) return null;
  return sandboxes.get(actor, mapping.sandboxId).catch((error: unknown) => {
    const hidden =
      error instanceof SandboxError && ['SANDBOX_004', 'SANDBOX_010'].includes(error.code);
    if (hidden) return null;
    throw error;
  });
}
