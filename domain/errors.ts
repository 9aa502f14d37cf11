/** The product's errors: one class, stable codes, and for each code its meaning, exit code and HTTP status. */

export interface ErrorKind {
  readonly title: string;
  readonly exitCode: number;
  readonly httpStatus: number;
  /** What a person can do about it, when the throw site has nothing more exact. */
  readonly remedy: string;
}

/** product.md, "Errors". The codes are part of the public contract: never renumber. */
export const ERRORS = {
  SANDBOX_001: {
    title: 'name exists',
    exitCode: 5,
    httpStatus: 409,
    remedy: 'Choose another name, or destroy the sandbox that has it.',
  },
  SANDBOX_002: {
    title: 'limit reached',
    exitCode: 6,
    httpStatus: 409,
    remedy: 'Destroy a sandbox you no longer need (`bd sandbox list`).',
  },
  SANDBOX_003: {
    title: 'guild mapped elsewhere',
    exitCode: 5,
    httpStatus: 409,
    remedy: 'Unregister the guild there first (`bd sandbox unregister-guild <guild>`).',
  },
  SANDBOX_004: {
    title: 'not found',
    exitCode: 4,
    httpStatus: 404,
    remedy: '`bd sandbox list --all` shows every sandbox there has been.',
  },
  SANDBOX_005: {
    title: 'schema creation failed',
    exitCode: 1,
    httpStatus: 500,
    remedy: 'Nothing was left behind. See the cause, then create again.',
  },
  SANDBOX_006: {
    title: 'cleanup failed and is being retried',
    exitCode: 1,
    httpStatus: 500,
    remedy: 'It continues by itself; `bd sandbox status` shows what it waits for.',
  },
  SANDBOX_007: {
    title: 'not possible in this state',
    exitCode: 5,
    httpStatus: 409,
    remedy: '`bd sandbox status` shows the state.',
  },
  SANDBOX_008: {
    title: 'invalid input',
    exitCode: 2,
    httpStatus: 400,
    remedy: 'Correct the value and try again.',
  },
  SANDBOX_009: {
    title: 'a dependency is unreachable',
    exitCode: 7,
    httpStatus: 503,
    remedy: '`bd dev status` shows the local stack; else check the address.',
  },
  SANDBOX_010: {
    title: 'not permitted',
    exitCode: 8,
    httpStatus: 403,
    remedy: 'Ask the owner of the sandbox, or an operator.',
  },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorJson {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

/**
 * Every failure a person or a program is meant to understand.
 * `message` says what happened, `hint` what to do; `details` are facts for programs.
 */
export class SandboxError extends Error {
  override readonly name = 'SandboxError';
  readonly hint: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: { hint?: string; details?: Record<string, unknown>; cause?: unknown } = {},
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

/** SANDBOX_008 for `what`, quoting the value so that white space and control characters show. */
export function invalid(what: string, value: unknown, rule: string): SandboxError {
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : String(value);
  return new SandboxError('SANDBOX_008', `${what} ${shown} is not valid: ${rule}`, {
    details: { what },
  });
}

/** SANDBOX_009 naming the dependency; `cause` is kept for logs. */
export function unreachable(dependency: string, cause: unknown, hint?: string): SandboxError {
  const reason = messageOf(cause);
  return new SandboxError('SANDBOX_009', `${dependency} is unreachable: ${reason}`, {
    details: { dependency },
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** The most telling one-line text of an unknown failure. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(messageOf).join('; ');
  }
  if (error instanceof Error) return error.message || error.name;
  return String(error);
}
