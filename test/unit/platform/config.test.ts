import { spawnSync } from 'node:child_process';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CONFIG_VARIABLES, environmentOf, loadConfig } from '../../../platform/config.js';
import { projectRoot } from '../../../platform/project-root.js';

const CONTROL = {
  DATABASE_URL: 'postgres://a:b@127.0.0.1/x',
  REDIS_URL: 'redis://127.0.0.1',
  NATS_URL: 'nats://127.0.0.1',
};

/** None of these values is a default. */
const EVERY: Readonly<Record<string, string>> = {
  SANDBOX_OWNER: 'somebody',
  SANDBOX_HOME: '/srv/sandbox',
  SANDBOX_DEFAULT_TTL: '2h',
  SANDBOX_MIN_TTL: '2m',
  SANDBOX_MAX_TTL: '3d',
  SANDBOX_MAX_PER_OWNER: '7',
  SANDBOX_SWEEP_INTERVAL: '1h',
  SANDBOX_SWEEP_GRACE: '1m',
  SANDBOX_ROUTE_CACHE_TTL_MS: '5',
  SANDBOX_STALE_ROUTES_MS: '500',
  SANDBOX_PRODUCTION_SUBJECTS: 'events.*,commands.x.>',
  SANDBOX_ROUTER_FORM: 'plain',
  SANDBOX_STREAM_PROFILE: 'best-effort',
  SANDBOX_MAX_CONTROL_LINE: '8192',
  SANDBOX_MASTER_SECRET: 's'.repeat(32),
  SANDBOX_TENANT_KEY: 't'.repeat(32),
  SANDBOX_ACTOR_KEY: 'a'.repeat(32),
  SANDBOX_NATS_AUTHORITY: '{}',
  SANDBOX_REDIS_ACL: 'off',
  SANDBOX_METRICS_PORT: '9464',
  SANDBOX_METRICS_HOST: '::',
  SANDBOX_EMF: 'on',
  SANDBOX_GUILD_POLICY: 'any',
  SANDBOX_DEFAULT_TEMPLATE: 'shop',
  SANDBOX_TEMPLATE_SOURCE_URL: 'postgres://reader@127.0.0.1/bot',
  SANDBOX_API_PORT: '8443',
  SANDBOX_API_HOST: '0.0.0.0',
  SANDBOX_API_TLS_CERT: '/certs/api.pem',
  SANDBOX_API_TLS_KEY: '/certs/api.key',
  SANDBOX_API_TRUSTED_PROXIES: '10.0.0.0/8,::1',
  SANDBOX_VISIBILITY: 'own',
  SANDBOX_DISCORD_PORT: '8444',
  SANDBOX_DISCORD_SECRET: 'd'.repeat(32),
  SANDBOX_API_URL: 'https://sandboxes.example.com',
  SANDBOX_TOKEN: 'sbx_person_x',
  SANDBOX_TASK_QUEUE: 'mine',
  SANDBOX_DEPLOYMENT: 'sandboxes',
  SANDBOX_BUILD_ID: 'one',
  TEMPORAL_NAMESPACE: 'other',
  TEMPORAL_UI_URL: 'https://ui.example',
  TEMPORAL_ADDRESS: 'temporal.example:7233',
  SANDBOX_CONTROL_DATABASE_URL: 'postgres://a:b@127.0.0.1/x',
  SANDBOX_CONTROL_REDIS_URL: 'redis://127.0.0.1',
  SANDBOX_CONTROL_NATS_URL: 'nats://127.0.0.1',
  SANDBOX_TENANT_DATABASE_URL: 'postgres://127.0.0.2/x',
  SANDBOX_TENANT_REDIS_URL: 'redis://127.0.0.2',
  SANDBOX_TENANT_NATS_URL: 'nats://127.0.0.2',
  TEMPORAL_API_KEY: 'key',
  TEMPORAL_TLS: 'true',
  TEMPORAL_TLS_SERVER_NAME: 'temporal.example',
  TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: 'false',
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/etc/ca.pem',
  TEMPORAL_TLS_CLIENT_CERT_PATH: '/etc/client.pem',
  TEMPORAL_TLS_CLIENT_KEY_PATH: '/etc/client.key',
  LOG_LEVEL: 'debug',
};

describe('the configuration', () => {
  it('has the documented defaults', () => {
    const { policy, sweep, routes } = loadConfig({});
    expect(policy).toEqual({
      defaultTtlMs: 86_400_000,
      minTtlMs: 60_000,
      maxTtlMs: 2_592_000_000,
      maxPerOwner: 3,
      defaultTemplate: 'arrakis',
    });
    expect(sweep).toEqual({ intervalMs: 900_000, graceMs: 600_000 });
    expect(routes).toEqual({ cacheTtlMs: 60_000, staleMs: 60_000 });
  });

  it('uses the number of an OS user without a name, as in the image of deploy/Dockerfile', () => {
    const script = `
      import { CONFIG_VARIABLES, environmentOf, loadConfig } from ${JSON.stringify(join(projectRoot(), 'dist/platform/config.js'))};
      try { process.seteuid(65532); } catch {}
      console.log(loadConfig({}).owner);
      process.seteuid(process.getuid());
      console.log(loadConfig({}).owner);`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
    const { username, uid } = userInfo();
    // Only root may change its user.
    const other = uid === 0 ? 'uid-65532' : username;
    expect(stdout.toString(), stderr.toString()).toBe(`${other}\n${username}\n`);
  });

  it("takes nats-server's max_control_line, within sensible bounds", () => {
    expect(loadConfig({}).maxControlLine).toBe(4_096);
    expect(loadConfig({ SANDBOX_MAX_CONTROL_LINE: '8192' }).maxControlLine).toBe(8_192);
    for (const wrong of ['0', '1000', '4k', '-1', '99999999']) {
      expect(() => loadConfig({ SANDBOX_MAX_CONTROL_LINE: wrong })).toThrow(
        /SANDBOX_MAX_CONTROL_LINE/,
      );
    }
  });

  it('reports all wrong values together', () => {
    const env = {
      SANDBOX_MIN_TTL: 'soon',
      SANDBOX_MAX_PER_OWNER: '-1',
      REDIS_URL: 'http://x',
      TEMPORAL_ADDRESS: 'nowhere',
    };
    let message = '';
    try {
      loadConfig(env);
    } catch (error) {
      message = (error as Error).message;
      expect(error).toMatchObject({ code: 'SANDBOX_008' });
    }
    for (const name of Object.keys(env)) expect(message).toContain(name);
  });

  it.each([
    ['SANDBOX_API_TRUSTED_PROXIES', ['10.0.0.0/8,::1', 'fd00::/8', ' 10.1.2.3 , ', '0.0.0.0/0']],
    ['SANDBOX_API_HOST', ['0.0.0.0', '::', '127.0.0.1']],
    ['SANDBOX_MAX_PER_OWNER', ['1', '1000000', '007']],
    ['SANDBOX_VISIBILITY', ['all', 'own']],
    ['SANDBOX_REDIS_ACL', ['on', 'off']],
    ['SANDBOX_MASTER_SECRET', ['x'.repeat(32)]],
    ['SANDBOX_API_URL', ['http://x', 'https://sandboxes.example.com/a']],
    ['SANDBOX_MAX_TTL', ['30d', '3650d']],
  ])('takes for %s: %j', (name, values) => {
    for (const value of values) expect(() => loadConfig({ [name]: value })).not.toThrow();
  });

  it.each([
    [
      'SANDBOX_API_TRUSTED_PROXIES',
      [
        'proxy',
        '10.0.0.0/33',
        '::/129',
        '10.0.0.0/',
        '10.0.0.0/8/8',
        '10.0.0.0/08',
        'fe80::1%eth0',
      ],
      'must be IP addresses or networks such as 10.0.0.0/8, separated by commas',
    ],
    ['SANDBOX_API_HOST', ['::1', 'localhost', '1.2.3'], 'must be an IPv4 address, or `::`'],
    [
      'SANDBOX_MAX_PER_OWNER',
      ['0', '1000001', '1.5', '1e3', '-1', ' 1', '1234567890'],
      'must be a whole number from 1 to 1000000',
    ],
    ['SANDBOX_VISIBILITY', ['none', 'ALL', 'toString'], 'must be one of all, own'],
    ['SANDBOX_REDIS_ACL', ['yes', 'true'], 'must be one of on, off'],
    ['SANDBOX_DISCORD_PORT', ['65536', 'x'], 'must be a whole number from 0 to 65535'],
    ['SANDBOX_DISCORD_SECRET', ['short'], 'must have at least 32 characters'],
    ['SANDBOX_MASTER_SECRET', ['short'], 'must have at least 32 characters'],
    ['SANDBOX_API_URL', ['ftp://x', 'x', 'http://'], 'must be a URL beginning http:// or https://'],
    ['SANDBOX_MAX_TTL', ['4000d'], 'must be at most '],
  ])('says for %s: %j', (name, values, message) => {
    for (const value of values)
      expect(() => loadConfig({ [name]: value }), value).toThrow(`\n  ${name}: ${message}`);
  });

  it("never uses a tenant's URLs", () => {
    expect(loadConfig(CONTROL).given.database).toBe(CONTROL.DATABASE_URL);
    expect(loadConfig({ ...CONTROL, SANDBOX_ID: 'sb0123456789' }).given).toEqual({});
    const control = 'postgres://c:d@127.0.0.1/x';
    expect(
      loadConfig({ ...CONTROL, SANDBOX_ID: 'sb0123456789', SANDBOX_CONTROL_DATABASE_URL: control })
        .given,
    ).toEqual({
      database: control,
    });
  });

  it('refuses a Redis database other than 0', () => {
    expect(() => loadConfig({ REDIS_URL: 'redis://127.0.0.1/1' })).toThrow(/REDIS_URL/);
  });

  it('refuses production subjects that would cover the ingress', () => {
    for (const subjects of ['events.>', 'events.raw.>', 'commands.raw', 'sandbox.>', 'a b']) {
      expect(() => loadConfig({ SANDBOX_PRODUCTION_SUBJECTS: subjects })).toThrow(
        /SANDBOX_PRODUCTION_SUBJECTS/,
      );
    }
  });

  it('writes an environment that reads back as the same configuration', () => {
    expect(loadConfig(environmentOf(loadConfig(EVERY)))).toEqual(loadConfig(EVERY));
    expect(loadConfig(environmentOf(loadConfig({})))).toEqual(loadConfig({}));
  });

  it('reads every variable of its table', () => {
    const names = Object.keys(EVERY);
    const plain = ['DATABASE_URL', 'REDIS_URL', 'NATS_URL'];
    const text = CONFIG_VARIABLES.filter((name) => name.endsWith('_DATA'));
    expect([...names, ...plain, ...text].sort()).toEqual([...CONFIG_VARIABLES].sort());
    for (const [name, value] of Object.entries(EVERY)) {
      const { [name]: _, ...others } = EVERY;
      // A client's certificate and its key need each other.
      if (/CLIENT_(CERT|KEY)/.test(name)) continue;
      expect(loadConfig(others), `${name}=${value}`).not.toEqual(loadConfig(EVERY));
    }
  });

  it('refuses a wrong plain address even if the control plane has its own', () => {
    const wrong = {
      SANDBOX_CONTROL_REDIS_URL: 'redis://127.0.0.1',
      REDIS_URL: 'http://x',
    };
    expect(() => loadConfig(wrong)).toThrow(/ {2}REDIS_URL: /);
    expect(loadConfig({ ...wrong, SANDBOX_ID: 'sb0123456789' }).given.redis).toBe(
      'redis://127.0.0.1',
    );
  });

  it("ignores Temporal's security while its address is unset", () => {
    expect(loadConfig({ TEMPORAL_TLS: 'maybe' }).temporalSecurity).toEqual({});
    const given = { TEMPORAL_ADDRESS: 'temporal:7233', TEMPORAL_TLS: 'maybe', SANDBOX_EMF: 'yes' };
    expect(() => loadConfig(given)).toThrow(
      /SANDBOX_EMF: .*\n {2}TEMPORAL_TLS: must be true or false/,
    );
  });
});
