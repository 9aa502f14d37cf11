/** The NATS variables of a sandbox's environment. */
import type { VariableEntry } from '../../domain/sandbox-variables.js';

export const NATS_VARIABLES: Readonly<Record<string, VariableEntry>> = {
  SANDBOX_NATS_PREFIX: {
    meaning: 'What its subjects begin with. The bot publishes and subscribes below `<prefix>app.`',
    example: 'sandbox.sb0123456789.',
    secret: false,
  },
  NATS_STREAM: {
    meaning: 'The JetStream stream that holds its events',
    example: 'ROUTED',
    secret: false,
  },
  NATS_CONSUMER: {
    meaning:
      'Its durable pull consumer on that stream: its events, in order. Acknowledge each within 30 s, else it comes again',
    example: 'sb_sb0123456789',
    secret: false,
  },
  NATS_INBOX_PREFIX: {
    meaning:
      'The only prefix below which replies reach it. Without it every request times out: nothing else says that it is missing',
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
      'NATS, with its own user and password. Absent where NATS is not in operator mode ([isolation](isolation.md))',
    example: 'nats://sandbox_sb0123456789:…@127.0.0.1:4222',
    secret: true,
  },
};
