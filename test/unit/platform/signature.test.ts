/** Subkeys of the master secret, and the signatures that one of them makes. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { directActor } from '../../../domain/actor.js';
import type { Command } from '../../../domain/command.js';
import { parseSandboxId } from '../../../domain/names.js';
import { loadConfig } from '../../../platform/config.js';
import { refuseExpired, signCommand, verifyCommand } from '../../../platform/signature.js';
import { readSubkey, subkeyOf } from '../../../platform/subkeys.js';

const SECRET = 's'.repeat(64);
const KEY = subkeyOf(SECRET, 'actors');
const NOW = Date.UTC(2026, 10, 28);
const MINUTE = 60_000;
const refused = expect.objectContaining({ code: 'SANDBOX_010' }) as Error;
const EXTEND: Command<'extend'> = {
  ...{ commandId: 'c1', action: 'extend', sandboxId: parseSandboxId('sb0000000001') },
  ...{ actor: directActor('ada'), args: { byMs: MINUTE, clamp: false } },
};
const verify = (command: Command<'extend'>, now: number) =>
  verifyCommand(KEY, command, 'extend', now);

describe('a signature', () => {
  it('is valid for 15 minutes, whatever the order of the fields', () => {
    const { args, actor, ...rest } = signCommand(KEY, EXTEND, NOW);
    const sent = { args: { clamp: args.clamp, byMs: args.byMs }, actor, ...rest };
    for (const now of [NOW, NOW + 15 * MINUTE - 1, NOW - 30_000]) {
      expect(verify(sent, now).isExpired).toBe(false);
      refuseExpired(verify(sent, now));
    }
    for (const now of [NOW + 15 * MINUTE, NOW - 2 * MINUTE])
      expect(() => {
        refuseExpired(verify(sent, now));
      }).toThrow(refused);
  });

  it('is refused of another key, for another action, and with any field changed', () => {
    const sent = signCommand(KEY, EXTEND, NOW);
    const other = signCommand(subkeyOf(SECRET, 'tenant-passwords'), EXTEND, NOW);
    const changed: Command<'extend'>[] = [
      EXTEND,
      other,
      { ...sent, commandId: 'c2' },
      { ...sent, sandboxId: parseSandboxId('sb0000000002') },
      { ...sent, actor: directActor('eve') },
      { ...sent, actor: { ...sent.actor, role: 'developer' } },
      { ...sent, args: { ...sent.args, byMs: 2 } },
      { ...sent, signature: { ...sent.signature, expiresAt: NOW } },
      { ...sent, signature: { ...sent.signature, mac: `${sent.signature.mac}A` } },
      { ...sent, signature: { ...sent.signature, mac: '' } },
    ];
    for (const command of changed) expect(() => verify(command, NOW)).toThrow(refused);
    expect(() => verifyCommand(KEY, sent as never, 'reset', NOW)).toThrow(refused);
  });
});

describe('a subkey', () => {
  it('is what docs/security.md derives with openssl', () => {
    for (const name of ['actors', 'tenant-passwords'] as const) {
      const { stdout } = spawnSync('openssl', ['dgst', '-sha256', '-hmac', SECRET, '-binary'], {
        input: `subkey/${name}`,
      });
      expect(stdout.toString('base64url')).toBe(subkeyOf(SECRET, name));
    }
  });

  it('is given, and never derived from a master secret in the environment of a caller', () => {
    const home = { SANDBOX_HOME: '/nowhere' };
    const given = loadConfig({ ...home, SANDBOX_ACTOR_KEY: KEY, SANDBOX_MASTER_SECRET: SECRET });
    expect(readSubkey(given, 'actors')).toBe(KEY);
    expect(readSubkey(given, 'tenant-passwords')).toBeNull();
    expect(readSubkey(loadConfig(home), 'actors')).toBeNull();
  });
});
