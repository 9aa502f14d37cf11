/** The product's errors: one class, one table of stable codes, one spelling of each dependency. */

export interface ErrorKind {
  readonly title: string;
  readonly exitCode: number;
  readonly httpStatus: number;
  /** True: a repeat fails until the caller changes something. False: a repeat may succeed. */
  readonly final: boolean;
  /** The remedy, if the throw site has no better one. */
  readonly remedy: string;
}

/** The codes are part of the public contract (docs/errors.md): never renumber. */
export const ERRORS = {
  SANDBOX_001: {
    title: 'name exists',
    exitCode: 5,
    httpStatus: 409,
    final: true,
    remedy: 'Choose another name, or destroy the sandbox that has it.',
  },
  SANDBOX_002: {
    title: 'limit reached',
    exitCode: 6,
    httpStatus: 409,
    final: true,
    remedy: 'Destroy a sandbox you no longer need (`bd sandbox list`).',
  },
  SANDBOX_003: {
    title: 'guild mapped elsewhere',
    exitCode: 5,
    httpStatus: 409,
    final: true,
    remedy: 'Unregister the guild there first (`bd sandbox unregister-guild <guild>`).',
  },
  SANDBOX_004: {
    title: 'not found',
    exitCode: 4,
    httpStatus: 404,
    final: true,
    remedy: '`bd sandbox list --all` shows every sandbox there has been.',
  },
  SANDBOX_005: {
    title: 'schema creation failed',
    exitCode: 1,
    httpStatus: 500,
    final: false,
    remedy: 'Nothing was left behind. See the cause, then create again.',
  },
  SANDBOX_006: {
    title: 'cleanup failed and is being retried',
    exitCode: 1,
    httpStatus: 500,
    final: false,
    remedy: 'It continues by itself; `bd sandbox status` shows what it waits for.',
  },
  SANDBOX_007: {
    title: 'not possible in this state',
    exitCode: 5,
    httpStatus: 409,
    final: true,
    remedy: '`bd sandbox status` shows the state.',
  },
  SANDBOX_008: {
    title: 'invalid input',
    exitCode: 2,
    httpStatus: 400,
    final: true,
    remedy: 'Correct the value and try again.',
  },
  SANDBOX_009: {
    title: 'a dependency is unreachable',
    exitCode: 7,
    httpStatus: 503,
    final: false,
    remedy: '`bd dev status` shows the local stack; else check the address.',
  },
  SANDBOX_010: {
    title: 'not permitted',
    exitCode: 8,
    httpStatus: 403,
    final: true,
    remedy: 'Ask the owner of the sandbox, or an operator.',
  },
  SANDBOX_011: {
    title: 'unexpected, a fault of ours',
    exitCode: 1,
    httpStatus: 500,
    final: false,
    remedy: 'Please report it, with what LOG_LEVEL=debug shows and the log of the worker.',
  },
  SANDBOX_012: {
    title: 'not signed in',
    exitCode: 8,
    httpStatus: 401,
    final: true,
    remedy: 'Set SANDBOX_TOKEN to a valid token (`bd token create`, or ask an operator).',
  },
  SANDBOX_013: {
    title: 'too many requests',
    exitCode: 7,
    httpStatus: 429,
    final: false,
    remedy: 'Wait for the time that Retry-After names, then repeat the request.',
  },
  SANDBOX_014: {
    title: 'idempotency key reused',
    exitCode: 2,
    httpStatus: 422,
    final: true,
    remedy: 'Use a new Idempotency-Key for another request.',
  },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

/** Dependencies and their names in messages. `details.dependency` is the key. */
export const DEPENDENCIES = {
  postgres: 'Postgres',
  redis: 'Redis',
  nats: 'NATS',
  temporal: 'Temporal',
  'temporal-ui': 'the Temporal Web UI',
  worker: 'the worker',
  router: 'the router',
  api: 'the API',
  discord: 'simulated Discord',
  stack: 'the local stack',
} as const;

export type Dependency = keyof typeof DEPENDENCIES;

export const isDependency = (value: unknown): value is Dependency =>
  typeof value === 'string' && Object.hasOwn(DEPENDENCIES, value);

/** Facts for programs. */
export type ErrorDetails = Readonly<Record<string, unknown>> & { readonly dependency?: Dependency };

export interface ErrorJson {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

/**
 * A failure for a person or a program. `message` says what happened, `hint` what to do; `details`
 * are facts for programs.
 */
export class SandboxError extends Error {
  override readonly name = 'SandboxError';
  readonly hint: string;
  readonly details: ErrorDetails;

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: { hint?: string; details?: ErrorDetails; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options.hint ?? ERRORS[code].remedy;
    this.details = options.details ?? {};
  }

  get exitCode(): number {
    return ERRORS[this.code].exitCode;
  }

  get httpStatus(): number {
    return ERRORS[this.code].httpStatus;
  }

  toJSON(): ErrorJson {
    return { code: this.code, message: this.message, hint: this.hint };
  }
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERRORS, value);
}

/** SANDBOX_008 for `what`. Quotes the value, so that spaces and control characters show. */
export function invalid(what: string, value: unknown, rule: string): SandboxError {
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : String(value);
  return new SandboxError('SANDBOX_008', `${what} ${shown} is not valid: ${rule}`, {
    details: { what },
  });
}

/** SANDBOX_009 with one dependency, or with several of which one is away. Logs keep `cause`. */
export function unreachable(
  dependency: Dependency | readonly [Dependency, ...Dependency[]],
  cause: unknown,
  hint?: string,
): SandboxError {
  const all: readonly Dependency[] = typeof dependency === 'string' ? [dependency] : dependency;
  const [first] = all;
  return new SandboxError('SANDBOX_009', `${namesOf(all)} is unreachable: ${messageOf(cause)}`, {
    details: first === undefined ? {} : { dependency: first },
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Such as `Postgres or NATS`. */
export const namesOf = (dependencies: readonly Dependency[]): string =>
  dependencies.map((name) => DEPENDENCIES[name]).join(' or ');

/**
 * SANDBOX_011 for an unforeseen error. The cause stays in the log; its text may travel. A known
 * error stays.
 */
export function unexpected(error: unknown): SandboxError {
  if (error instanceof SandboxError) return error;
  return new SandboxError('SANDBOX_011', `unexpected: ${messageOf(error)}`, { cause: error });
}

/** The best one-line text for an unknown failure. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(messageOf).join('; ');
  }
  if (error instanceof Error) return error.message || error.name;
  return String(error);
}
