import { describe, expect, it } from 'vitest';
import type { SandboxId } from '../../../domain/names.js';
import { routeDelivery } from '../../../router/outgoing.js';

describe('an event that is too large for the server', () => {
  const limits = { maxPayload: 2_000, maxControlLine: 4_096 };
  const routed = (size: number, headerSize: number) =>
    routeDelivery(
      {
        ...{ subject: 'events.raw.X', payload: Buffer.alloc(size, ' '), rawSequence: 77 },
        header: Buffer.from(`NATS/1.0\r\nA: ${'h'.repeat(headerSize)}\r\n\r\n`),
      },
      () => ({ subject: 'events.X', sandboxId: 'sb0000000001' as SandboxId, dlq: null }),
      limits,
    ).outgoing;

  it('because of its headers goes to the DLQ with its whole payload and without them', () => {
    const { subject, payload, headers } = routed(1_000, 1_200);
    expect([subject, payload.length]).toEqual(['dlq.oversize', 1_000]);
    expect(Buffer.from(headers).toString()).not.toContain('hhh');
  });

  it('because of its payload leaves a note in the DLQ with its sequence in RAW', () => {
    const { subject, payload, headers } = routed(2_500, 0);
    expect([subject, payload.length]).toEqual(['dlq.oversize', 0]);
    expect(Buffer.from(headers).toString()).toContain('RAW has it at 77');
  });
});
