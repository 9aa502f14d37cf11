/** The variables of a sandbox: docs/connect.md lists exactly those that `connect` prints. */
import { describe, expect, it } from 'vitest';
import { identifiersOf, sandboxVariables } from '../../../control/environment.js';
import type { SandboxRecord } from '../../../store/sandboxes.js';
import { bd } from '../../support/bd.js';
import { openClient, someGuild, someOwner } from '../../support/stack.js';
import { makeTenant, variable } from './tenants.js';

const table = sandboxVariables();
const secrets = Object.keys(table).filter((name) => table[name]?.secret === true);

describe('the variables of a sandbox', () => {
  it('are those of the table, in its order, and each one called secret contains a password', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const tenant = await makeTenant(client, { guildIds: [someGuild()] });
    const { code, stdout } = await bd(['sandbox', 'connect', tenant.id, '--json']);
    expect(code).toBe(0);
    const printed = JSON.parse(stdout) as Record<string, string>;
    expect(Object.keys(printed)).toEqual(Object.keys(table));
    for (const [name, value] of Object.entries(printed)) {
      const password = URL.canParse(value) ? new URL(value).password : '';
      expect([name, password.length > 20]).toEqual([name, secrets.includes(name)]);
      // The page promises that no value needs decoding.
      expect(password).toMatch(/^[\w-]*$/);
    }
    await client.destroy(tenant.id);
  });

  it('have examples of one and the same sandbox', () => {
    const row = { sandboxId: 'sb0123456789', guildIds: ['1234567890123456789'], rotation: 0 };
    const identifiers = identifiersOf(row as unknown as SandboxRecord);
    const examples = Object.entries(table).map(([name, { example }]) => [name, example] as const);
    expect(Object.entries(identifiers)).toEqual(
      examples.filter(([name]) => !secrets.includes(name)),
    );
    for (const [name, example] of examples.filter(([one]) => secrets.includes(one)))
      expect([name, new URL(example).username]).toEqual([
        name,
        variable(identifiers, 'SANDBOX_SCHEMA'),
      ]);
  });
});
