import { describe, expect, it } from 'vitest';
import { Chain } from '../../../router/chain.js';
import type { Doubt } from '../../../router/doubt.js';
import type { Link, LinkMessage } from '../../../router/wire/link.js';

describe('the chain', () => {
  function chained(behind = { sequence: 10, rawSequence: 20 }) {
    let answer: (message: LinkMessage) => void = () => undefined;
    const sent: { expected: number; reply: string | undefined }[] = [];
    const link: Link = {
      ...{ maxPayload: 1_048_576, newInbox: () => '_INBOX.x', publish: () => undefined },
      subscribe: (_subject, onMessage) => {
        answer = onMessage;
        return () => undefined;
      },
      publishChained: (_message, expected, reply) => void sent.push({ expected, reply }),
      ...{ onLost: () => undefined, close: () => undefined },
    };
    const doubts: Doubt[] = [];
    const chain = new Chain(link, behind, {
      onConfirmed: () => undefined,
      onDoubt: (d) => doubts.push(d),
    });
    const send = (n: number): void => {
      const event = {
        subject: 'events.A',
        headers: new Uint8Array(0),
        payload: new Uint8Array(1),
        label: 'x',
        dead: null,
      };
      chain.send({ ...event, rawSequence: n });
    };
    const say = (text: string, header: string | null = null): void => {
      const subject = sent.findLast(({ reply }) => reply !== undefined)?.reply ?? '';
      const payload = Buffer.from(text);
      answer({
        subject,
        delivery: null,
        header: header === null ? null : Buffer.from(header),
        payload,
      });
    };
    return { chain, sent, doubts, send, say };
  }

  it.each([
    ['of another sequence', '{"seq":99}', null, 'refused', /^stored at 99, expected 11$/],
    [
      'that refuses',
      '{"error":{"description":"wrong last sequence"}}',
      null,
      'refused',
      /^wrong last sequence, expected 11$/,
    ],
    [
      'that refuses without a word',
      '{"error":{}}',
      null,
      'refused',
      /^stored at undefined, expected 11$/,
    ],
    ['of no form', '', 'NATS/1.0 500 Oh\r\n\r\n', 'refused', /^an answer of no form: 500 Oh$/],
    ['of nobody', '', 'NATS/1.0 503\r\n\r\n', 'no_responders', /^no stream answers$/],
  ])(
    'stops at an answer %s, once, and sends nothing after it',
    async (_what, text, header, reason, detail) => {
      const { chain, sent, doubts, send, say } = chained();
      send(21);
      const flushed = chain.flush();
      say(text, header);
      await expect(flushed).rejects.toMatchObject({ reason });
      say('{"seq":11}');
      expect(doubts).toMatchObject([{ reason, message: expect.stringMatching(detail) as string }]);
      const { length } = sent;
      send(22);
      expect([chain.sendPosition(), sent.length, chain.confirmed.sequence]).toEqual([
        false,
        length,
        10,
      ]);
      await expect(chain.flush()).rejects.toMatchObject({ reason });
    },
  );

  it('sends no position while as many messages are in flight as a fence is long', async () => {
    const { chain, sent, send, say } = chained();
    for (let n = 1; n <= 1_000; n++) send(20 + n);
    expect(chain.sendPosition()).toBe(false);
    expect(sent).toHaveLength(1_000);
    say('{"seq":1010}');
    await chain.flush();
    expect(chain.sendPosition()).toBe(true);
    chain.end();
  });
});
