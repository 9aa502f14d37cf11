import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../../platform/project-root.js';
import { has, runningPrometheus } from '../support/prometheus.js';
import { pageOf } from '../support/scrape.js';
import { bd } from '../support/bd.js';
import { openClient, someGuild, someOwner } from '../support/stack.js';

const deploy = join(projectRoot(), 'deploy');
const RULES = readFileSync(join(deploy, 'prometheus/sandboxes.rules.yml'), 'utf8');

interface Dashboard {
  readonly title: string;
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
}
const DASHBOARDS = readdirSync(join(deploy, 'grafana')).map(
  (name) => JSON.parse(readFileSync(join(deploy, 'grafana', name), 'utf8')) as Dashboard,
);
const QUERIES = DASHBOARDS.flatMap(({ title, panels }) =>
  panels.flatMap((panel) =>
    panel.targets.map(({ expr }) => [`${title} / ${panel.title}`, expr] as const),
  ),
);

/** Metrics named in an expression. */
const metricsIn = (text: string): string[] =>
  text.match(/\b(sandbox|temporal|process)_[a-z_]+/g) ?? [];

describe('alert rules and dashboards', () => {
  it('name only metrics that worker and router really have', async () => {
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
    expect(expressions).toHaveLength(10);
    const asked = [...expressions, ...QUERIES.map(([, expr]) => expr)].flatMap(metricsIn);
    // A label of the rules, no metric.
    const missing = new Set(asked.filter((name) => !known.has(name) && name !== 'sandbox_id'));
    expect([...missing]).toEqual([]);
  });

  it('send a person to a heading of the runbook that exists', () => {
    const runbook = readFileSync(join(projectRoot(), 'docs/sandbox-runbook.md'), 'utf8');
    const headings = new Set(
      [...runbook.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => title.toLowerCase()),
    );
    const terraform = readFileSync(join(deploy, 'terraform/sandbox-alarms.tf'), 'utf8');
    const anchors = [...`${RULES}${terraform}`.matchAll(/sandbox-runbook\.md#(\w+)/g)].map(
      ([, anchor = '']) => anchor,
    );
    expect(anchors).toHaveLength(13);
    for (const anchor of anchors) expect([...headings]).toContain(anchor);
  });

  it.skipIf(!has('promtool'))('fire when they should and not before (promtool)', () => {
    const ran = spawnSync('promtool', [
      'test',
      'rules',
      join(deploy, 'prometheus/sandboxes.test.yml'),
    ]);
    expect(ran.status, `${ran.stdout.toString()}${ran.stderr.toString()}`).toBe(0);
    expect(
      spawnSync('promtool', ['check', 'config', join(deploy, 'prometheus/prometheus.yml')]).status,
    ).toBe(0);
  });

  it.skipIf(!has('prometheus'))(
    'give series in a Prometheus that scrapes the stack (prometheus)',
    async () => {
      const client = openClient({ SANDBOX_OWNER: someOwner() });
      const guild = someGuild();
      await using prometheus = await runningPrometheus();
      // Lives while the queries are asked: a rate needs a series that is there twice.
      const lasting = await client.create({ ttl: '5m', guildIds: [guild] });
      const work = async (): Promise<void> => {
        const { id } = await client.create({ ttl: '5m' });
        await bd(['sandbox', 'emit', 'message-create', '--to', lasting.id, '--count', '10']);
        await client.destroy(id);
        await client.destroyed(id);
      };
      let empty: string[] = [];
      for (const deadline = Date.now() + 40_000; Date.now() < deadline;) {
        await work();
        const answers = await Promise.all(
          QUERIES.map(async ([title, expr]) => {
            const query = expr.replaceAll('$__rate_interval', '10s');
            return (await prometheus.query(query)) === 0 ? `${title}: ${query}` : null;
          }),
        );
        empty = answers.filter((answer) => answer !== null);
        if (empty.length === 0) break;
      }
      expect(empty).toEqual([]);
    },
  );
});
