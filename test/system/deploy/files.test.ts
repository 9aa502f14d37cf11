import { spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withEmf } from '../../../activities/emf-metrics.js';
import { lifecycleMetrics } from '../../../activities/metrics.js';
import { Registry } from 'prom-client';
import { writeSecrets } from '../../../deploy/compose/secrets.js';
import { status } from '../../../deploy/stack/index.js';
import { projectRoot } from '../../../platform/project-root.js';
import { bd } from '../../support/bd.js';
import { ownFolder } from '../../support/folder.js';
import { stackConfig } from '../../support/stack.js';

const deploy = join(projectRoot(), 'deploy');
const alarms = readFileSync(join(deploy, 'terraform/sandbox-alarms.tf'), 'utf8');

interface Emf {
  readonly _aws: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string }[];
    }[];
  };
  readonly [name: string]: unknown;
}

/** CloudWatch needs a number for each metric and a text for each dimension that a line names. */
function published(line: string): { service: unknown; names: string[] } {
  const document = JSON.parse(line) as Emf;
  const [directive] = document._aws.CloudWatchMetrics;
  expect(directive?.Namespace).toBe('Sandboxes');
  expect(Math.abs(document._aws.Timestamp - Date.now())).toBeLessThan(60_000);
  const names = directive?.Metrics.map(({ Name }) => Name) ?? [];
  for (const name of names) expect(typeof document[name]).toBe('number');
  for (const dimension of directive?.Dimensions.flat() ?? [])
    expect(typeof document[dimension]).toBe('string');
  return { service: document.Service, names };
}

describe('the metrics that the alarms of CloudWatch read', () => {
  it('are published by a real sweep', async () => {
    const ran = await bd(['sandbox', 'sweep', '--emf']);
    expect(ran.code, ran.stderr).toBe(0);
    const { service, names } = published(ran.stdout.trim());
    expect(service).toBe('sweep');
    expect(names).toEqual(expect.arrayContaining(['OrphanedResources', 'CleanupErrors']));
  });

  it('are published by the worker, in addition to those for Prometheus', () => {
    const lines: string[] = [];
    const metrics = withEmf(lifecycleMetrics(new Registry()), (line) => lines.push(line));
    metrics.created(0.2, 'created');
    metrics.created(0.2, 'failed');
    metrics.destroyed(0.1);
    metrics.cleanupFailed('remove nats-subjects');
    expect(lines.map(published)).toEqual(
      ['CreateDuration', 'CreateFailures', 'DestroyDuration', 'CleanupErrors'].map((name) => ({
        service: 'worker',
        names: [name],
      })),
    );
  });

  it('are those of the alarms', () => {
    const read = [...alarms.matchAll(/metric_name\s*= "(\w+)"/g)].map(([, name]) => name);
    expect(new Set(read)).toEqual(
      new Set(['CleanupErrors', 'CreateDuration', 'OrphanedResources']),
    );
  });
});

describe('containers', () => {
  it('give NATS and Redis a configuration that the real servers accept', async () => {
    const folder = ownFolder();
    writeSecrets(folder);
    expect(() => writeSecrets(folder)).toThrow('already');
    const nats = (await status(stackConfig())).find(({ name }) => name === 'nats');
    const binary = readlinkSync(`/proc/${nats?.pid ?? 0}/exe`);
    const ran = spawnSync(binary, ['-t', '-c', join(folder, 'nats.conf')]);
    expect(ran.status, ran.stderr.toString()).toBe(0);
    expect(readFileSync(join(folder, 'users.acl'), 'utf8')).toMatch(/^user bd_worker on #/m);
    for (const name of ['admin.creds', 'ingest.creds']) {
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
      expect(readFileSync(join(folder, name), 'utf8')).toMatch(/^SU[A-Z2-7]{56}$/m);
    }
  });

  it('get secrets only in their environment, since command lines are public', () => {
    const blocks: string[] = [];
    const elsewhere = readFileSync(join(deploy, 'compose.yaml'), 'utf8')
      .split('\n')
      .filter((line) => {
        const indent = /^ */.exec(line)?.[0].length ?? 0;
        while (blocks.length > 0 && indent <= (/^ */.exec(blocks[0] ?? '')?.[0].length ?? 0))
          blocks.pop();
        if (/^ *environment:/.test(line)) blocks.push(line);
        return blocks.length === 0 && !line.trim().startsWith('#');
      });
    expect(elsewhere.join('\n')).not.toMatch(/\$\{?[A-Z_]*(PASSWORD|TOKEN|SECRET|AUTHORITY)/);
    expect(elsewhere.length).toBeGreaterThan(50);
  });

  it('run without root, with health checks and time to drain', () => {
    const dockerfile = readFileSync(join(deploy, 'Dockerfile'), 'utf8');
    expect(dockerfile).toMatch(/^USER 65532/m);
    expect(dockerfile).toMatch(/^HEALTHCHECK/m);
    // Every process of the chart is made from the one template.
    const template = readFileSync(join(deploy, 'helm/templates/_process.tpl'), 'utf8');
    for (const kind of ['livenessProbe:', 'readinessProbe:', 'startupProbe:', 'runAsNonRoot: true'])
      expect(template.split(kind).length - 1).toBe(1);
    expect(template).toContain('kind: PodDisruptionBudget');
  });
});
