/**
 * `eval "$(bd sandbox connect x)"` sets exactly its variables, whatever the database contains. It
 * is run in every installed shell: sh always, and the others that the test's name lists.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { credentialsOf, identifiersOf } from '../../../control/environment.js';
import { formatEnvironment } from '../../../cli/shell.js';
import type { GuildId } from '../../../domain/guild.js';
import type { Owner, SandboxId, SandboxName } from '../../../domain/names.js';
import type { SandboxRecord } from '../../../store/sandboxes.js';
import { bd } from '../../support/bd.js';
import { openAdmin, openClient, someOwner } from '../../support/stack.js';
import { makeTenant } from './tenants.js';

const SHELLS = ['sh', 'bash', 'dash', 'zsh', 'ksh', 'fish'].filter(
  (shell) => spawnSync(shell, ['-c', 'true']).status === 0,
);
const directory = mkdtempSync(join(tmpdir(), 'eval-'));
afterAll(() => {
  console.log(`eval was tried in ${SHELLS.join(', ')}`);
  rmSync(directory, { recursive: true, force: true });
});

/**
 * Evaluates the text in an empty directory and environment, and returns the environment afterwards.
 */
function evaluated(shell: string, text: string): Record<string, string> {
  const script = shell === 'fish' ? 'printf %s "$TEXT_OF_TEST" | source' : 'eval "$TEXT_OF_TEST"';
  const options = shell === 'zsh' ? ['-f'] : shell === 'fish' ? ['--no-config'] : [];
  const output = execFileSync(shell, [...options, '-c', `${script}\nexec env -0`], {
    cwd: directory,
    env: { PATH: process.env.PATH, HOME: directory, LC_ALL: 'C.UTF-8', TEXT_OF_TEST: text },
    stdio: ['ignore', 'pipe', 'pipe'],
  }).toString();
  const env: Record<string, string> = {};
  for (const line of output.split('\0')) {
    const equals = line.indexOf('=');
    if (equals > 0) env[line.slice(0, equals)] = line.slice(equals + 1);
  }
  return env;
}

const formatOf = (shell: string) => (shell === 'fish' ? 'fish' : 'shell');

/** Variables that a shell sets itself. */
const before = new Map(SHELLS.map((shell) => [shell, new Set(Object.keys(evaluated(shell, '')))]));

function expectHarmless(shell: string, environment: Readonly<Record<string, string>>): void {
  const after = evaluated(shell, formatEnvironment(environment, formatOf(shell)));
  for (const [name, value] of Object.entries(environment)) expect(after[name]).toBe(value);
  const unexpected = Object.keys(after).filter(
    (name) => !(name in environment) && before.get(shell)?.has(name) !== true,
  );
  expect(unexpected).toEqual([]);
  expect(readdirSync(directory).filter((name) => !name.startsWith('.'))).toEqual([]);
}

/** Text with a meaning in some shell, and any other text. */
const piece = fc.oneof(
  fc.constantFrom(
    ...["'", '"', '`', '$(touch pwned)', '`touch pwned`', ';touch pwned;', '\n', '\\', "\\'"],
    ...[
      '${HOME}',
      '$((1))',
      '!',
      '!!',
      '&touch pwned',
      '|',
      '>pwned',
      '#',
      '~',
      '*',
      '%s',
      '(',
      ')',
    ],
    ...[
      '\r',
      '\t',
      "'\\''",
      '=',
      'export X=1',
      "$'\\x41'",
      '{a,b}',
      '<(touch pwned)',
      '\u2028',
      '',
    ],
  ),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
);
const hostile = fc
  .array(piece, { maxLength: 8 })
  .map((parts) => Buffer.from(parts.join('').replaceAll('\0', '')).toString());

describe.each(SHELLS)('in %s', (shell) => {
  it('any text becomes the value of its variable, and nothing runs', () => {
    fc.assert(
      fc.property(fc.array(hostile, { minLength: 6, maxLength: 6 }), (values) => {
        expectHarmless(
          shell,
          Object.fromEntries(values.map((value, i) => [`SANDBOX_${i}`, value])),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('any row, address and guild gives harmless variables', () => {
    fc.assert(
      fc.property(fc.array(hostile, { minLength: 4, maxLength: 4 }), ([id, name, guild, host]) => {
        const row = {
          sandboxId: id as SandboxId,
          name: name as SandboxName,
          owner: 'x' as Owner,
          rotation: 0,
          guildIds: [guild as GuildId, '1' as GuildId],
        } as SandboxRecord;
        const login = `//u:${encodeURIComponent(host ?? '')}@h:1`;
        const address = `${login}/${encodeURIComponent(host ?? '')}`;
        const addresses = {
          database: `postgres:${address}`,
          redis: `redis:${address}`,
          // NATS addresses with a path are refused.
          nats: `nats:${login}`,
          temporal: '',
        };
        expectHarmless(shell, {
          ...identifiersOf(row),
          ...credentialsOf(row, addresses, 's', { redisAcl: true }),
        });
      }),
      { numRuns: 30 },
    );
  });
});

it('`bd sandbox connect` prints hostile values from the tables without running them', async () => {
  const client = openClient({ SANDBOX_OWNER: someOwner() });
  const tenant = await makeTenant(client);
  const admin = openAdmin();
  const planted = [`1';touch pwned;'`, '$(touch pwned)', '`touch pwned`\ntouch pwned', '\\'];
  // The constraints of the tables are the first defence, so the test drops them.
  await admin.begin(async (sql) => {
    await sql`ALTER TABLE sandbox_guild_mapping DROP CONSTRAINT sandbox_guild_mapping_guild_id_check`;
    await sql`ALTER TABLE sandboxes DROP CONSTRAINT sandboxes_name_check`;
    for (const guild of planted)
      await sql`INSERT INTO sandbox_guild_mapping (guild_id, sandbox_id) VALUES (${guild}, ${tenant.id})`;
    await sql`UPDATE sandboxes SET name = ${"x';touch pwned;'"} WHERE id = ${tenant.id}`;
  });
  try {
    for (const shell of SHELLS) {
      const { code, stdout } = await bd([
        ...['sandbox', 'connect', tenant.id, '--format', formatOf(shell)],
      ]);
      expect(code).toBe(0);
      const after = evaluated(shell, stdout);
      expect(after.SANDBOX_GUILD_IDS?.split(',').sort()).toEqual([...planted].sort());
      expect(after.SANDBOX_ID).toBe(tenant.id);
      expect(readdirSync(directory).filter((name) => !name.startsWith('.'))).toEqual([]);
    }
  } finally {
    await admin.begin(async (sql) => {
      await sql`DELETE FROM sandbox_guild_mapping WHERE sandbox_id = ${tenant.id}`;
      await sql`UPDATE sandboxes SET name = ${tenant.name} WHERE id = ${tenant.id}`;
      await sql`ALTER TABLE sandboxes ADD CONSTRAINT sandboxes_name_check
        CHECK (name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$')`;
      await sql`ALTER TABLE sandbox_guild_mapping ADD CONSTRAINT sandbox_guild_mapping_guild_id_check
        CHECK (guild_id ~ '^[1-9][0-9]{16,19}$' AND guild_id::numeric < 18446744073709551616)`;
    });
    await client.destroy(tenant.id);
  }
});

it('prints nothing that could be evaluated on failure', async () => {
  for (const name of ['never-was', 'UPPER', '$(touch pwned)', "';touch pwned;'"]) {
    const { code, stdout } = await bd(['sandbox', 'connect', name]);
    expect(code).not.toBe(0);
    expect(stdout).toBe('');
  }
});
