import { spawnSync } from 'node:child_process';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../platform/config.js';
import { projectRoot } from '../../../platform/project-root.js';

const CONTROL = {
  DATABASE_URL: 'postgres://a:b@127.0.0.1/x',
  REDIS_URL: 'redis://127.0.0.1',
  NATS_URL: 'nats://127.0.0.1',
};

describe('the configuration', () => {
  it('has the documented defaults', () => {
    const { policy, sweep, routes } = loadConfig({});
    expect(policy).toEqual({
      defaultTtlMs: 86_400_000,
      minTtlMs: 60_000,
      maxTtlMs: 2_592_000_000,
      maxPerOwner: 3,
    });
    expect(sweep).toEqual({ intervalMs: 900_000, graceMs: 600_000 });
    expect(routes).toEqual({ cacheTtlMs: 60_000, staleMs: 60_000 });
  });

  it('names an OS user without a name by his number, as in the image of deploy/Dockerfile', () => {
    const script = `
      import { loadConfig } from ${JSON.stringify(join(projectRoot(), 'dist/platform/config.js'))};
      try { process.seteuid(65532); } catch {}
      console.log(loadConfig({}).owner);
      process.seteuid(process.getuid());
      console.log(loadConfig({}).owner);`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
    const { username, uid } = userInfo();
    // Only root may become somebody else.
    const other = uid === 0 ? 'uid-65532' : username;
    expect(stdout.toString(), stderr.toString()).toBe(`${other}\n${username}\n`);
  });

  it("takes nats-server's max_control_line, within what can be meant", () => {
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

  it("never takes a tenant's URLs for its own", () => {
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
});
