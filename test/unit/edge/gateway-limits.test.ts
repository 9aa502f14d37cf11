/** What simulated Discord's gateway forgets, refuses and ends, with limits that a test can reach. */
import { expect, it, onTestFinished } from 'vitest';
import { INTENT } from '../../../discord/intents.js';
import { BareGateway } from '../../support/bare-gateway.js';
import { simulate } from '../../support/simulated-discord.js';

it('a session whose missed events are no longer all there is invalid', async () => {
  const { discord, ready, connect, first, one } = await simulate(
    { bufferedEvents: 2 },
    onTestFinished,
  );
  const { gateway, sessionId } = await ready();
  gateway.socket.terminate();
  for (const text of ['1', '2', '3']) await discord.control.say(first.id, text);
  const again = await connect();
  again.send(6, { token: one.token, session_id: sessionId, seq: 3 });
  expect((await again.op(9)).d).toBe(false);
});

it('a session that nobody resumes ends', async () => {
  const { ready, connect, one } = await simulate({ resumableMs: 50 }, onTestFinished);
  const { gateway, sessionId } = await ready();
  gateway.socket.terminate();
  await new Promise((resolve) => setTimeout(resolve, 250));
  const again = await connect();
  again.send(6, { token: one.token, session_id: sessionId, seq: 3 });
  expect((await again.op(9)).d).toBe(false);
});

it('a client without heartbeats is timed out with 4009', async () => {
  const { ready } = await simulate({ heartbeatMs: 100 }, onTestFinished);
  const { gateway } = await ready();
  expect((await gateway.closed)[0]).toBe(4009);
});

it('one IDENTIFY too many gets an invalid session', async () => {
  const { connect, one } = await simulate({ identifyConcurrency: 1 }, onTestFinished);
  const [first, second] = [await connect(), await connect()];
  first.identify(one.token, 1);
  await first.event('READY');
  second.identify(one.token, 1);
  expect((await second.op(9)).d).toBe(false);
});

it('a privileged intent that is switched off closes the connection with 4014', async () => {
  const applications = [{ name: 'careful', privilegedIntents: INTENT.guildMembers }];
  const seed = { applications, guilds: [{ name: 'Only' }] };
  const { connect, ready, one } = await simulate({ seed }, onTestFinished);
  await ready({ intents: INTENT.guildMembers });
  const gateway = await connect();
  gateway.identify(one.token, INTENT.messageContent);
  expect((await gateway.closed)[0]).toBe(4014);
});

it.each([
  [4012, '/?v=8&encoding=json'],
  [4002, '/?v=10&encoding=etf'],
])('the gateway closes with %i for %s', async (code, query) => {
  const { discord } = await simulate({}, onTestFinished);
  const gateway = await BareGateway.open(discord.gatewayUrl, query);
  expect((await gateway.closed)[0]).toBe(code);
});
