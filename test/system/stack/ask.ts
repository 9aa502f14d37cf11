/** One real question to each server, at the addresses of a role in the stack file. */
import { Connection } from '@temporalio/client';
import { closeNats, openNats } from '../../../platform/nats.js';
import { delay } from '../../../platform/deadline.js';
import { closePostgres, openPostgres } from '../../../platform/postgres.js';
import { closeRedis, openRedis, type Redis } from '../../../platform/redis.js';
import type { NatsConnection } from '../../../platform/nats.js';
import type { Sql } from '../../../platform/postgres.js';

export async function withPostgres<T>(url: string, ask: (sql: Sql) => Promise<T>): Promise<T> {
  const sql = openPostgres(url, { name: 'test', max: 1 });
  try {
    return await ask(sql);
  } finally {
    await closePostgres(sql);
  }
}

export async function withRedis<T>(url: string, ask: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = await openRedis(url, 'test');
  try {
    return await ask(redis);
  } finally {
    closeRedis(redis);
  }
}

export async function withNats<T>(
  url: string,
  ask: (nc: NatsConnection) => Promise<T>,
): Promise<T> {
  const nc = await openNats(url, 'test');
  try {
    return await ask(nc);
  } finally {
    await closeNats(nc);
  }
}

/** Namespaces in the frontend. */
export async function temporalNamespaces(address: string): Promise<string[]> {
  const connection = await Connection.connect({ address });
  try {
    const { namespaces } = await connection.workflowService.listNamespaces({});
    return namespaces.map((one) => one.namespaceInfo?.name ?? '');
  } finally {
    await connection.close();
  }
}

/** The first permission error that the server reports for `act`, or null. */
export async function natsRefusal(
  url: string,
  act: (nc: NatsConnection) => void,
): Promise<string | null> {
  return withNats(url, async (nc) => {
    const refusals: string[] = [];
    void (async () => {
      for await (const event of nc.status()) {
        if (event.type === 'error' && event.permissionContext)
          refusals.push(event.permissionContext.subject);
      }
    })();
    act(nc);
    // The server answers in order, so an error for the act has arrived before this.
    await nc.flush();
    await delay(5);
    return refusals[0] ?? null;
  });
}
