/**
 * Logins on NATS: the worker answers the servers (auth callout), and accepts only a sandbox's
 * current password.
 */
import { connect } from 'nats';
import { expect, it } from 'vitest';
import { openClient, someOwner, stackState } from '../../support/stack.js';
import { makeTenant, natsAs, variable } from './tenants.js';

it('a sandbox’s user logs in with its password only', async () => {
  const client = openClient({ SANDBOX_OWNER: someOwner() });
  const [own, other] = [await makeTenant(client), await makeTenant(client)];
  const url = new URL(variable(own.env, 'NATS_URL'));
  const { username: user, password: pass } = url;
  const otherPass = new URL(variable(other.env, 'NATS_URL')).password;
  await (await natsAs(own.env)).close();
  const refused: { user?: string; pass?: string }[] = [
    { user, pass: otherPass },
    { user, pass: `${pass}x` },
    { user, pass: '' },
    { user: user.toUpperCase(), pass },
    { user: 'sandbox_sb0000000000', pass },
    { user: 'sandbox_', pass },
    { user: 'bd_worker', pass },
    { user: '', pass },
    {},
  ];
  for (const given of refused) {
    const attempt = connect({ servers: url.host, ...given, reconnect: false, timeout: 5_000 });
    await expect(attempt, JSON.stringify(given)).rejects.toMatchObject({
      code: expect.stringMatching(/AUTHORIZATION_VIOLATION|BAD_AUTHENTICATION/) as string,
    });
  }
  await client.reset(own.id);
  await expect(natsAs(own.env)).rejects.toMatchObject({ code: 'AUTHORIZATION_VIOLATION' });
  const { environment } = await client.connection(own.id);
  await (await natsAs(environment)).close();
  expect(stackState().urls.admin.nats).not.toContain(pass);
  for (const { id } of [own, other]) await client.destroy(id);
});
