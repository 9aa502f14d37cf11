/** Publishes into RAW with the ingestor's own user, which may do nothing else, and waits until it is stored. */
import type { Config } from '../../platform/config.js';
import { ErrorCode, NatsError } from 'nats';
import { SandboxError } from '../../domain/errors.js';
import { closeNats, openNats } from '../../platform/nats.js';
import { ingestAddress } from '../../platform/stack-file.js';

export interface Publication {
  readonly subject: string;
  readonly payload: string;
  readonly count: number;
}

/** Acknowledgements waited for at once. */
const IN_FLIGHT = 256;
const ACK_MS = 5_000;

/** @returns what the stream, or its absence, has said to a publish */
function refused(error: unknown): unknown {
  if (!(error instanceof NatsError)) return error;
  const said = error.api_error?.description ?? error.message;
  const away = error.isJetStreamError() || error.code === ErrorCode.NoResponders;
  return new SandboxError(
    'SANDBOX_009',
    `NATS has not stored the event: ${away ? `RAW says ${said}` : said}`,
    {
      hint: 'Is RAW full, or missing? `bd migrate --check`, and the runbook, "Publishers are refused".',
      details: { dependency: 'nats' },
      cause: error,
    },
  );
}

/** The sequences of RAW, in order. @throws SANDBOX_009 where it cannot be reached */
export async function publish(
  config: Config,
  { subject, payload, count }: Publication,
): Promise<number[]> {
  const nc = await openNats(ingestAddress(config), 'bd emit');
  try {
    const js = nc.jetstream();
    const sequences: number[] = [];
    while (sequences.length < count) {
      const size = Math.min(IN_FLIGHT, count - sequences.length);
      const acks = await Promise.all(
        Array.from({ length: size }, () => js.publish(subject, payload, { timeout: ACK_MS })),
      );
      sequences.push(...acks.map(({ seq }) => seq));
    }
    return sequences;
  } catch (error) {
    throw refused(error);
  } finally {
    await closeNats(nc);
  }
}
