import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withEmf } from '../../activities/emf-metrics.js';
import { lifecycleMetrics } from '../../activities/metrics.js';
import { Registry } from 'prom-client';
import { writeSecrets } from '../../deploy/compose/secrets.js';
import { status } from '../../deploy/local/index.js';
import { projectRoot } from '../../platform/project-root.js';
import { bd } from '../support/bd.js';
import { has } from '../support/prometheus.js';
import { stackConfig } from '../support/stack.js';

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

/** What CloudWatch reads from a line: every metric it names has a number, every dimension a text. */
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

  it('are published by the worker, beside those for Prometheus', () => {
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

  it('are the ones of the alarms', () => {
    const read = [...alarms.matchAll(/metric_name\s*= "(\w+)"/g)].map(([, name]) => name);
    expect(new Set(read)).toEqual(
      new Set(['CleanupErrors', 'CreateDuration', 'OrphanedResources']),
    );
  });
});

describe.skipIf(!has('terraform'))('deploy/terraform (terraform)', () => {
  it('is formatted', () => {
    const ran = spawnSync('terraform', ['fmt', '-check', '-recursive', join(deploy, 'terraform')]);
    expect(ran.status, ran.stdout.toString()).toBe(0);
  });

  // The variables alone need no provider: their rules are checked by the real terraform wherever it runs.
  const good: Record<string, unknown> = {
    environment: 'staging',
    image: 'registry.example/sandboxes:1.0.0',
    cluster_arn: 'arn:aws:ecs:eu-central-1:123456789012:cluster/main',
    subnet_ids: ['subnet-1'],
    security_group_ids: ['sg-1'],
    temporal_address: 'temporal.example:7233',
    secret_arns: Object.fromEntries(
      ['worker', 'router', 'client']
        .flatMap((role) =>
          ['database_url', 'redis_url', 'nats_url'].map((what) => `${role}_${what}`),
        )
        .concat('master_secret', 'nats_authority')
        .map((name) => [name, 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:x']),
    ),
  };
  const plan = (values: Record<string, unknown>): { ok: boolean; output: string } => {
    const folder = mkdtempSync(join(tmpdir(), 'terraform-'));
    cpSync(join(deploy, 'terraform/variables.tf'), join(folder, 'variables.tf'));
    writeFileSync(join(folder, 'terraform.tfvars.json'), JSON.stringify({ ...good, ...values }));
    const { status, stdout, stderr } = spawnSync(
      'terraform',
      ['plan', '-input=false', '-no-color'],
      { cwd: folder },
    );
    return { ok: status === 0, output: `${stdout.toString()}${stderr.toString()}` };
  };

  it('takes good variables', () => {
    const { ok, output } = plan({});
    expect(ok, output).toBe(true);
  });

  it.each([
    [{ image: 'registry.example/sandboxes:latest' }, 'not latest'],
    [{ sweep_minutes: 2 }, '5 to 60'],
    [{ environment: 'prod' }, 'staging'],
    [{ subnet_ids: [] }, 'subnet'],
    [{ temporal_address: 'https://temporal' }, 'host:port'],
    [{ alarm_emails: ['nobody'] }, 'e-mail'],
  ])('refuses %j', (values, told) => {
    const { ok, output } = plan(values);
    expect(ok).toBe(false);
    expect(output).toContain(told);
  });
});

describe('containers', () => {
  it.skipIf(!has('docker-compose'))(
    'have a compose file that Compose takes (docker-compose)',
    () => {
      const text = readFileSync(join(deploy, 'compose.yaml'), 'utf8');
      // Version 1 knows all of it but the project's name.
      const path = join(mkdtempSync(join(tmpdir(), 'compose-')), 'compose.yaml');
      writeFileSync(path, text.replace(/^name: .*$/m, ''));
      const config = (...more: string[]) =>
        spawnSync('docker-compose', ['-f', path, ...more, 'config', '--quiet']);
      const secrets = mkdtempSync(join(tmpdir(), 'secrets-'));
      writeSecrets(secrets);
      const ran = config('--env-file', join(secrets, 'env'));
      expect(ran.status, ran.stderr.toString()).toBe(0);
      expect(config().status, 'a password may not be left out').not.toBe(0);
    },
  );

  it.skipIf(!has('kubernetes-validate'))(
    'have manifests that Kubernetes takes (kubernetes-validate)',
    () => {
      const ran = spawnSync('kubernetes-validate', [
        '--strict',
        join(deploy, 'kubernetes/sandboxes.yaml'),
      ]);
      expect(ran.status, `${ran.stdout.toString()}${ran.stderr.toString()}`).toBe(0);
    },
  );

  it('give NATS and Redis a configuration that the real servers take', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'secrets-'));
    writeSecrets(folder);
    expect(() => writeSecrets(folder)).toThrow('already');
    const nats = (await status(stackConfig())).find(({ name }) => name === 'nats');
    const binary = readlinkSync(`/proc/${nats?.pid ?? 0}/exe`);
    const ran = spawnSync(binary, ['-t', '-c', join(folder, 'nats.conf')]);
    expect(ran.status, ran.stderr.toString()).toBe(0);
    expect(readFileSync(join(folder, 'users.acl'), 'utf8')).toMatch(/^user bd_worker on #/m);
  });

  it('run as nobody, with health checks and time to drain', () => {
    const dockerfile = readFileSync(join(deploy, 'Dockerfile'), 'utf8');
    expect(dockerfile).toMatch(/^USER 65532/m);
    expect(dockerfile).toMatch(/^HEALTHCHECK/m);
    const manifests = readFileSync(join(deploy, 'kubernetes/sandboxes.yaml'), 'utf8');
    for (const kind of ['livenessProbe', 'readinessProbe', 'startupProbe', 'PodDisruptionBudget'])
      expect(manifests.split(kind).length - 1).toBe(2);
  });
});
