import { describe, expect, it } from 'vitest';
import { directActor, SWEEP_ACTOR, TEMPORAL_ACTOR } from '../../../domain/actor.js';
import type { Command } from '../../../domain/command.js';
import { parseGuildId } from '../../../domain/guild.js';
import type { CarriedState } from '../../../domain/hand-over.js';
import { parseOwner, parseSandboxId, parseSandboxName } from '../../../domain/names.js';
import { BUILT_IN_TEMPLATE, parseTemplateName } from '../../../domain/template.js';
import { SandboxMachine } from '../../../workflows/sandbox-machine.js';

const guild = (n: number) => parseGuildId(`1234567890123456${n}`);
const ada = directActor('ada');
const T = Date.UTC(2026, 10, 28);
const COMMAND: Command<'create'> = {
  commandId: 'one',
  action: 'create',
  sandboxId: parseSandboxId('sb0000000001'),
  actor: ada,
  args: {
    name: parseSandboxName('my-fix'),
    owner: parseOwner('ada'),
    ttlMs: null,
    guildIds: [guild(12)],
  },
};
const CARRIED: CarriedState = {
  status: 'running',
  createdAt: T,
  expiresAt: T + 60_000,
  guildIds: [guild(34)],
  template: parseTemplateName('shop'),
  templateVersion: 3,
  resources: ['postgres-schema'],
  resetting: true,
};

const fresh = () => new SandboxMachine(COMMAND, { kind: 'create' });
const running = () => new SandboxMachine(COMMAND, { kind: 'resume', state: CARRIED });

describe('a sandbox in its workflow', () => {
  it('begins as pending, and takes its times from the claim', () => {
    const sandbox = fresh();
    expect(sandbox.view()).toMatchObject({
      ...{ status: 'pending', createdAt: null, expiresAt: null, guildIds: [guild(12)] },
    });
    sandbox.claimed({
      ...{ createdAt: 5, expiresAt: 10, resources: [] },
      ...{ template: BUILT_IN_TEMPLATE, templateVersion: 1, templateStatements: 12 },
    });
    expect(sandbox.view()).toMatchObject({ status: 'creating', createdAt: 5, expiresAt: 10 });
    expect(sandbox.target(true)).toEqual({
      ...{ sandboxId: COMMAND.sandboxId, fresh: true },
    });
  });

  it('continues from the state of another run, and passes on the same state', () => {
    expect(running().carry()).toEqual(CARRIED);
    expect(running().view()).toMatchObject({ name: 'my-fix', guildIds: [guild(34)] });
  });

  it('passed on for removal ends at once, by the sweep', () => {
    const destroy: Command<'destroy'> = {
      ...{ commandId: 'destroy', action: 'destroy', sandboxId: COMMAND.sandboxId },
      ...{ actor: SWEEP_ACTOR, args: {} },
    };
    const sandbox = new SandboxMachine(COMMAND, { kind: 'cleanUp', state: CARRIED, destroy });
    expect(sandbox.ending).toEqual({ actor: SWEEP_ACTOR, reason: 'destroyed', command: destroy });
    expect(sandbox.endRequest()).toEqual({ reason: 'destroyed', command: destroy });
    expect(sandbox.next(T)).toEqual({ kind: 'end' });
  });

  it('sleeps until its expiry, and ends afterwards', () => {
    const sandbox = running();
    const summary = 'expires 2026-11-28T00:01:00.000Z';
    expect(sandbox.next(T)).toEqual({ kind: 'sleep', millis: 60_000, summary });
    for (const now of [T + 60_000, T + 60_001, 2 * T])
      expect(sandbox.next(now)).toEqual({ kind: 'end' });
  });

  it('is never shortened by the answer to an earlier extension', () => {
    const sandbox = running();
    sandbox.extended({ expiresAt: T + 90_000, clamped: false }, T);
    sandbox.extended({ expiresAt: T + 70_000, clamped: false }, T);
    expect(sandbox.expiresAt).toBe(T + 90_000);
  });

  it.each([NaN, T - 1, T, T * 1_000])('refuses an extension to %d', (expiresAt) => {
    const sandbox = running();
    expect(() => sandbox.extended({ expiresAt, clamped: false }, T)).toThrow(
      expect.objectContaining({ code: 'SANDBOX_011' }),
    );
    expect(sandbox.expiresAt).toBe(T + 60_000);
  });

  it.each([NaN, 0, T - 1, T * 1_000])(
    'lives on with an expiry of %d, and reports it',
    (expiresAt) => {
      const state = { ...CARRIED, expiresAt };
      const sandbox = new SandboxMachine(COMMAND, { kind: 'resume', state });
      expect(sandbox.next(T)).toMatchObject({ kind: 'wait' });
      expect(sandbox.details(T)).toMatch(/so it lives on: extend it/);
      // An extension repairs it.
      sandbox.extended({ expiresAt: T + 5_000, clamped: false }, T);
      expect(sandbox.next(T)).toMatchObject({ kind: 'sleep', millis: 5_000 });
    },
  );

  it('that has not expired lives on, unless somebody else asked for its end', () => {
    const sandbox = running();
    sandbox.end(SWEEP_ACTOR, 'expired');
    sandbox.liveOn();
    expect(sandbox.isEnding()).toBe(false);
    sandbox.end(SWEEP_ACTOR, 'expired');
    sandbox.end(ada, 'destroyed');
    sandbox.liveOn();
    expect(sandbox.ending).toEqual({ actor: ada, reason: 'destroyed' });
  });

  it('holds each guild once, in order', () => {
    const sandbox = running();
    for (const n of [56, 12, 56]) sandbox.addGuild(guild(n));
    expect(sandbox.guildIds).toEqual([guild(12), guild(34), guild(56)]);
    sandbox.removeGuild(guild(34));
    sandbox.removeGuild(guild(34));
    expect(sandbox.guildIds).toEqual([guild(12), guild(56)]);
  });

  it('takes changes only while it runs', () => {
    expect(running().refusal()).toBeNull();
    expect(fresh().refusal()).toMatchObject({
      code: 'SANDBOX_007',
      message: 'sandbox sb0000000001 is pending, not running',
    });
    const ending = running();
    ending.end(ada, 'destroyed');
    expect(ending.refusal()?.message).toContain('is being destroyed, not running');
  });

  it('keeps the first reason for its end', () => {
    const sandbox = running();
    sandbox.endBySignal(undefined);
    sandbox.end(ada, 'expired');
    expect(sandbox.ending).toEqual({ actor: TEMPORAL_ACTOR, reason: 'destroyed' });
    const named = running();
    named.endBySignal({ ...COMMAND, action: 'destroy', args: {} });
    expect(named.ending?.actor).toEqual(ada);
  });

  it.each([
    ['claim', 'SANDBOX_001', true],
    ['claim', 'SANDBOX_003', true],
    // The row may exist.
    ['claim', 'SANDBOX_007', false],
    ['claim', 'SANDBOX_009', false],
    ['redis-keyspace', 'SANDBOX_008', false],
  ] as const)('that failed at %s with %s was certainly refused: %s', (step, code, refused) => {
    const sandbox = fresh();
    sandbox.failToCreate({ step, code, message: 'no', hint: '' });
    expect(sandbox.isRefused()).toBe(refused);
    expect(sandbox.isEnding()).toBe(true);
  });

  it('shows in the Web UI what it is, what it does, and why it ends', () => {
    const sandbox = running();
    sandbox.activity = 'until it is done: extend by ada';
    sandbox.end(ada, 'destroyed');
    expect(sandbox.details(T).split('\n')).toEqual([
      '**my-fix** is **running**',
      '- owner: ada',
      '- expires: 2026-11-28T00:01:00.000Z',
      '- template: shop, version 3',
      `- guilds: ${guild(34)}`,
      '- ending: destroyed, by ada',
      '- now: until it is done: extend by ada',
    ]);
    const refused = fresh();
    refused.failToCreate({ step: 'claim', code: 'SANDBOX_001', message: 'taken', hint: '' });
    expect(refused.details(T)).toContain('**my-fix** is **not created**');
    expect(refused.details(T)).toContain('failed at claim: SANDBOX_001 taken');
  });
});
