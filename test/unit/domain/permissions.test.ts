import { describe, expect, it } from 'vitest';
import {
  directActor,
  parseActor,
  SCOPES,
  SWEEP_ACTOR,
  TEMPORAL_ACTOR,
  WORKFLOW_ACTOR,
  type Actor,
} from '../../../domain/actor.js';
import { parseGuildId } from '../../../domain/guild.js';
import { parseOwner, parseSandboxId } from '../../../domain/names.js';
import {
  maySee,
  needsGrant,
  notPermitted,
  permits,
  requirePermission,
  RULES,
  type Action,
} from '../../../domain/permissions.js';

const ID = parseSandboxId('sb0000000001');
const OTHER_ID = parseSandboxId('sb0000000002');
const ada = parseOwner('ada');
const bob = parseOwner('bob');

const developer: Actor = { ...directActor('ada'), role: 'developer', via: 'api' };
const operator = directActor('grace');
const bot: Actor = { ...developer, kind: 'sandbox', sandboxId: ID };
const own = { owner: ada, sandboxId: ID };
const others = { owner: bob, sandboxId: OTHER_ID };

const ACTIONS = Object.keys(RULES) as Action[];
const OF_OWNERS = ACTIONS.filter((action) => RULES[action].by === 'owner');

/** For each action, the owners whose sandboxes it may concern, for an actor with every scope. */
const TABLE: Readonly<Record<Action, readonly string[]>> = {
  create: ['operator', 'owner'],
  read: ['operator', 'owner', 'stranger'],
  extend: ['operator', 'owner'],
  reset: ['operator', 'owner'],
  destroy: ['operator', 'owner'],
  connect: ['operator', 'owner'],
  registerGuild: ['operator', 'owner'],
  unregisterGuild: ['operator', 'owner'],
  tail: ['operator', 'owner'],
  emit: ['operator', 'owner'],
  sweep: ['operator'],
  createToken: ['operator', 'owner'],
  readTokens: ['operator', 'owner'],
  revokeToken: ['operator', 'owner'],
  readGrants: ['operator', 'owner'],
  grantGuild: ['operator'],
  revokeGrant: ['operator'],
  setOwnerRole: ['operator'],
  readTemplates: ['operator', 'owner', 'stranger'],
  writeTemplate: ['operator', 'owner'],
  copySchema: ['operator'],
};

describe('permissions', () => {
  it.each(Object.entries(TABLE))('permit %s to %j only', (action, permitted) => {
    const asked: Record<string, readonly [Actor, typeof own]> = {
      operator: [operator, own],
      owner: [developer, own],
      stranger: [developer, others],
    };
    const allowed = Object.entries(asked)
      .filter(([, [actor, subject]]) => permits(actor, action as Action, subject) === null)
      .map(([name]) => name);
    expect(allowed).toEqual(permitted);
  });

  it.each(ACTIONS)('refuse %s without its scope, also to operators', (action) => {
    const { scope } = RULES[action];
    const without = SCOPES.filter((one) => one !== scope);
    for (const actor of [operator, developer, WORKFLOW_ACTOR])
      expect(permits({ ...actor, scopes: without }, action, own)).toEqual({ kind: 'scope', scope });
    expect(permits({ ...operator, scopes: [scope] }, action, own)).toBeNull();
  });

  it.each(OF_OWNERS)('permit %s to a sandbox’s own identity on that sandbox only', (action) => {
    expect(permits(bot, action, own)).toBeNull();
    for (const subject of [others, { owner: ada, sandboxId: OTHER_ID }, { owner: ada }, null])
      expect(permits(bot, action, subject)).toEqual({ kind: 'sandbox', sandboxId: ID });
    // The sandbox identity of an operator is bound as well.
    expect(permits({ ...bot, role: 'operator' }, action, others)).toEqual({
      ...{ kind: 'sandbox', sandboxId: ID },
    });
  });

  it('permit everybody to read without naming a sandbox, and only operators to sweep', () => {
    expect(permits(developer, 'read', null)).toBeNull();
    expect(permits(developer, 'sweep', null)).toEqual({ kind: 'role', role: 'operator' });
    expect(permits(SWEEP_ACTOR, 'sweep', null)).toBeNull();
  });

  it('do not confuse names that look alike', () => {
    for (const name of ['Ada', 'ada.', 'ad', 'adaa'])
      expect(permits({ ...developer, name: parseOwner(name) }, 'destroy', own)).not.toBeNull();
  });
});

it.each([
  [
    { ...developer, scopes: [] },
    own,
    'ada may not destroy this sandbox: the scope sandbox:write is missing',
  ],
  [developer, others, 'ada may not destroy this sandbox: its owner is bob'],
  [bot, others, 'ada may not destroy this sandbox: this identity is bound to sandbox sb0000000001'],
])('a refusal names the missing permission', (actor, subject, message) => {
  const refused = expect.objectContaining({ code: 'SANDBOX_010', message, exitCode: 8 }) as Error;
  expect(() => requirePermission(actor, 'destroy', subject)).toThrow(refused);
});

it('a guild that is not granted is refused with the command that grants it', () => {
  const lacks = { kind: 'grant', guildId: parseGuildId('12345678901234567'), owner: ada } as const;
  expect(notPermitted(developer, 'registerGuild', lacks)).toMatchObject({
    code: 'SANDBOX_010',
    message: `ada may not register a guild to this sandbox: guild ${lacks.guildId} is not granted to ada`,
    hint: `An operator grants it: \`bd guild grant ${lacks.guildId} ada\`.`,
    details: { action: 'registerGuild', lacks },
  });
});

it('a grant is needed under the policy granted, and by no operator', () => {
  expect(needsGrant(developer, 'granted')).toBe(true);
  for (const [actor, policy] of [
    [developer, 'any'],
    [operator, 'granted'],
    [operator, 'any'],
    [SWEEP_ACTOR, 'granted'],
  ] as const)
    expect(needsGrant(actor, policy)).toBe(false);
});

it('another’s sandbox is hidden only from developers, and only where that is asked for', () => {
  expect(maySee(developer, bob, 'own')).toBe(false);
  expect(maySee(developer, ada, 'own')).toBe(true);
  expect(maySee(operator, bob, 'own')).toBe(true);
  expect(maySee(developer, bob, 'all')).toBe(true);
});

describe('an actor from outside', () => {
  it.each([directActor('ada'), WORKFLOW_ACTOR, TEMPORAL_ACTOR, developer, bot])(
    'is taken as it is where it is whole',
    (actor) => {
      expect(parseActor(JSON.parse(JSON.stringify(actor)))).toEqual(actor);
    },
  );

  it.each([
    ['nothing', null],
    ['a name alone', 'ada'],
    ['a list', [directActor('ada')]],
    ['no scopes', { ...developer, scopes: undefined }],
    ['an unknown scope', { ...developer, scopes: ['sandbox:fly'] }],
    ['an unknown kind', { ...developer, kind: 'root' }],
    ['an unknown role', { ...developer, role: 'admin' }],
    ['an unknown way', { ...developer, via: 'telepathy' }],
    ['a name that is none', { ...developer, name: "o'neill" }],
    ['a sandbox identity without its sandbox', { ...bot, sandboxId: undefined }],
    ['a person with a sandbox', { ...developer, sandboxId: ID }],
    ['a sandbox that is none', { ...bot, sandboxId: 'nope' }],
  ])('is refused with %s', (_what, value) => {
    expect(() => parseActor(value)).toThrow(expect.objectContaining({ code: 'SANDBOX_008' }));
  });
});
