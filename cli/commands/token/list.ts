/** `bd token list`: tokens without their text. */
import { formatRough } from '../../../domain/duration.js';
import type { Token } from '../../../domain/identity.js';
import { JSON_OPTION, type Command } from '../../command.js';
import { note, print, printJson } from '../../io.js';
import { withProgress } from '../../progress.js';
import { table } from '../../table.js';

const FIELDS = ['ID', 'Name', 'Owner', 'Kind', 'Role', 'Scopes', 'Used', 'Expires'] as const;

export const listTokensCommand: Command = {
  name: 'list',
  aliases: ['ls'],
  args: '',
  summary: 'List the tokens: your own, or everybody’s for an operator',
  options: [
    { flags: '--owner <owner>', description: "Only this owner's" },
    { flags: '--all', description: 'Also those revoked or expired' },
    JSON_OPTION,
  ],

  async run({ io, input, client }) {
    const owner = input.text('owner');
    const api = await client();
    const listed = await withProgress(io, 'listing', () =>
      api.listTokens(owner === undefined ? {} : { owner }),
    );
    const now = Date.now();
    const tokens = listed.filter((token) => input.flag('all') || isValid(token, now));
    if (input.flag('json')) return printJson(io, tokens);
    if (tokens.length === 0) return note(io, 'No tokens. `bd token create` makes one.');
    const rows = tokens.map((token) => row(token, now));
    await print(io, await table(io, FIELDS, rows));
  },
};

const isValid = ({ revokedAt, expiresAt }: Token, now: number): boolean =>
  revokedAt === null && Date.parse(expiresAt) > now;

function row(token: Token, now: number): string[] {
  const { id, name, owner, kind, sandboxId, role, scopes, lastUsedAt } = token;
  const used = lastUsedAt === null ? 'never' : `${formatRough(now - Date.parse(lastUsedAt))} ago`;
  const kindCell = sandboxId === null ? kind : `${kind} ${sandboxId}`;
  return [id, name ?? '-', owner, kindCell, role, scopes.join('\n'), used, end(token, now)];
}

function end({ revokedAt, expiresAt }: Token, now: number): string {
  if (revokedAt !== null) return 'revoked';
  const left = Date.parse(expiresAt) - now;
  return left > 0 ? `in ${formatRough(left)}` : 'expired';
}
