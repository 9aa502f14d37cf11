/** How simulated Discord begins, logs a failure, and reads what a control client sends. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { refusalFrom } from '../../../edge/simulated/control/control-server.js';
import { typedOptions } from '../../../edge/simulated/control/local-control.js';
import { openSimulatedDiscord } from '../../../edge/simulated/simulated-discord.js';
import { SECRET, simulate } from '../../support/simulated-discord.js';

it('without a seed it has two guilds and one bot, the same after a restart', async () => {
  const look = async (): Promise<unknown> => {
    await using discord = await openSimulatedDiscord({ secret: SECRET });
    return [await discord.control.guilds(), await discord.control.applications()];
  };
  const seen = await look();
  expect(seen).toMatchObject([
    [{ name: 'Simulated Lab' }, { name: 'Simulated Shop' }],
    [{ name: 'sandbox-bot' }],
  ]);
  expect(await look()).toEqual(seen);
});

it('does not open on a port that is taken', async () => {
  const { discord } = await simulate({}, onTestFinished);
  const port = Number(new URL(discord.url).port);
  const opened = openSimulatedDiscord({ secret: SECRET, port });
  await expect(opened).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

it('logs a control request whose client went away half-way, and serves the next', async () => {
  const warn = vi.fn();
  const { discord, first } = await simulate({ log: { warn } }, onTestFinished);
  const { hostname, port } = new URL(discord.url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  const headers = ['Host: x', `Authorization: Bearer ${SECRET}`, 'Content-Length: 100'];
  socket.write(
    `POST /simulated/say HTTP/1.1\r\n${headers.join('\r\n')}\r\nExpect: 100-continue\r\n\r\n{`,
  );
  await once(socket, 'data');
  socket.destroy();
  await vi.waitFor(() => {
    expect(warn).toHaveBeenCalledWith(
      { what: 'control', err: 'aborted' },
      'simulated Discord failed',
    );
  });
  expect((await discord.control.guilds())[0]).toEqual(first);
});

it('refuses a control request without a secret', async () => {
  const { discord } = await simulate({}, onTestFinished);
  const response = await fetch(`${discord.url}/simulated/guilds`, { method: 'POST' });
  expect(response.status).toBe(401);
});

it.each([
  ['a text of a proxy', 'Bad Gateway', 0, 'status 502'],
  ['an object without a message', { code: 'x' }, 0, 'status 502'],
  [
    'an error with reasons, however deep they are',
    { code: 50_035, message: 'Invalid', errors: { a: { _errors: [{ message: 'b' }, 'c'] } } },
    50_035,
    'Invalid: b',
  ],
])('a refusal over HTTP keeps its status and says what is known: %s', (_what, body, code, text) => {
  expect(refusalFrom(502, body)).toMatchObject({ status: 502, code, message: text });
});

it('the options of a slash command are texts by their names', () => {
  expect(typedOptions(undefined)).toEqual({});
  expect(typedOptions({ user: '1' })).toEqual({ user: '1' });
  for (const value of ['user', null, { user: 1 }])
    expect(() => typedOptions(value)).toThrow(expect.objectContaining({ code: 50_035 }));
});
