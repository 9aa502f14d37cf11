/** A laptop that knows one URL and one token, and no server, secret or checkout of ours. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { projectRoot } from '../../../platform/project-root.js';
import { apiUrl, tokenOf } from '../../support/api.js';
import { ownFolder } from '../../support/folder.js';
import { someGuild, someName, someOwner } from '../../support/stack.js';

const PG = JSON.stringify(join(projectRoot(), 'node_modules/pg/esm/index.mjs'));
/** Of a bot: it writes with its own login, and reads back. */
const BOT = `
  const { default: pg } = await import(${PG});
  const client = new pg.Client(process.env.DATABASE_URL);
  await client.connect();
  await client.query("INSERT INTO communities (name) VALUES ('mine')");
  const { rows } = await client.query('SELECT name, current_user AS role FROM communities');
  console.log(JSON.stringify(rows));
  await client.end();`;

it('creates a sandbox and runs a bot in it', async () => {
  const [cwd, token, name] = [ownFolder(), await tokenOf(someOwner()), someName()];
  const bd = (...args: string[]) => {
    const ran = spawnSync(process.execPath, [join(projectRoot(), 'dist/cli/main.js'), ...args], {
      cwd,
      env: { PATH: process.env.PATH, HOME: cwd, SANDBOX_API_URL: apiUrl(), SANDBOX_TOKEN: token },
    });
    expect(ran.status, ran.stderr.toString()).toBe(0);
    return ran.stdout.toString();
  };
  const created = bd('sandbox', 'create', name, '--guild', someGuild(), '--ttl', '1h', '--json');
  const { id } = JSON.parse(created) as { id: string };
  const rows = bd(
    'sandbox',
    'exec',
    name,
    '--',
    process.execPath,
    '--input-type=module',
    '-e',
    BOT,
  );
  expect(JSON.parse(rows)).toEqual([{ name: 'mine', role: `sandbox_${id}` }]);
  bd('sandbox', 'destroy', name, '--yes');
});
