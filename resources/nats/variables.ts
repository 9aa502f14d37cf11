/** The NATS variables of a sandbox's environment. */
import type { VariableEntry } from '../../domain/sandbox-variables.js';

export const NATS_VARIABLES: Readonly<Record<string, VariableEntry>> = {
  SANDBOX_NATS_PREFIX: {
    meaning:
      'The prefix of the sandbox’s subjects. The bot publishes and subscribes below `<prefix>app.`',
    example: 'sandbox.sb0123456789.',
    secret: false,
  },
  NATS_STREAM: {
    meaning: 'The JetStream stream that holds the sandbox’s events',
    example: 'ROUTED',
    secret: false,
  },
  NATS_CONSUMER: {
    meaning:
      'The durable pull consumer of the sandbox’s events, in order. NATS redelivers an event that is not acknowledged within 30 s',
    example: 'sb_sb0123456789',
    secret: false,
  },
  NATS_INBOX_PREFIX: {
    meaning:
      'The inbox prefix for replies. A client without this prefix gets no error: every request times out',
    example: '_INBOX_sb0123456789',
    secret: false,
  },
  NATS_API_PREFIX: {
    meaning: 'The prefix of the JetStream API, in place of `$JS.API`',
    example: 'SB.API',
    secret: false,
  },
  NATS_URL: {
    meaning:
      'NATS, with its own user and password. Absent if NATS is not in operator mode ([isolation](isolation.md))',
    example: 'nats://sandbox_sb0123456789:…@127.0.0.1:4222',
    secret: true,
  },
};
