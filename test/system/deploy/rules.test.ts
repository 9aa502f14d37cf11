import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../../../platform/project-root.js';
import { QUERIES } from '../../support/dashboards.js';
import { pageOf } from '../../support/scrape.js';
import { openClient, someGuild, someOwner } from '../../support/stack.js';

const deploy = join(projectRoot(), 'deploy');
const RULES = readFileSync(join(deploy, 'prometheus/sandboxes.rules.yml'), 'utf8');

/** The metrics in an expression. */
const metricsIn = (text: string): string[] =>
  text.match(/\b(sandbox|temporal|process)_[a-z_]+/g) ?? [];

describe('alert rules and dashboards', () => {
  it('name only existing metrics of worker and router', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const sandbox = await client.create({ ttl: '5m', guildIds: [someGuild()] });
    await client.destroy(sandbox.id);
    const pages = await Promise.all(
      (['worker', 'router'] as const).map(async (service) =>
        (await fetch(await pageOf(service))).text(),
      ),
    );
    const known = new Set(pages.join('\n').match(/^[a-z_]+/gm));
    for (const [, name = ''] of pages.join('\n').matchAll(/^# TYPE (\S+) histogram/gm))
      known.add(`${name}_bucket`).add(`${name}_count`);
    for (const [, name = ''] of pages.join('\n').matchAll(/^# TYPE (\S+)/gm)) known.add(name);
    const expressions = [...RULES.matchAll(/expr:([^]*?)\n\s+(?:for|labels):/g)].map(
      ([, text = '']) => text,
    );
    expect(expressions).toHaveLength(14);
    const asked = [...expressions, ...QUERIES.map(([, expr]) => expr)].flatMap(metricsIn);
    // A label of the rules, not a metric.
    const missing = new Set(asked.filter((name) => !known.has(name) && name !== 'sandbox_id'));
    expect([...missing]).toEqual([]);
  });

  it('link to an existing heading of the runbook', () => {
    const runbook = readFileSync(join(projectRoot(), 'docs/sandbox-runbook.md'), 'utf8');
    const headings = new Set(
      [...runbook.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => title.toLowerCase()),
    );
    const terraform = readFileSync(join(deploy, 'terraform/sandbox-alarms.tf'), 'utf8');
    const anchors = [...`${RULES}${terraform}`.matchAll(/sandbox-runbook\.md#(\w+)/g)].map(
      ([, anchor = '']) => anchor,
    );
    expect(anchors).toHaveLength(17);
    for (const anchor of anchors) expect([...headings]).toContain(anchor);
  });
});
