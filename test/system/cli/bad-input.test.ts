/**
 * Mistakes of people and scripts: `bd` names a code, the cause and a remedy, and makes or breaks
 * nothing.
 */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bd, bdHere, type Ran } from '../../support/bd.js';
import { openAdmin, someOwner } from '../../support/stack.js';
import { runHome } from '../../support/run-home.js';

const OWNER = someOwner();

/** `SANDBOX_008 <cause>`, then the remedy. */
function told({ stderr }: Ran): { code: string; cause: string; remedy: string } {
  const [first = '', ...rest] = stderr.trimEnd().split('\n');
  const space = first.indexOf(' ');
  return { code: first.slice(0, space), cause: first.slice(space + 1), remedy: rest.at(-1) ?? '' };
}

interface Row {
  readonly args: readonly string[];
  readonly cause: RegExp;
  readonly remedy: RegExp;
}
const row = (line: string | readonly string[], cause: RegExp, remedy: RegExp): Row => ({
  args: typeof line === 'string' ? line.split(' ') : line,
  cause,
  remedy,
});

const LISTS_COMMANDS = /--help` lists the commands/;
const LISTS_OPTIONS = /--help` lists the options/;

const WRONG: readonly Row[] = [
  // Commands.
  row('frobnicate', /unknown command "frobnicate"/, LISTS_COMMANDS),
  row('sandbxo list', /unknown command "sandbxo"/, /Did you mean `bd sandbox`/),
  row('sandbox lst', /unknown command "lst"/, /Did you mean `bd sandbox list`/),
  row('sandbox constructor', /unknown command "constructor"/, LISTS_COMMANDS),
  row('sandbox delete x', /unknown command "delete"/, /Did you mean `bd sandbox destroy`/),
  row('create x', /unknown command "create"/, /Did you mean `bd sandbox create`/),
  row('dev upp', /unknown command "upp"/, /Did you mean `bd dev up`/),
  row([''], /unknown command ""/, LISTS_COMMANDS),
  row(['sandbox', ''], /unknown command ""/, LISTS_COMMANDS),
  row(['x'.repeat(5_000)], /unknown command "x{60}"/, LISTS_COMMANDS),
  row('--json', /no command is given/, LISTS_COMMANDS),
  row('--', /no command is given/, LISTS_COMMANDS),
  row('sandbox --all', /no command is given/, LISTS_COMMANDS),
  // Help for an unknown command.
  row('help frobnicate', /unknown command "frobnicate"/, LISTS_COMMANDS),
  row('--help frobnicate', /unknown command "frobnicate"/, LISTS_COMMANDS),
  row('frobnicate --help', /unknown command "frobnicate"/, LISTS_COMMANDS),
  row('help sandbox creat', /unknown command "creat"/, /Did you mean `bd sandbox create`/),
  row('sandbox help creat', /unknown command "creat"/, /Did you mean `bd sandbox create`/),
  // Options.
  row('sandbox list --frobnicate', /unknown option --frobnicate/, LISTS_OPTIONS),
  row('--frobnicate sandbox list', /unknown option --frobnicate/, LISTS_OPTIONS),
  row('sandbox --onwer x list', /unknown command "x"/, LISTS_COMMANDS),
  row('sandbox list -x', /unknown option -x/, LISTS_OPTIONS),
  row('sandbox list -json', /unknown option -json/, /./),
  row('sandbox list --dryRun', /unknown option --dryRun/, /./),
  row('sandbox sweep --dryRun', /unknown option --dryRun/, /Did you mean --dry-run/),
  row('sandbox list --__proto__=x', /unknown option --__proto__/, LISTS_OPTIONS),
  row('sandbox list --constructor x', /unknown option --constructor/, LISTS_OPTIONS),
  row('worker --daemon', /unknown option --daemon/, LISTS_OPTIONS),
  row('dev --detach', /unknown option --detach/, LISTS_OPTIONS),
  row(['sandbox', 'list', '--\u001b[31m'], /unknown option --\?\[31m/, LISTS_OPTIONS),
  // Values that look like options, or are missing.
  row('sandbox create --owner -x', /--owner <owner> needs a value/, /--owner=VALUE/),
  row('sandbox create --owner --json', /"?.*--owner <owner> needs a value/, /--owner=VALUE/),
  row('sandbox create --ttl', /--ttl <duration> needs a value/, /--ttl=VALUE/),
  row('sandbox create --ttl=--json', /TTL "--json" is not valid/, /./),
  row('sandbox create --no-ttl', /--ttl <duration> needs a value/, /--ttl=VALUE/),
  row('sandbox create -- --json', /name "--json" is not valid/, /./),
  row('sandbox create --wait=maybe', /--wait is not "maybe"/, /--wait=false/),
  row('sandbox destroy x --yes=1', /--yes is not "1"/, /--yes=false/),
  row('sandbox list --all=', /--all is not ""/, /--all=false/),
  // Given twice.
  row('sandbox create --ttl 1h --ttl 2h', /--ttl <duration> is given more than once/, /Leave one/),
  row('sandbox create --ttl 1h --ttl=1h', /more than once/, /Leave one/),
  row('sandbox list --owner a --json --owner a', /.*--owner <owner> is given more/, /Leave one/),
  row('sandbox create --wait --no-wait', /--wait is given more than once/, /Leave one/),
  // Arguments.
  row('sandbox status', /something is missing/, /Usage: bd sandbox status <sandbox>/),
  row('sandbox status a b', /"b" is too much/, /Usage: bd sandbox status <sandbox>/),
  row('sandbox status a -- b', /"b" is too much/, /Usage: bd sandbox status <sandbox>/),
  row('sandbox exec a', /no command is given/, /-- command/),
  row('sandbox exec a --', /no command is given/, /-- command/),
  row('sandbox exec', /something is missing/, /Usage: bd sandbox exec <sandbox> -- command…/),
  row('sandbox exec -- npm start', /something is missing/, /Usage: bd sandbox exec <sandbox> --/),
  row('sandbox exec --inspect a node x.js', /unknown option --inspect/, LISTS_OPTIONS),
  row('doctor now', /"now" is too much/, /Usage: bd doctor/),
  row('migrate -- now', /"now" is too much/, /Usage: bd migrate/),
  row('dev restart', /something is missing/, /Usage: bd dev restart <service>/),
  row('dev restart mysql', /no service "mysql"/, /temporal, postgres, nats, redis/),
  row('completion tcsh', /shell "tcsh" is not known/, /bash, zsh, fish/),
  // Empty.
  row(['sandbox', 'create', ''], /name "" is not valid/, /./),
  row(['sandbox', 'create', '--owner', ''], /owner "" is not valid/, /./),
  row(['sandbox', 'create', '--owner='], /owner "" is not valid/, /./),
  row(['sandbox', 'create', '--ttl', ''], /TTL "" is not valid/, /./),
  row(['sandbox', 'create', '--guild', ''], /guild.*"" is not valid/, /./),
  row(['sandbox', 'create', '--id', ''], /id "" is not valid/, /./),
  row(['sandbox', 'status', ''], /name "" is not valid/, /./),
  row(['sandbox', 'destroy', '', '--yes'], /name "" is not valid/, /./),
  row(['sandbox', 'extend', 'x', ''], /duration "" is not valid/, /./),
  row(['sandbox', 'unregister-guild', ''], /guild.*"" is not valid/, /./),
  row(['sandbox', 'connect', 'x', '--format', ''], /format "" is not known/, /shell, fish/),
  row('sandbox connect x --json --format fish', /exclude each other/, /Leave one/),
  row('sandbox sweep --json --emf', /exclude each other/, /Leave one/),
  row(['sandbox', 'list', '--status='], /status "" is not known/, /pending/),
  row(['sandbox', 'list', '--owner='], /owner "" is not valid/, /./),
  row(['sandbox', 'logs', 'x', '--event='], /event "" is not known/, /ttl_extended/),
  row(
    ['sandbox', 'logs', 'x', '--event', 'expired'],
    /event "expired" is not known/,
    /ttl_extended/,
  ),
  row(['sandbox', 'tail', 'x', '--type='], /--type "" is not valid/, /MESSAGE_/),
  row(['sandbox', 'tail', 'x', '--since='], /--since "" is not valid/, /./),
  row(['sandbox', 'tail', 'x', '--limit='], /--limit "" is not valid/, /whole number/),
  row(['sandbox', 'emit', ''], /no event ""/, /--list/),
  row(['sandbox', 'emit', 'message-create', '--count='], /--count "" is not valid/, /whole number/),
  row(['sandbox', 'emit', 'message-create'], /name the sandbox/, /--to/),
  row(['sandbox', 'emit', 'message-create', '--to', ''], /name "" is not valid/, /./),
  row(['sandbox', 'emit', 'message-create', '--to', 'x', '--guild', ''], /guild.*""/, /./),
  row(['completion', ''], /shell "" is not known/, /bash/),
];

async function everythingOf(owner: string): Promise<number> {
  const sql = openAdmin();
  const [found] = await sql<{ n: number }[]>`
    SELECT count(*)::int AS n FROM sandboxes WHERE owner IN (${owner}, '-x', '--json')`;
  return found?.n ?? -1;
}

describe('bad input', () => {
  it.each(WRONG)(
    '$args is refused with its cause and a remedy',
    async ({ args, cause, remedy }) => {
      const ran = await bdHere(args, { SANDBOX_OWNER: OWNER });
      // With --json the error is an object with the same parts.
      const json = ran.stderr.startsWith('{');
      const parts = json
        ? (JSON.parse(ran.stderr) as { error: { code: string; message: string; hint: string } })
            .error
        : undefined;
      const {
        code,
        cause: text,
        remedy: hint,
      } = parts === undefined
        ? told(ran)
        : { code: parts.code, cause: parts.message, remedy: parts.hint };
      expect(text).toMatch(cause);
      expect(hint).toMatch(remedy);
      expect([ran.code, ran.stdout, code]).toEqual([2, '', 'SANDBOX_008']);
      expect(ran.stderr).not.toMatch(/\n\s+at |\u001b/);
    },
  );

  it.each(WRONG.filter((_, i) => i % 20 === 0))(
    '$args ends the process in the same way',
    async ({ args }) => {
      const ran = await bd(args, { SANDBOX_OWNER: OWNER });
      expect([ran.code, ran.stdout]).toEqual([2, '']);
      expect(ran.stderr).toMatch(/^SANDBOX_008 .*\n.+\n$/);
    },
  );

  it('leaves nothing behind', async () => {
    expect(await everythingOf(OWNER)).toBe(0);
  });
});

describe('input that only looks wrong', () => {
  it.each([
    [['--json', 'sandbox', 'list', '--owner', OWNER], '[]\n'],
    [['sandbox', '--owner', OWNER, '--json', 'list'], '[]\n'],
    [['sandbox', '--json', '--owner', OWNER, 'ls'], '[]\n'],
    [['sandbox', 'list', '--json', `--owner=${OWNER}`, '--'], '[]\n'],
    [['sandbox', 'list', '--json', '--owner=-x'], '[]\n'],
    [['sandbox', 'list', '--json=true', '--all=false', '--owner', OWNER], '[]\n'],
  ])('%j is understood', async (args, stdout) => {
    const ran = await bdHere(args);
    expect([ran.code, ran.stdout], ran.stderr).toEqual([0, stdout]);
  });

  it.each([[['--', 'cat', '--json']], [['cat', '--json']]])(
    '`--json` after another program (%j) does not change the output of bd',
    async (line) => {
      const ran = await bdHere(['sandbox', 'exec', 'no-such', ...line]);
      expect([ran.code, told(ran).code]).toEqual([4, 'SANDBOX_004']);
    },
  );

  it('`bd` alone, or with a request for help in any order, shows help', async () => {
    for (const args of [
      [],
      ['help'],
      ['-h'],
      ['sandbox'],
      ['help', 'sandbox'],
      ['--help', 'dev'],
    ]) {
      const ran = await bd(args);
      expect([ran.code, ran.stdout, ran.stderr]).toEqual([
        0,
        expect.stringContaining('Usage:'),
        '',
      ]);
    }
    for (const args of [
      ['help', 'sandbox', 'create'],
      ['sandbox', '--help', 'create'],
    ])
      expect((await bd(args)).stdout).toContain('bd sandbox create [name]');
  });

  it('`--version` prints the version', async () => {
    for (const args of [
      ...[['--version'], ['-v'], ['-V'], ['--version', 'sandbox'], ['dev', '--version']],
      ...[
        ['sandbox', '-V'],
        ['sandbox', 'create', '--version'],
        ['sandbox', 'ls', '--all', '-v'],
      ],
    ]) {
      const ran = await bdHere(args);
      expect([ran.code, ran.stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
    }
  });
});

it('bd has not changed the run’s stack', async () => {
  expect((await bd(['doctor'])).code).toBe(0);
  expect(readdirSync(runHome())).toContain('stack.json');
});
