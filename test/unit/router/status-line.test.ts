import { describe, expect, it } from 'vitest';
import { readStatus } from '../../../router/wire/status-line.js';

describe('a status', () => {
  it.each([
    [null, 0, ''],
    ['', 0, ''],
    ['HTTP/1.1 200 OK\r\n\r\n', 0, ''],
    ['NATS/1.0 100\r\n\r\n', 100, ''],
    ['NATS/1.0 408 Request Timeout\r\nNats-Pending-Messages: 7\r\n\r\n', 408, 'Request Timeout'],
  ])('of %j is %i %j', (block, code, text) => {
    const status = readStatus(block === null ? null : Buffer.from(block));
    expect([status.code, status.text]).toEqual([code, text]);
    expect(status.value('Nats-Pending-Messages')).toBe(code === 408 ? '7' : '');
  });
});
