/** Needs promtool and prometheus: `npm run test:deploy`. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../../../platform/project-root.js';
import { bd } from '../../support/bd.js';
import { QUERIES } from '../../support/dashboards.js';
import { runningPrometheus } from '../../support/prometheus.js';
import { openClient, someGuild, someOwner } from '../../support/stack.js';

const deploy = join(projectRoot(), 'deploy');

describe('alert rules and dashboards', () => {
  it('fire in time and not before (promtool)', () => {
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

  it('give series in a Prometheus that scrapes the stack (prometheus)', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const guild = someGuild();
    await using prometheus = await runningPrometheus();
    // Runs during the queries: a rate needs two samples of a series.
    const lasting = await client.create({ ttl: '5m', guildIds: [guild] });
    const work = async (): Promise<void> => {
      const { id } = await client.create({ ttl: '5m' });
      await bd(['sandbox', 'emit', 'message-create', '--to', lasting.id, '--count', '10']);
      await client.destroy(id);
      await client.waitUntilDestroyed(id);
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
  });
});
