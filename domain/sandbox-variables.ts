/**
 * A variable of a sandbox's environment (`bd sandbox connect`, `exec`), as in docs/connect.md, and
 * the sandbox's own two.
 */
export interface VariableEntry {
  /** One line for docs/connect.md. */
  readonly meaning: string;
  /** For a sandbox with the id sb0123456789. */
  readonly example: string;
  /** Contains a password. Absent if the caller lacks the master secret. */
  readonly secret: boolean;
}

/** Each resource adds its own (resources/index.ts). */
export const OWN_VARIABLES: Readonly<Record<string, VariableEntry>> = {
  SANDBOX_ID: {
    meaning: 'The sandbox’s id. A process without it runs in no sandbox',
    example: 'sb0123456789',
    secret: false,
  },
  SANDBOX_GUILD_IDS: {
    meaning:
      'The Discord servers of the sandbox when this was printed, separated by commas; empty for none',
    example: '1234567890123456789',
    secret: false,
  },
};

/** One flat object of variables; every value is a string. */
export type SandboxEnvironment = Readonly<Record<string, string>>;
