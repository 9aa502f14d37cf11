/** The operator's token of the local stack, kept in its home for `bd dev env`: each shell gets the same one. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SCOPES } from '../../domain/actor.js';
import { messageOf } from '../../domain/errors.js';
import type { Token } from '../../domain/identity.js';
import { parseToken } from '../../domain/token.js';
import { writePrivateFile } from '../../platform/private-file.js';
import type { CommandContext } from '../command.js';
import { note } from '../io.js';

const FILE = 'api-token';
/** A token with less life is replaced. */
const REST_MS = 86_400_000;

/** Null where Postgres cannot be asked, which a note says. */
export async function operatorToken(context: CommandContext): Promise<string | null> {
  const { io, config } = context;
  const path = join(config().home, FILE);
  try {
    const kept = readKept(path);
    if (kept !== null && (await isUsable(context, kept))) return kept;
    const made = await mint(context);
    await writePrivateFile(path, `${made}\n`);
    return made;
  } catch (error) {
    await note(io, `! SANDBOX_TOKEN is left out: ${messageOf(error)}`);
    return null;
  }
}

function readKept(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}

/** The token of another owner, of another database or near its end is not used again. */
async function isUsable({ config, client }: CommandContext, kept: string): Promise<boolean> {
  const id = parseToken(kept)?.tokenId;
  const { owner } = config();
  const known = (await (await client()).listTokens({ owner })).find((token) => token.id === id);
  return known !== undefined && lives(known);
}

const lives = ({ revokedAt, expiresAt, role }: Token): boolean =>
  revokedAt === null && role === 'operator' && Date.parse(expiresAt) - Date.now() > REST_MS;

/** Whoever holds the stack's home holds all its passwords: the token gives no more. */
async function mint({ config, client }: CommandContext): Promise<string> {
  const { owner } = config();
  const control = await client();
  await control.setOwnerRole(owner, 'operator');
  const wish = { owner, role: 'operator', scopes: SCOPES, name: 'bd dev env' } as const;
  return (await control.createToken(wish)).token;
}
