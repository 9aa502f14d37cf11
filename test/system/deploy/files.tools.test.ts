/** Needs terraform, docker-compose, helm and kubernetes-validate: `npm run test:deploy`. */
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeSecrets } from '../../../deploy/compose/secrets.js';
import { projectRoot } from '../../../platform/project-root.js';
import { ownFolder } from '../../support/folder.js';

const deploy = join(projectRoot(), 'deploy');

describe('deploy/terraform (terraform)', () => {
  it('is formatted', () => {
    const ran = spawnSync('terraform', ['fmt', '-check', '-recursive', join(deploy, 'terraform')]);
    expect(ran.status, ran.stdout.toString()).toBe(0);
  });

  // These variables need no provider, so the real terraform checks their rules on any machine.
  const good: Record<string, unknown> = {
    environment: 'staging',
    image: 'registry.example/sandboxes:1.0.0',
    cluster_arn: 'arn:aws:ecs:eu-central-1:123456789012:cluster/main',
    subnet_ids: ['subnet-1'],
    security_group_ids: ['sg-1'],
    temporal_address: 'temporal.example:7233',
    api_target_group_arn:
      'arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/api/0123456789abcdef',
    secret_arns: Object.fromEntries(
      ['worker', 'router', 'client', 'api']
        .flatMap((role) =>
          ['database_url', 'redis_url', 'nats_url'].map((what) => `${role}_${what}`),
        )
        .concat('master_secret', 'nats_authority', 'tenant_key', 'actor_key')
        .map((name) => [name, 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:x']),
    ),
  };
  const plan = (values: Record<string, unknown>): { ok: boolean; output: string } => {
    const folder = ownFolder();
    cpSync(join(deploy, 'terraform/variables.tf'), join(folder, 'variables.tf'));
    writeFileSync(join(folder, 'terraform.tfvars.json'), JSON.stringify({ ...good, ...values }));
    const { status, stdout, stderr } = spawnSync(
      'terraform',
      ['plan', '-input=false', '-no-color'],
      { cwd: folder },
    );
    return { ok: status === 0, output: `${stdout.toString()}${stderr.toString()}` };
  };

  it('accepts good variables', () => {
    const { ok, output } = plan({});
    expect(ok, output).toBe(true);
  });

  it.each([
    [{ image: 'registry.example/sandboxes:latest' }, 'not latest'],
    [{ sweep_minutes: 2 }, '5 to 60'],
    [{ environment: 'prod' }, 'staging'],
    [{ subnet_ids: [] }, 'subnet'],
    [{ temporal_address: 'https://temporal' }, 'host:port'],
    [{ temporal_secret_arns: { client_cert: 'arn:aws:secretsmanager:x' } }, 'need each other'],
    [{ temporal_secret_arns: { api_key: 'the key itself' } }, 'ARN'],
    [{ temporal_tls_server_name: 'https://x' }, "host's name"],
    [{ alarm_emails: ['nobody'] }, 'e-mail'],
    [{ api_target_group_arn: 'api' }, 'target group'],
    [{ api_trusted_proxies: ['everybody'] }, 'a network'],
    [{ tenant_urls: { nats: 'nats://a:b@nats.example' } }, 'No login'],
    [{ api_count: 0 }, '1 to 20'],
  ])('refuses %j', (values, told) => {
    const { ok, output } = plan(values);
    expect(ok).toBe(false);
    expect(output).toContain(told);
  });
});

describe('containers', () => {
  it('have a compose file that Compose accepts (docker-compose)', () => {
    const text = readFileSync(join(deploy, 'compose.yaml'), 'utf8');
    // Version 1 knows everything except the project's name.
    const path = join(ownFolder(), 'compose.yaml');
    writeFileSync(path, text.replace(/^name: .*$/m, ''));
    const config = (...more: string[]) =>
      spawnSync('docker-compose', ['-f', path, ...more, 'config', '--quiet']);
    const secrets = ownFolder();
    writeSecrets(secrets);
    const ran = config('--env-file', join(secrets, 'env'));
    expect(ran.status, ran.stderr.toString()).toBe(0);
    expect(config().status, 'a password may not be left out').not.toBe(0);
  });

  const chart = join(deploy, 'helm');
  const render = (...set: string[]) =>
    spawnSync('helm', ['template', 'team', chart, ...set.flatMap((value) => ['--set', value])]);

  it('have a chart that Helm accepts, with manifests that Kubernetes accepts', () => {
    const linted = spawnSync('helm', ['lint', '--strict', chart]);
    expect(linted.status, `${linted.stdout.toString()}${linted.stderr.toString()}`).toBe(0);
    const ingress = ['enabled=true', 'host=sandboxes.example', 'tlsSecret=tls'];
    const rendered = render(...ingress.map((value) => `api.ingress.${value}`));
    expect(rendered.status, rendered.stderr.toString()).toBe(0);
    const manifests = join(ownFolder(), 'manifests.yaml');
    writeFileSync(manifests, rendered.stdout);
    const ran = spawnSync('kubernetes-validate', ['--strict', manifests]);
    expect(ran.status, `${ran.stdout.toString()}${ran.stderr.toString()}`).toBe(0);
    for (const kind of ['Deployment', 'PodDisruptionBudget'])
      expect(rendered.stdout.toString().split(`kind: ${kind}\n`).length - 1).toBe(3);
  });

  it('have a chart that refuses an ingress without TLS', () => {
    const rendered = render('api.ingress.enabled=true', 'api.ingress.host=sandboxes.example');
    expect(rendered.status).not.toBe(0);
    expect(rendered.stderr.toString()).toContain('tokens travel over TLS alone');
  });
});
