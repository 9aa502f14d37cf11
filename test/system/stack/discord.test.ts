/** Simulated Discord as a service of the stack: what it needs, and what it must not have. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { status, up } from '../../../deploy/stack/index.js';
import { HttpControl } from '../../../edge/simulated/control/http-control.js';
import { stackConfig, stackState } from '../../support/stack.js';
import { ownHome, statusOf } from './home.js';

test('it starts without any server, and nothing else starts with it', async () => {
  const config = await ownHome();
  const { discord, apiUrl } = await up(config, { only: ['discord'] });
  expect(apiUrl).toBeUndefined();
  const { url = '', secret = '' } = { ...discord };
  expect(await new HttpControl(url, secret).guilds()).toHaveLength(2);
  const services = await status(config);
  const running = services.filter(({ state }) => state === 'running');
  expect(running).toMatchObject([{ name: 'discord', address: url }]);
});

test('its process has no login, and no secret but its own', async () => {
  const { pid } = await statusOf(stackConfig(), 'discord');
  const lines = readFileSync(`/proc/${pid ?? 0}/environ`, 'utf8').split('\0');
  const environment = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  expect(environment.SANDBOX_DISCORD_SECRET).toBe(stackState().discord?.secret);
  const held = Object.keys(environment).filter((name) =>
    /URL|ADDRESS|MASTER|TENANT|ACTOR|AUTHORITY/.test(name),
  );
  expect(held.filter((name) => environment[name] !== '')).toEqual([]);
});
