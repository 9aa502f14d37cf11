/** `bd dev env`: the servers' addresses, and an operator's token for the stack's own API. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SCOPES } from '../../domain/actor.js';
import type { Control } from '../../domain/control.js';
import { parseToken } from '../../domain/token.js';
import type { Config } from '../../platform/config.js';
import { writePrivateFile } from '../../platform/private-file.js';

const LIFE = '30d';
/** One that ends sooner is replaced. */
const LEAST_LEFT_MS = 86_400_000;

/** Without API and token where Postgres does not answer: `bd` then works directly. @throws SANDBOX_009 */
export async function devEnvironment(config: Config): Promise<Record<string, string>> {
  const { adminEnv } = await import('../../deploy/stack/index.js');
  const { SANDBOX_API_URL, ...addresses } = await adminEnv(config);
  if (SANDBOX_API_URL === undefined) return addresses;
  const token = await ownToken(config).catch(() => null);
  return token === null ? addresses : { ...addresses, SANDBOX_API_URL, SANDBOX_TOKEN: token };
}

/** The one of the last time while it is valid, so that each call does not leave another one behind. */
async function ownToken(config: Config): Promise<string> {
  const { openDirectControl } = await import('../../control/direct-control.js');
  await using control = openDirectControl(config);
  const file = join(config.home, 'run', 'api.token');
  const kept = readKept(file);
  if (kept !== null && (await isValid(control, kept, config.owner))) return kept;
  await control.setOwnerRole(config.owner, 'operator');
  const { token } = await control.createToken({
    ...{ owner: config.owner, role: 'operator', scopes: SCOPES, name: 'bd dev env', ttl: LIFE },
  });
  await writePrivateFile(file, `${token}\n`);
  return token;
}

function readKept(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return null;
  }
}

async function isValid(control: Control, text: string, owner: string): Promise<boolean> {
  const id = parseToken(text)?.tokenId;
  const known = (await control.listTokens({ owner })).find((token) => token.id === id);
  if (known === undefined || known.revokedAt !== null) return false;
  return Date.parse(known.expiresAt) - Date.now() > LEAST_LEFT_MS;
}
