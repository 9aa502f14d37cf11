/**
 * The field of the attack corpus: an attacker and a victim, both sandboxes, with connections of
 * both.
 */
import type { Redis } from 'ioredis';
import type { NatsConnection } from 'nats';
import type pg from 'pg';
import { openDirectControl } from '../../../control/direct-control.js';
import type { Control } from '../../../domain/control.js';
import { textOf } from '../../../domain/template.js';
import { makeTenant, natsAs, postgresAs, redisAs, type Tenant } from '../isolation/tenants.js';
import { someName, someOwner, stackConfig } from '../../support/stack.js';
import { hostileFiles } from './hostile-template.js';

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

export interface FieldOptions {
  /** The attacker's sandbox begins with a template that attacks. */
  readonly hostile?: boolean;
}

export async function openField({ hostile = false }: FieldOptions = {}): Promise<Field> {
  const client = openDirectControl(stackConfig({ SANDBOX_OWNER: someOwner() }));
  const victim = await makeTenant(client);
  // Before a template attacks it: most attacks on absent objects do nothing.
  const victimSql = await withSecrets(victim);
  const template = hostile ? await addHostile(client, victim) : undefined;
  const attacker = await makeTenant(client, template === undefined ? {} : { template });
  const [sql, redis, nats, victimNats] = await Promise.all([
    postgresAs(attacker.env),
    redisAs(attacker.env),
    natsAs(attacker.env),
    natsAs(victim.env),
  ]);
  return {
    ...{ attacker, victim, sql, redis, nats, victimNats, victimSql },
    async close() {
      redis.disconnect();
      await Promise.all([nats.close(), victimNats.close(), sql.end().catch(() => undefined)]);
      await victimSql.end().catch(() => undefined);
      for (const { id } of [attacker, victim]) await client.destroy(id);
      if (template !== undefined) await client.removeTemplate(template);
      await client.close();
    },
  };
}

/** Data worth stealing. Returns a session of the victim. */
async function withSecrets(victim: Tenant): Promise<pg.Client> {
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
  return theirs;
}

async function addHostile(client: Control, victim: Tenant): Promise<string> {
  const { text } = await client.getTemplate('arrakis');
  const { name } = await client.addTemplate({
    name: someName(),
    files: hostileFiles(textOf(text), victim.id),
  });
  return name;
}

/** `{a}` is the attacker's id, `{b}` the victim's. */
export const filled = (text: string, { attacker, victim }: Field): string =>
  text.replaceAll('{a}', attacker.id).replaceAll('{b}', victim.id);
