/**
 * The variables of a sandbox's environment (`bd sandbox connect`, `exec`), in the order in which they are printed. The
 * environment is made by this table (control/environment.ts), read by it (context/variables.ts) and documented by it
 * (docs/connect.md, `npm run generate`).
 */
export interface VariableEntry {
  /** One line for docs/connect.md. */
  readonly meaning: string;
  /** For a sandbox with the id sb0123456789. */
  readonly example: string;
  /** Holds a password. Absent where the caller lacks the master secret. */
  readonly secret: boolean;
}

export const SANDBOX_VARIABLES = {
  SANDBOX_ID: {
    meaning: 'The sandbox’s id. A process without it runs in no sandbox',
    example: 'sb0123456789',
    secret: false,
  },
  SANDBOX_SCHEMA: {
    meaning: 'The sandbox’s Postgres schema. It is already the role’s `search_path`',
    example: 'sandbox_sb0123456789',
    secret: false,
  },
  SANDBOX_REDIS_PREFIX: {
    meaning: 'The prefix of each key and channel in Redis; Redis refuses all others',
    example: 'sandbox:sb0123456789:',
    secret: false,
  },
  SANDBOX_NATS_PREFIX: {
    meaning: 'The prefix of the sandbox’s subjects. The bot publishes and subscribes below `<prefix>app.`',
    example: 'sandbox.sb0123456789.',
    secret: false,
  },
  SANDBOX_GUILD_IDS: {
    meaning:
      'The Discord servers of the sandbox when this was printed, separated by commas; empty for none',
    example: '1234567890123456789',
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
  DATABASE_URL: {
    meaning: 'Postgres, with the sandbox’s own role and password',
    example: 'postgres://sandbox_sb0123456789:…@127.0.0.1:5432/sandboxes',
    secret: true,
  },
  REDIS_URL: {
    meaning: 'Redis, with its own user and password. Absent with `SANDBOX_REDIS_ACL=off`',
    example: 'redis://sandbox_sb0123456789:…@127.0.0.1:6379',
    secret: true,
  },
  NATS_URL: {
    meaning:
      'NATS, with its own user and password. Absent if NATS is not in operator mode ([isolation](isolation.md))',
    example: 'nats://sandbox_sb0123456789:…@127.0.0.1:4222',
    secret: true,
  },
} as const satisfies Readonly<Record<string, VariableEntry>>;

export type SandboxVariable = keyof typeof SANDBOX_VARIABLES;
/** Variables that hold a password. */
export type CredentialVariable = {
  [Name in SandboxVariable]: (typeof SANDBOX_VARIABLES)[Name]['secret'] extends true ? Name : never;
}[SandboxVariable];
/** Variables that name things and open nothing. */
export type IdentifierVariable = Exclude<SandboxVariable, CredentialVariable>;
