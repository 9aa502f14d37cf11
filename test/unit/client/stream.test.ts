/** A stream of events that is cut, ended early, refused: the client goes on without a gap. */
import { describe, expect, it } from 'vitest';
import { SandboxClient } from '../../../client/index.js';
import { newToken, newTokenId } from '../../../control/new-token.js';
import type { SandboxError } from '../../../domain/errors.js';
import { answering, cut, frames, json, problem, type Answer } from '../../support/answering.js';

const token = newToken('person', newTokenId()).text;
const event = (sequence: number): string => `id: ${sequence}\ndata: {"sequence":${sequence}}\n\n`;
const signal = (name: string, data: object = {}): string =>
  `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
const PROBLEM = { code: 'SANDBOX_009', detail: 'NATS is unreachable', hint: 'h', requestId: 'r' };

/** What is read until the stream ends by itself, or `count` events have come. */
async function follow(answers: readonly Answer[], count = Infinity, newest = false) {
  const { url, seen } = await answering(...answers);
  const stop = new AbortController();
  const told: string[] = [];
  const options = {
    signal: stop.signal,
    onAway: (dependency: string) => void told.push(dependency),
    onWaiting: () => void told.push('waiting'),
  };
  const client = new SandboxClient({ url, token });
  const sequences: number[] = [];
  const events = newest ? client.storedEvents('my-fix', options) : client.events('my-fix', options);
  let error: SandboxError | undefined;
  try {
    for await (const { sequence } of events) {
      sequences.push(sequence);
      if (sequences.length === count) stop.abort();
    }
  } catch (failure) {
    error = failure as SandboxError;
  }
  const asked = seen.map(({ headers }) => headers['last-event-id'] ?? null);
  return { sequences, told, error, asked, seen };
}

const cutAfter =
  (text: string): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(text);
    setTimeout(() => response.socket?.destroy(), 20);
  };

describe('a stream', () => {
  it('ends where the API says so', async () => {
    const { sequences, asked, told, seen } = await follow([
      frames(`retry: 1\n\n${event(1)}${event(2)}${signal('end')}`),
    ]);
    expect([sequences, asked, told]).toEqual([[1, 2], [null], []]);
    expect(seen[0]).toMatchObject({ url: '/v1/sandboxes/my-fix/events?follow=true' });
    expect(seen[0]?.headers.accept).toBe('text/event-stream');
  });

  it('goes on behind the last event where it was cut, or ended without a word', async () => {
    const { sequences, asked } = await follow([
      cutAfter(`retry: 1\n\n${event(1)}${event(2)}id: 3\ndata: {"seq`),
      frames(event(3)),
      frames(`${event(4)}${signal('end')}`),
    ]);
    expect([sequences, asked]).toEqual([
      [1, 2, 3, 4],
      [null, '2', '3'],
    ]);
  });

  it('says once that it waits, and each time that a server is away', async () => {
    const { told } = await follow(
      [
        frames(`${signal('away')}${signal('away')}${event(1)}${signal('waiting')}`),
        frames(`${signal('waiting')}${event(2)}${signal('away')}${event(3)}`),
      ],
      3,
    );
    expect(told).toEqual(['nats', 'waiting', 'nats']);
  });

  it('waits for NATS from the begin, and for the API once it has been there', async () => {
    const { sequences, told } = await follow([
      frames(signal('problem', { ...PROBLEM, details: { dependency: 'nats' } })),
      frames(event(1)),
      ...[cut, cut, cut],
      frames(`${event(2)}${signal('end')}`),
    ]);
    expect([sequences, told]).toEqual([
      [1, 2],
      ['nats', 'api'],
    ]);
  });

  it.each([
    ['401 after it began', [frames(event(1)), problem(401, 'SANDBOX_012')], 'SANDBOX_012'],
    ['404', [problem(404, 'SANDBOX_004')], 'SANDBOX_004'],
    [
      'a problem that stays',
      [frames(signal('problem', { ...PROBLEM, code: 'SANDBOX_007', details: {} }))],
      'SANDBOX_007',
    ],
    ['an answer that is no stream', [json({ items: [] })], 'SANDBOX_009'],
  ] as const)('fails with %s', async (_what, answers, code) => {
    const { error } = await follow(answers);
    expect(error?.code).toBe(code);
  });

  it('newest first begins again where it was cut, and leaves out what was seen', async () => {
    const { sequences, asked, seen } = await follow(
      [cutAfter(event(9) + event(8)), frames(event(9) + event(8) + event(7) + signal('end'))],
      Infinity,
      true,
    );
    expect([sequences, asked]).toEqual([
      [9, 8, 7],
      [null, null],
    ]);
    expect(seen[0]?.url).toBe('/v1/sandboxes/my-fix/events?order=newest&follow=false');
  });
});
