/**
 * Ends the routes whose grant has ended: its time has passed, or a revocation was cut off half-way. Each goes through its
 * sandbox's workflow, as any change of its guilds, and so through the barrier of the routers.
 */
import type { Client } from '@temporalio/client';
import { GRANTS_ACTOR } from '../domain/actor.js';
import type { Command } from '../domain/command.js';
import { messageOf } from '../domain/errors.js';
import { workflowId } from '../domain/names.js';
import { UPDATES, type SandboxView } from '../domain/sandbox.js';
import { withDeadline } from '../platform/deadline.js';
import { every } from '../platform/every.js';
import type { Logger } from '../platform/log.js';
import type { Database } from '../store/database.js';
import { lapsedRoutes, type LapsedRoute } from '../store/grants.js';

const INTERVAL_MS = 2_000;
/** A workflow that stands still must not keep the others' routes. */
const ANSWER_MS = 10_000;
const MINUTE_MS = 60_000;

interface GrantGuardContext {
  readonly database: Database;
  readonly client: Client;
  readonly log: Logger;
}

/** Looks until it is closed. A look is one query of an index, which is empty where no route came by a grant. */
export function guardGrants({ database, client, log }: GrantGuardContext): { close(): void } {
  async function end(route: LapsedRoute): Promise<void> {
    const { guildId, sandboxId } = route;
    try {
      const handle = client.workflow.getHandle(workflowId(sandboxId));
      const command = commandOf(route, Date.now());
      const update = handle.executeUpdate<SandboxView, [Command]>(UPDATES.unregisterGuild, {
        args: [command],
        updateId: command.commandId,
      });
      await withDeadline(update, ANSWER_MS, `the workflow of sandbox ${sandboxId}`);
      log.info({ sandboxId, guildId }, 'a grant has ended: its route is removed');
    } catch (error) {
      log.warn({ sandboxId, guildId, err: messageOf(error) }, 'a route without a grant stays');
    }
  }

  return every(INTERVAL_MS, async () => {
    try {
      await Promise.all((await lapsedRoutes(database)).map(end));
    } catch (error) {
      log.debug({ err: messageOf(error) }, 'grants could not be checked');
    }
  });
}

/** One id a minute: all workers share one update, and what failed is sent again. */
function commandOf(
  { guildId, sandboxId, registeredAt }: LapsedRoute,
  now: number,
): Command<'unregisterGuild'> {
  const minute = Math.floor(now / MINUTE_MS);
  return {
    commandId: `grant-ended-${guildId}-${registeredAt}-${minute}`,
    ...{ action: 'unregisterGuild', sandboxId, actor: GRANTS_ACTOR, args: { guildId } },
  };
}
