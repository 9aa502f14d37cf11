/** What `destroy` and `reset` check before they ask, and their output for each sandbox. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { bd, type Ran } from '../../support/bd.js';
import { openClient, someName, someOwner } from '../../support/stack.js';

const json = ({ stdout }: Ran): unknown => JSON.parse(stdout);
const errorIn = ({ stderr }: Ran): unknown => (JSON.parse(stderr) as { error: unknown }).error;

async function made(count = 1) {
  const owner = someOwner();
  const client = openClient({ SANDBOX_OWNER: owner });
  const names = Array.from({ length: count }, someName);
  for (const name of names) await client.create({ name, ttl: '1h' });
  onTestFinished(async () => {
    for (const { id } of await client.list({ owner })) await client.destroy(id);
  });
  return { owner, names, name: names[0] ?? '' };
}

describe('bd sandbox destroy and reset', () => {
  it('reports the error of each of a dozen sandboxes, and nothing else', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `never-was-${i}`);
    const { code, stdout, stderr } = await bd(['sandbox', 'destroy', ...names, '--yes']);
    expect([code, stdout]).toEqual([4, '']);
    const lines = stderr.trimEnd().split('\n');
    expect(lines.filter((line) => line.startsWith('SANDBOX_004'))).toHaveLength(12);
    // Two lines each: no warning of Node's is among them, such as of too many listeners for Ctrl-C.
    expect(lines).toHaveLength(24);
  });

  it('destroys several at once, and reports the result of each', async () => {
    const { owner, names } = await made(3);
    const [a = '', b = '', c = ''] = names;
    const env = { SANDBOX_OWNER: owner };
    const run = (...args: string[]): Promise<Ran> => bd(['sandbox', 'destroy', ...args], env);
    expect((await run(a, b)).stderr).toContain('to destroy 2 sandboxes needs a confirmation');
    const mixed = await run(a, 'no-such', '--yes');
    expect(mixed.code).toBe(4);
    expect(mixed.stdout).toContain(`${a} is destroyed`);
    expect(mixed.stderr).toContain('SANDBOX_004');
    expect(json(await run(b, '--yes', '--json'))).toMatchObject([
      { name: b, status: 'destroyed', alreadyDestroyed: false },
    ]);
    const failed = await run(c, 'no-such', '--yes', '--json');
    expect([failed.code, failed.stdout]).toEqual([4, '']);
    expect(errorIn(failed)).toMatchObject({
      code: 'SANDBOX_004',
      message: `no sandbox "no-such" is known; ${c} is destroyed`,
    });
    expect((await run('--all', '--yes')).stderr).toContain('Nothing to destroy.');
    expect(json(await run('--all', '--yes', '--json'))).toEqual([]);
  });

  it('names unknown sandboxes before it asks, and does not ask for destroyed ones', async () => {
    const { owner, name } = await made();
    const destroy = (...args: string[]): Promise<Ran> =>
      bd(['sandbox', 'destroy', ...args], { SANDBOX_OWNER: owner });
    const unknown = await destroy('no-such');
    expect([unknown.code, unknown.stderr]).toEqual([4, expect.stringMatching(/^SANDBOX_004 /)]);
    expect(unknown.stderr).not.toContain('confirmation');
    // Without a terminal and without --yes it destroys none of them.
    const mixed = await destroy(name, 'no-such');
    expect(mixed.code).toBe(2);
    expect(mixed.stderr).toMatch(/^SANDBOX_004 .*"no-such"[^]*SANDBOX_008 to destroy sandbox /);
    const invalid = await destroy(name, 'NO NAME', '--yes');
    expect([invalid.code, invalid.stdout]).toEqual([2, '']);
    expect(json(await bd(['sandbox', 'status', name, '--json']))).toMatchObject({
      sandbox: { status: 'running' },
    });
    expect((await destroy(name, '--yes')).code).toBe(0);
    const again = await destroy(name);
    expect([again.code, again.stdout]).toEqual([0, `✓ ${name} was already destroyed\n`]);
  });

  it('does not ask for a sandbox that cannot be reset', async () => {
    const { owner, name } = await made();
    const env = { SANDBOX_OWNER: owner };
    expect((await bd(['sandbox', 'reset', 'no-such'], env)).code).toBe(4);
    await bd(['sandbox', 'destroy', name, '--yes'], env);
    const ran = await bd(['sandbox', 'reset', name], env);
    expect([ran.code, ran.stderr]).toEqual([5, expect.stringContaining('is destroyed')]);
  });
});
