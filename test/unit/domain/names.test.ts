import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SandboxError } from '../../../domain/errors.js';
import { isGuildId, parseGuildId, parseGuildIds } from '../../../domain/guild.js';
import { HOSTILE } from './hostile.js';
import {
  defaultName,
  isSandboxId,
  newSandboxId,
  parseOwner,
  parseSandboxId,
  parseSandboxName,
  parseSandboxRef,
  sandboxIdIn,
} from '../../../domain/names.js';

const refused = (run: () => unknown): void => {
  expect(run).toThrow(SandboxError);
  try {
    run();
  } catch (error) {
    expect((error as SandboxError).code).toBe('SANDBOX_008');
    expect((error as SandboxError).exitCode).toBe(2);
  }
};

describe('ids', () => {
  it('has 12 characters a-z0-9 beginning with sb, and no other form', () => {
    expect(parseSandboxId('sb0123456789')).toBe('sb0123456789');
    for (const value of [
      ...HOSTILE,
      'sb012345678',
      'sb01234567890',
      'SB0123456789',
      'xx0123456789',
      'sb0123456789\n',
      5,
      null,
    ]) {
      refused(() => parseSandboxId(value));
    }
  });

  it('makes an id from its random part', () => {
    expect(newSandboxId((n) => 'a'.repeat(n))).toBe('sbaaaaaaaaaa');
  });

  it('finds an id only inside a name that has exactly our form', () => {
    expect(sandboxIdIn('sandbox_sb0123456789', 'sandbox_')).toBe('sb0123456789');
    expect(sandboxIdIn('sandboxXsb0123456789', 'sandbox_')).toBeNull();
    expect(sandboxIdIn('sandbox_test123', 'sandbox_')).toBeNull();
  });
});

describe('names', () => {
  it('takes DNS labels', () => {
    for (const name of ['a', 'a-b', '0', 'x'.repeat(63), 'my-fix-2'])
      expect(parseSandboxName(name)).toBe(name);
  });

  it('refuses any other name, and one with the form of an id', () => {
    for (const value of HOSTILE.filter((v) => v !== '')) {
      if (/^x+$/.test(value) && value.length < 64) continue;
      refused(() => parseSandboxName(value));
    }
    refused(() => parseSandboxName('sb0123456789'));
  });

  it('reads an id as an id and anything else as a name', () => {
    expect(parseSandboxRef('sb0123456789').kind).toBe('id');
    expect(parseSandboxRef('my-fix').kind).toBe('name');
  });

  it('makes a valid default name for any owner', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9._@-]{1,64}$/), (owner) => {
        const name = defaultName(parseOwner(owner), (n) => 'r'.repeat(n));
        expect(parseSandboxName(name)).toBe(name);
        expect(name).toMatch(/^sandbox-.+-rrrrrr$/);
      }),
    );
  });
});

describe('owners', () => {
  it('takes names, mail addresses and numbers as text', () => {
    for (const owner of ['alice', 'a.b@c-d.org', '0x1F', '007', 'x'.repeat(64)])
      expect(parseOwner(owner)).toBe(owner);
  });

  it('refuses any other owner', () => {
    for (const value of ['', 'a b', 'a\nb', "o'neill", 'x'.repeat(65), '$(id)', 'ä', 7])
      refused(() => parseOwner(value));
  });
});

describe('guilds', () => {
  it('takes snowflakes of 17 to 20 digits below 2^64, exactly', () => {
    for (const id of ['12345678901234567', '1234567890123456789', '18446744073709551615']) {
      expect(parseGuildId(id)).toBe(id);
    }
  });

  it('refuses numbers, short and long ones, 2^64, and other characters', () => {
    const bad = [
      '1234567890123456',
      '18446744073709551616',
      '99999999999999999999',
      '123456789012345678901',
    ];
    for (const value of [
      ...bad,
      1234567890123456789n,
      1234567890123456,
      '01234567890123456',
      '1e20',
      ...HOSTILE,
    ]) {
      refused(() => parseGuildId(value));
    }
  });

  it('agrees with BigInt about every string of digits', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 10n ** 16n, max: 2n ** 66n }), (n) => {
        expect(isGuildId(n.toString())).toBe(n < 2n ** 64n);
      }),
    );
  });

  it('merges duplicates and sorts them', () => {
    const [a, b] = ['22345678901234567', '12345678901234567'];
    expect(parseGuildIds([a, b, a])).toEqual([b, a]);
  });

  it('refuses 500 guilds at once', () => {
    refused(() =>
      parseGuildIds(Array.from({ length: 500 }, (_, i) => `${12345678901234567n + BigInt(i)}`)),
    );
  });
});

it('never takes a hostile value for an id', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      if (isSandboxId(text)) expect(text).toMatch(/^sb[a-z0-9]{10}$/);
    }),
  );
});
