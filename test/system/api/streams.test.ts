/** Server-sent events: what is stored and what comes, each once and in order, until the token dies. */
import { describe, expect, it } from 'vitest';
import { ask, startApi, tokenOf } from '../../support/api.js';
import { openStream, type SentEvent } from '../../support/sse.js';
import { openClient, someName, someOwner } from '../../support/stack.js';

const isEvent = ({ name }: SentEvent): boolean => name === 'message';
const isWaiting = ({ name }: SentEvent): boolean => name === 'waiting';
const textOf = ({ data }: SentEvent): unknown => JSON.parse(String(data.payload));

async function sandboxOf(token: string): Promise<string> {
  const name = someName();
  const made = await ask('POST /v1/sandboxes', { token, body: { name } });
  expect(made.status).toBe(201);
  return name;
}

async function emit(token: string, name: string, numbers: readonly number[]): Promise<void> {
  const events = numbers.map((n) => ({ type: 'MESSAGE_CREATE', payload: JSON.stringify({ n }) }));
  const sent = await ask(`POST /v1/sandboxes/${name}/events`, { token, body: { events } });
  expect(sent.status).toBe(200);
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('the events of a sandbox', () => {
  it('come as they are stored, and again from behind the last one', async () => {
    const token = await tokenOf(someOwner());
    const name = await sandboxOf(token);
    const path = `/v1/sandboxes/${name}/events`;
    const first = await openStream(path, token);
    await first.next('the begin', isWaiting);
    await emit(token, name, range(1, 300));
    await first.next('the last event', (event) =>
      isEvent(event) && textOf(event) === null
        ? false
        : JSON.stringify(event.data.payload ?? '').includes('300'),
    );
    const seen = first.events.filter(isEvent);
    expect(seen.map(textOf)).toEqual(range(1, 300).map((n) => ({ n })));
    expect(seen[0]?.data).toMatchObject({
      family: 'events',
      type: 'MESSAGE_CREATE',
      guildId: null,
    });
    first.close();

    const behind = String(seen[199]?.id);
    const again = await openStream(path, token, { headers: { 'last-event-id': behind } });
    await again.next('what is stored', isWaiting);
    await emit(token, name, [301]);
    await again.next('the next one', (event) => String(event.data.payload).includes('301'));
    expect(again.events.filter(isEvent).map(textOf)).toEqual(range(201, 301).map((n) => ({ n })));
  });

  it('end with what is stored where nothing more is wanted', async () => {
    const token = await tokenOf(someOwner());
    const name = await sandboxOf(token);
    await emit(token, name, [1, 2, 3]);
    const since = new Date(Date.now() - 60_000).toISOString();
    const path = `/v1/sandboxes/${name}/events?follow=false`;
    const oldest = await openStream(`${path}&since=${since}`, token);
    await oldest.ended;
    expect(oldest.events.filter(isEvent).map(textOf)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect(oldest.events.at(-1)?.name).toBe('end');
    const newest = await openStream(`${path}&order=newest`, token);
    await newest.ended;
    expect(newest.events.filter(isEvent).map(textOf)).toEqual([{ n: 3 }, { n: 2 }, { n: 1 }]);
  });

  it('are their owner’s alone', async () => {
    const name = await sandboxOf(await tokenOf(someOwner()));
    const other = await openStream(`/v1/sandboxes/${name}/events`, await tokenOf(someOwner()));
    expect(other.status).toBe(403);
  });

  it('end within 2 s of the token', async () => {
    const owner = someOwner();
    const token = await tokenOf(owner);
    const name = await sandboxOf(token);
    const stream = await openStream(`/v1/sandboxes/${name}/events`, token);
    await stream.next('the begin', isWaiting);
    const began = Date.now();
    await openClient().revokeToken(String(token.split('_')[2]));
    await stream.ended;
    expect(Date.now() - began).toBeLessThan(2_500);
    expect((await ask('GET /v1/me', { token })).status).toBe(401);
  });

  it('answer GET alone', async () => {
    const token = await tokenOf(someOwner());
    const name = await sandboxOf(token);
    const response = await fetch(`${(await startApi()).url}/v1/sandboxes/${name}/events`, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${token}` },
    });
    expect(response.status).toBe(405);
  });
});

describe('the lifecycle', () => {
  it('tells each change once, in order, and nothing of tokens to a developer', async () => {
    const owner = someOwner();
    const token = await tokenOf(owner);
    const stream = await openStream('/v1/events', token);
    await stream.next('the begin', isWaiting);
    const made = await ask('POST /v1/sandboxes', { token, body: {} });
    const { id } = made.body as { id: string };
    await tokenOf(owner);
    await ask(`DELETE /v1/sandboxes/${id}`, { token });
    await stream.next(
      'the end',
      ({ data }) => data.sandboxId === id && data.event === 'sandbox_destroyed',
    );
    const ids = stream.events.filter(isEvent).map((event) => Number(event.id));
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    expect(stream.events.every(({ data }) => data.event !== 'token_created')).toBe(true);
    const mine = stream.events.filter(({ data }) => data.sandboxId === id);
    expect(mine[0]?.data).toMatchObject({ event: 'sandbox_created', actor: owner, via: 'api' });

    const again = await openStream('/v1/events', token, {
      headers: { 'last-event-id': String(mine[0]?.id) },
    });
    await again.next(
      'the end',
      ({ data }) => data.sandboxId === id && data.event === 'sandbox_destroyed',
    );
    const repeated = again.events.filter(({ data }) => data.sandboxId === id);
    expect(repeated.map((event) => event.id)).toEqual(mine.slice(1).map((event) => event.id));
  });
});
