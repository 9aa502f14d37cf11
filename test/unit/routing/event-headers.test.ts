import { describe, expect, it } from 'vitest';
import { carriedHeaders, carriedToDlq, chained } from '../../../routing/event-headers.js';

describe('headers of an event', () => {
  const block = (text: string): Buffer => Buffer.from(`NATS/1.0\r\n${text}\r\n\r\n`, 'latin1');
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

  it('stay as they are, byte for byte', () => {
    const own =
      'A:1\r\na: 2 \r\nA: \xff\xfe\r\nX-Nats-Y: z\r\nRaw-Sequence: 1\r\nB: Nats-Msg-Id: 1';
    expect(text(carriedHeaders(block(own)))).toBe(`NATS/1.0\r\n${own}\r\n`);
  });
  it('are renamed if the server would obey them', () => {
    const own = 'Nats-Msg-Id: 1\r\nRaw-Seq: 7\r\nDlq-Reason: mine';
    expect(text(carriedHeaders(block(own)))).toBe(
      'NATS/1.0\r\nSandbox-Origin-Nats-Msg-Id: 1\r\nSandbox-Origin-Raw-Seq: 7\r\nDlq-Reason: mine\r\n',
    );
    expect(text(carriedToDlq(block(own), { detail: 'a\r\nNats-X: 1', subject: 's' }))).toContain(
      'Sandbox-Origin-Dlq-Reason: mine\r\nDlq-Reason: a Nats-X: 1\r\nDlq-Subject: s\r\n',
    );
  });
  it.each([
    ['NATS/1.0\r\nA: 1\r\n\r\n', 'NATS/1.0\r\nA: 1\r\n'],
    ['NATS/1.0\r\nA: 1\r\n', 'NATS/1.0\r\nA: 1\r\n'],
    ['NATS/1.0\r\nA: 1', 'NATS/1.0\r\nA: 1\r\n'],
    ['NATS/1.0', 'NATS/1.0\r\n'],
    ['', 'NATS/1.0\r\n'],
  ])('of %j are open for the chain’s own lines, and lose none of their own', (given, open) => {
    expect(text(carriedHeaders(Buffer.from(given, 'latin1')))).toBe(open);
  });
  it('end with the chain', () => {
    expect(text(chained(carriedHeaders(null), 7, 9))).toBe(
      'NATS/1.0\r\nNats-Expected-Last-Sequence: 7\r\nRaw-Seq: 9\r\n\r\n',
    );
  });
});
