/** The limits in docs/isolation.md are those of a live sandbox on the servers. */
import { expect, it } from 'vitest';
import { resourceLimits } from '../../../control/environment.js';
import { parseSandboxId } from '../../../domain/names.js';
import { readNatsToken } from '../../../platform/nkeys.js';
import { accountKeyOf } from '../../../resources/nats/account.js';
import { openWorkerParts } from '../../support/resources.js';
import { openAdmin, openClient, someOwner } from '../../support/stack.js';

const shown = resourceLimits()
  .map(({ what, limit }) => `${what}: ${limit}`)
  .join('\n');

it('shows the limits of a live sandbox', async () => {
  const client = openClient({ SANDBOX_OWNER: someOwner() });
  const { id } = await client.create({ ttl: '1h' });
  const [role] = await openAdmin()<{ connections: number; settings: string }[]>`
    SELECT rolconnlimit AS connections, array_to_string(rolconfig, ',') AS settings
    FROM pg_roles WHERE rolname = ${`sandbox_${id}`}`;
  const settings = new Map(
    role?.settings.split(',').map((text) => text.split('=') as [string, string]),
  );
  expect(shown).toContain(`Postgres connections: ${role?.connections}`);
  for (const name of ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'])
    expect(shown).toContain(`\`${name}\` ${settings.get(name)?.replace('s', ' s')}`);
  expect(shown).toContain(`\`work_mem\` ${settings.get('work_mem')?.replace('MB', ' MB')}`);

  const { nats, masterSecret } = await openWorkerParts();
  const key = accountKeyOf(masterSecret, parseSandboxId(id)).publicKey;
  const { data } = await nats.request(`$SYS.REQ.ACCOUNT.${key}.CLAIMS.LOOKUP`, undefined);
  const claims = readNatsToken(Buffer.from(data).toString());
  const { conn, subs } = (claims?.nats.limits ?? {}) as { conn?: number; subs?: number };
  expect(shown).toContain(
    `NATS connections, subscriptions: ${conn}, ${subs?.toLocaleString('en')}`,
  );
  await client.destroy(id);
});
