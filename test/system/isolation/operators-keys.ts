import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { natsOperator } from '../../../deploy/stack/nats-operator.js';
import { closeNats, openNats } from '../../../platform/nats.js';
import { natsAccountOf, parseNatsAuthority } from '../../../platform/nats-authority.js';
import { readMasterSecret } from '../../../platform/master-secret.js';
import { stackConfig, stackState } from '../../support/stack.js';
import { runHome } from '../../support/run-home.js';

/** Keys that only the worker has, read from the home's files. */
export async function operatorsKeys() {
  const file = await readFile(join(runHome(), 'credentials.json'), 'utf8');
  const credentials = JSON.parse(file) as { nats: { operator: string } };
  const { authority } = natsOperator(credentials.nats.operator);
  const url = stackState().urls.admin.nats;
  const nats = await openNats(url, 'test');
  onTestFinished(() => closeNats(nats));
  return {
    nats,
    authority: parseNatsAuthority(JSON.stringify(authority)),
    masterSecret: readMasterSecret(stackConfig()) ?? '',
    controlAccount: natsAccountOf(url) ?? '',
  };
}
