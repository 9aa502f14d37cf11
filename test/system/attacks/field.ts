/**
 * The field of the attack corpus: an attacker and a victim, both sandboxes, with connections of
 * both.
 */
import type { Redis } from 'ioredis';
import type { NatsConnection } from 'nats';
import type pg from 'pg';
import { openDirectControl } from '../../../control/direct-control.js';
import { makeTenant, natsAs, postgresAs, redisAs, type Tenant } from '../isolation/tenants.js';
import { someOwner, stackConfig } from '../../support/stack.js';

export interface Field {
  readonly attacker: Tenant;
  readonly victim: Tenant;
  readonly sql: pg.Client;
  /** Stays open, so that the victim has a session to attack. */
  readonly victimSql: pg.Client;
  readonly redis: Redis;
  readonly nats: NatsConnection;
  readonly victimNats: NatsConnection;
  close(): Promise<void>;
}

export async function openField(): Promise<Field> {
  const client = openDirectControl(stackConfig({ SANDBOX_OWNER: someOwner() }));
  const [attacker, victim] = [await makeTenant(client), await makeTenant(client)];
  const [sql, redis, nats, victimNats] = await Promise.all([
    postgresAs(attacker.env),
    redisAs(attacker.env),
    natsAs(attacker.env),
    natsAs(victim.env),
  ]);
  // Data worth stealing.
  const theirs = await postgresAs(victim.env);
  await theirs.query(`INSERT INTO communities (name) VALUES ('secret')`);
  await theirs.query(
    `CREATE SEQUENCE counter; SELECT nextval('counter'); ANALYZE communities; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
  );
  await theirs.query('SELECT lo_create(424242)').catch(() => undefined);
  const keys = await redisAs(victim.env);
  await keys.set(`sandbox:${victim.id}:k`, 'secret');
  await keys.rpush(`sandbox:${victim.id}:list`, '1', '2');
  keys.disconnect();
  return {
    ...{ attacker, victim, sql, redis, nats, victimNats, victimSql: theirs },
    async close() {
      redis.disconnect();
      await Promise.all([nats.close(), victimNats.close(), sql.end().catch(() => undefined)]);
      await theirs.end().catch(() => undefined);
      for (const { id } of [attacker, victim]) await client.destroy(id);
      await client.close();
    },
  };
}

/** `{a}` is the attacker's id, `{b}` the victim's. */
export const filled = (text: string, { attacker, victim }: Field): string =>
  text.replaceAll('{a}', attacker.id).replaceAll('{b}', victim.id);
