/**
 * How other processes speak to the supervisor: HTTP on a loopback port that the lock file names, with a token from that
 * file (mode 0600). A socket in the home would be limited to 108 bytes of path, and other users may not pass either.
 */
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { isErrorCode, messageOf, SandboxError, unreachable } from '../../domain/errors.js';
import type { LockHolder } from './lock.js';
import { isServiceName, SERVICE_NAMES, SERVICE_STATES, type ServiceName } from './service.js';

const statusSchema = z.object({
  phase: z.enum(['starting', 'running', 'stopping']),
  // A supervisor of another version may run more services, and tell less of each.
  services: z
    .array(
      z.object({
        name: z.string(),
        pid: z.number().nullable(),
        address: z.string().nullable(),
        metrics: z.string().nullable(),
        state: z.enum(SERVICE_STATES),
        detail: z.string().nullable().default(null),
      }),
    )
    .transform((all) =>
      all.flatMap(({ name, ...rest }) => (isServiceName(name) ? [{ name, ...rest }] : [])),
    ),
  /** What is wrong with the stack as a whole, such as a full disk; one line each. */
  troubles: z.array(z.string()).default([]),
});
export type StackStatus = z.output<typeof statusSchema>;
export type Phase = StackStatus['phase'];

/** What the supervisor does for a caller. */
export interface Commands {
  status(): Promise<StackStatus>;
  restart(name: ServiceName): Promise<void>;
  signal(name: ServiceName, signal: NodeJS.Signals): number;
  /** Begins the stop and returns; the end of the process is what a caller waits for. */
  down(): void;
}

interface Command {
  readonly answer: z.ZodType;
  /** How long a caller waits for the answer. */
  readonly withinMs: number;
  readonly run: (commands: Commands, query: URLSearchParams) => unknown;
}

const QUICK_MS = 6_000;
/** A stop may have to wait for a worker's grace, a start for a server's recovery. */
const RESTART_MS = 90_000;

/** The name of a command is its path; its arguments are the query. */
const COMMANDS = {
  status: { answer: statusSchema, withinMs: QUICK_MS, run: (stack) => stack.status() },
  down: {
    answer: z.unknown(),
    withinMs: QUICK_MS,
    run: (stack) => {
      stack.down();
    },
  },
  restart: {
    answer: z.unknown(),
    withinMs: RESTART_MS,
    run: (stack, query) => stack.restart(serviceName(query)),
  },
  signal: {
    answer: z.object({ pid: z.number() }),
    withinMs: QUICK_MS,
    run: (stack, query) => {
      const signal = (query.get('signal') ?? 'SIGTERM') as NodeJS.Signals;
      return { pid: stack.signal(serviceName(query), signal) };
    },
  },
} satisfies Record<string, Command>;
type CommandName = keyof typeof COMMANDS;
type Answer<Name extends CommandName> = z.output<(typeof COMMANDS)[Name]['answer']>;

function serviceName(query: URLSearchParams): ServiceName {
  const name = query.get('name');
  if (name !== null && isServiceName(name)) return name;
  throw new SandboxError('SANDBOX_008', `there is no service ${JSON.stringify(name)}`, {
    hint: `Name one of ${SERVICE_NAMES.join(', ')}.`,
  });
}

/** Serves the commands on a free port, to callers with the token. */
export async function startControl(token: string, commands: Commands) {
  const server = createServer((request, response) => {
    const answer = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (!isAuthorized(request, token)) {
      answer(401, { message: 'unknown token' });
      return;
    }
    handle(request, commands).then(
      (body) => {
        answer(200, body ?? {});
      },
      (error: unknown) => {
        answer(500, error instanceof SandboxError ? error.toJSON() : { message: messageOf(error) });
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: (): Promise<void> =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function isAuthorized(request: IncomingMessage, token: string): boolean {
  const given = Buffer.from(request.headers.authorization ?? '');
  const expected = Buffer.from(`Bearer ${token}`);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

async function handle({ method, url }: IncomingMessage, commands: Commands): Promise<unknown> {
  const { pathname, searchParams } = new URL(url ?? '/', 'http://localhost');
  const name = pathname.slice(1);
  if (isCommand(name)) return COMMANDS[name].run(commands, searchParams);
  throw new SandboxError('SANDBOX_004', `the supervisor knows no ${method} ${pathname}`);
}

const isCommand = (name: string): name is CommandName => Object.hasOwn(COMMANDS, name);

const errorSchema = z.object({
  code: z.string().optional(),
  message: z.string(),
  hint: z.string().optional(),
});

/** Asks the supervisor. @throws its own SandboxError, or SANDBOX_009 where it does not answer */
export async function ask<Name extends CommandName>(
  holder: LockHolder,
  name: Name,
  query: Readonly<Record<string, string>> = {},
): Promise<Answer<Name>> {
  const { withinMs, answer } = COMMANDS[name];
  try {
    const path = `${name}?${new URLSearchParams(query).toString()}`;
    const response = await fetch(`http://127.0.0.1:${holder.controlPort}/${path}`, {
      // A supervisor of an earlier version tells these apart.
      method: name === 'status' ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${holder.token}` },
      signal: AbortSignal.timeout(withinMs),
    });
    const body: unknown = await response.json();
    if (response.ok) return answer.parse(body) as Answer<Name>;
    const { code, message, hint } = errorSchema.parse(body);
    throw new SandboxError(
      isErrorCode(code) ? code : 'SANDBOX_009',
      message,
      hint === undefined ? {} : { hint },
    );
  } catch (error) {
    if (error instanceof SandboxError) throw error;
    throw unreachable(
      'stack',
      error,
      `Process ${holder.pid} owns it; see its log, supervisor.log.`,
    );
  }
}
