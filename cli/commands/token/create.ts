/** `bd token create`: prints a new token, once. */
import { ROLES, SCOPES, type Role } from '../../../domain/actor.js';
import { TOKEN_KINDS, type TokenKind } from '../../../domain/token.js';
import { JSON_OPTION, type Command, type Input } from '../../command.js';
import { note, print, printJson, usage } from '../../io.js';
import { withLastingProgress } from '../../progress.js';

export const createTokenCommand: Command = {
  name: 'create',
  args: '',
  summary: 'Create a token of the API and print it: it is shown this once',
  options: [
    {
      flags: '--scope <scope>',
      description: 'What it may do; again, or with commas, for several',
      repeats: true,
      values: SCOPES,
    },
    { flags: '--owner <owner>', description: 'Whose it is', default: 'the caller' },
    { flags: '--kind <kind>', description: 'Its kind', values: TOKEN_KINDS, default: 'person' },
    { flags: '--sandbox <sandbox>', description: 'Of kind sandbox: the only one that it reaches' },
    { flags: '--role <role>', description: 'Its role', values: ROLES, default: 'developer' },
    {
      flags: '--ttl <duration>',
      description: 'Its life span: at most 90d, a service at most 365d',
      default: '30d; a service names it',
    },
    { flags: '--name <text>', description: 'Shown in lists' },
    JSON_OPTION,
  ],
  examples: [
    'bd token create --scope sandbox:read,sandbox:write --name laptop',
    'bd token create --kind service --ttl 90d --scope sandbox:read --json',
  ],

  async run({ io, input, client }) {
    const wishes = wishesOf(input);
    const api = await client();
    const created = await withLastingProgress(io, 'creating', () => api.createToken(wishes));
    if (input.flag('json')) return printJson(io, created);
    const { id, owner, expiresAt, token } = created;
    await note(io, `Token ${id} of ${owner}, valid until ${expiresAt}. It is not shown again.`);
    await print(io, token);
  },
};

function wishesOf(input: Input) {
  const scopes = input.texts('scope').flatMap((given) => given.split(','));
  if (scopes.length === 0)
    throw usage('no scope is given', `Add --scope, with some of ${SCOPES.join(', ')}.`);
  const [owner, sandbox, ttl, name] = ['owner', 'sandbox', 'ttl', 'name'].map((one) =>
    input.text(one),
  );
  // Their values are checked behind the client, for every way to it.
  const [kind, role] = [input.text('kind') as TokenKind | undefined, input.text('role')];
  return {
    scopes,
    ...(kind === undefined ? {} : { kind }),
    ...(role === undefined ? {} : { role: role as Role }),
    ...(owner === undefined ? {} : { owner }),
    ...(sandbox === undefined ? {} : { sandbox }),
    ...(ttl === undefined ? {} : { ttl }),
    ...(name === undefined ? {} : { name }),
  };
}
