/** `bd setup`: an installation's secrets and files, its servers' first state, and new secrets for old ones. */
import { SandboxError } from '../../domain/errors.js';
import type { Rotation, SetupAddresses } from '../../deploy/setup/index.js';
import { JSON_OPTION, type Command, type Input } from '../command.js';
import { print, printJson, usage, type Io } from '../io.js';
import { withProgress } from '../progress.js';

const SERVERS = {
  database: 'Postgres',
  redis: 'Redis',
  nats: 'NATS',
  temporal: 'Temporal',
} as const;
const ROTATIONS = ['master-secret', 'nats-operator'] as const satisfies readonly Rotation[];

export const setupCommand: Command = {
  name: 'setup',
  args: '<folder>',
  summary: 'Make the users, keys and environments of an installation for a team',
  options: [
    ...Object.entries(SERVERS).map(([name, server]) => ({
      flags: `--${name} <address>`,
      description: `Address of ${server}, without a login; kept in the folder`,
    })),
    {
      flags: '--apply',
      description:
        'Migrate the servers, set the roles’ passwords, and see that each process gets in',
    },
    {
      flags: '--rotate <secret>',
      description: 'Replace a secret; no sandbox is lost',
      values: ROTATIONS,
    },
    {
      flags: '--finish',
      description: 'End the rotation of nats-operator: the old key is trusted no more',
    },
    JSON_OPTION,
  ],
  examples: ['bd setup ./team --apply', 'bd setup ./team --rotate master-secret'],

  async run({ io, input }) {
    const [folder = ''] = input.args;
    const setup = await import('../../deploy/setup/index.js');
    const rotation = rotationOf(input);
    if (input.flag('apply')) {
      const changes = await withProgress(io, 'setting up', async () =>
        setup.applySetup(folder, await configOf(folder)),
      );
      return report(io, input, { changes }, [
        ...changes,
        'The servers are ready, and each process gets in.',
      ]);
    }
    if (rotation !== null) {
      const finish = input.flag('finish');
      const files = await setup.rotate(folder, rotation, { finish });
      return report(io, input, { files }, [...files, '', NEXT[finish ? 'finished' : rotation]]);
    }
    const given: Partial<SetupAddresses> = Object.fromEntries(
      Object.keys(SERVERS).flatMap((name) => {
        const address = input.text(name);
        return address === undefined ? [] : [[name, address]];
      }),
    );
    const { made, files } = await setup.setUp(folder, given);
    return report(io, input, { made, files }, [...files, '', made ? NEXT.made : NEXT.again]);
  },
};

const NEXT = {
  made: `Keep the folder as you keep a root password: its files are shown to nobody, and setup.json makes all others.
1. NATS: include nats-accounts.conf in its configuration. Redis: start it with users.acl as its aclfile.
2. SANDBOX_CONTROL_DATABASE_URL=<address with the database owner's login> bd setup <folder> --apply
3. Start each process with its own environment: worker.env, router.env, api.env.`,
  again: 'The secrets are those that the folder had.',
  'master-secret': `1. Start the workers with the new worker.env and the API with the new api.env.
2. bd sandbox sweep --repair: each running sandbox gets its new passwords; its data stays.`,
  'nats-operator': `1. Load nats-accounts.conf into NATS: it trusts the old key and the new one.
2. Start the workers with the new worker.env, then run: bd sandbox sweep --repair
3. bd setup <folder> --rotate nats-operator --finish`,
  finished: 'Load nats-accounts.conf into NATS: it trusts the new key alone.',
} as const;

function rotationOf(input: Input): Rotation | null {
  const asked = input.text('rotate');
  const found = ROTATIONS.find((name) => name === asked) ?? null;
  if (asked !== undefined && found === null)
    throw usage(`--rotate ${asked} is not known`, `Use one of: ${ROTATIONS.join(', ')}.`);
  if (input.flag('apply') && asked !== undefined)
    throw usage('--apply and --rotate exclude each other', 'Leave one of them out.');
  if (input.flag('finish') && found !== 'nats-operator')
    throw usage('--finish belongs to --rotate nats-operator', 'Leave it out.');
  return found;
}

/** The folder's address of Temporal makes the security variables of the environment count. */
async function configOf(folder: string) {
  const { loadConfig } = await import('../../platform/config.js');
  const { readSecrets } = await import('../../deploy/setup/secrets.js');
  const temporal = readSecrets(folder)?.addresses.temporal;
  if (temporal === undefined)
    throw new SandboxError('SANDBOX_008', `${folder} holds no installation's secrets`, {
      hint: 'Make them first: `bd setup --help`.',
    });
  return loadConfig({ ...process.env, TEMPORAL_ADDRESS: temporal });
}

async function report(
  io: Io,
  input: Input,
  facts: object,
  lines: readonly string[],
): Promise<void> {
  if (input.flag('json')) await printJson(io, facts);
  else await print(io, lines.join('\n'));
}
