import { headers as newHeaders, type Msg } from 'nats';
import { describe, expect, it } from 'vitest';
import { headerBytes } from '../../../routing/raw-headers.js';

describe('the headers of a message', () => {
  const own = newHeaders();
  own.append('A', '1');
  it.each([
    [
      'as this client keeps them',
      { _rdata: Buffer.from('NATS/1.0\r\n\r\npayload'), _msg: { hdr: 12 } },
      'NATS/1.0\r\n\r\n',
    ],
    [
      'none, as this client keeps them',
      { _rdata: Buffer.from('payload'), _msg: { hdr: -1 } },
      null,
    ],
    ['as another version’s own encoding', { headers: own }, 'NATS/1.0\r\nA: 1\r\n\r\n'],
    ['none in another version', {}, null],
  ])('are read: %s', (_what, message, text) => {
    const found = headerBytes(message as unknown as Msg);
    expect(found === null ? null : Buffer.from(found).toString()).toBe(text);
  });
});
