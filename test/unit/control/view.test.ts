/** A sandbox in its public form, before and after its claim is written. */
import { expect, it } from 'vitest';
import { pendingSandbox, sandboxOf, type BegunCreate } from '../../../control/view.js';
import { parseOwner, parseSandboxId, parseSandboxName } from '../../../domain/names.js';
import { parseTemplateName } from '../../../domain/template.js';

const named = {
  sandboxId: parseSandboxId('sb0000000001'),
  ...{ name: parseSandboxName('box'), owner: parseOwner('ada'), guildIds: [] },
};
const template = parseTemplateName('team');
const [defaultTtlMs, defaultTemplate] = [60_000, parseTemplateName('usual')];

it('a claimed sandbox has its template and its times', () => {
  const view = { ...named, status: 'running', activity: null, failure: null } as const;
  const times = { createdAt: Date.UTC(2030, 0, 1), expiresAt: Date.UTC(2030, 0, 2) };
  expect(sandboxOf({ ...view, ...times, template, templateVersion: 3 })).toMatchObject({
    ...{ id: named.sandboxId, status: 'running', template: 'team', templateVersion: 3 },
    createdAt: '2030-01-01T00:00:00.000Z',
    ...{ expiresAt: '2030-01-02T00:00:00.000Z', destroyedAt: null },
  });
});

it('a begun create has the defaults of the installation, unless it names others', () => {
  const begun: BegunCreate = { ...named, createdAt: new Date(0), ttlMs: null };
  const usual = pendingSandbox(begun, { defaultTtlMs, defaultTemplate });
  expect(usual).toMatchObject({
    ...{ status: 'pending', template: 'usual', templateVersion: null },
    expiresAt: '1970-01-01T00:01:00.000Z',
  });
  const own = { ...begun, ttlMs: 1_000, template };
  expect(pendingSandbox(own, { defaultTtlMs, defaultTemplate })).toMatchObject({
    ...{ template: 'team', expiresAt: '1970-01-01T00:00:01.000Z' },
  });
});
