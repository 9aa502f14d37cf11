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
import {
  isServiceName,
  SERVICE_NAMES,
  SERVICE_STATES,
  type ServiceName,
  type ServiceStatus,
} from './service.js';

export type Phase = 'starting' | 'running' | 'stopping';

export interface StackStatus {
  readonly phase: Phase;
  readonly services: readonly ServiceStatus[];
  /** What is wrong with the stack as a whole, such as a full disk; one line each. */
  readonly troubles: readonly string[];
}

/** What the supervisor does for a caller. */
export interface Commands {
  status(): Promise<StackStatus>;
  restart(name: ServiceName): Promise<void>;
  signal(name: ServiceName, signal: NodeJS.Signals): number;
  /** Begins the stop and returns; the end of the process is what a caller waits for. */
  down(): void;
}

export interface ControlServer {
  readonly port: number;
  close(): Promise<void>;
}

export async function startControl(token: string, commands: Commands): Promise<ControlServer> {
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
        answer(200, body);
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
    close: () =>
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

async function handle(request: IncomingMessage, commands: Commands): Promise<unknown> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  switch (`${request.method} ${pathname}`) {
    case 'GET /status':
      return commands.status();
    case 'POST /down':
      commands.down();
      return {};
    case 'POST /restart':
      await commands.restart(serviceName(searchParams.get('name')));
      return {};
    case 'POST /signal': {
      const signal = (searchParams.get('signal') ?? 'SIGTERM') as NodeJS.Signals;
      return { pid: commands.signal(serviceName(searchParams.get('name')), signal) };
    }
    default:
      throw new SandboxError(
        'SANDBOX_004',
        `the supervisor knows no ${request.method} ${pathname}`,
      );
  }
}

function serviceName(text: string | null): ServiceName {
  if (text !== null && isServiceName(text)) return text;
  throw new SandboxError('SANDBOX_008', `there is no service ${JSON.stringify(text)}`, {
    hint: `Name one of ${SERVICE_NAMES.join(', ')}.`,
  });
}

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
  troubles: z.array(z.string()).default([]),
});
const errorSchema = z.object({
  code: z.string().optional(),
  message: z.string(),
  hint: z.string().optional(),
});

/** Asks the supervisor. @throws its own SandboxError, or SANDBOX_009 where it does not answer */
async function call(
  holder: LockHolder,
  method: 'GET' | 'POST',
  path: string,
  withinMs: number,
): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(`http://127.0.0.1:${holder.controlPort}${path}`, {
      method,
      headers: { authorization: `Bearer ${holder.token}` },
      signal: AbortSignal.timeout(withinMs),
    });
    const body: unknown = await response.json();
    if (response.ok) return body;
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

const STATUS_MS = 6_000;
/** A stop may have to wait for a worker's grace, a start for a server's recovery. */
const RESTART_MS = 90_000;

export async function askStatus(holder: LockHolder): Promise<StackStatus> {
  return statusSchema.parse(await call(holder, 'GET', '/status', STATUS_MS));
}

export async function askDown(holder: LockHolder): Promise<void> {
  await call(holder, 'POST', '/down', STATUS_MS);
}

export async function askRestart(holder: LockHolder, name: string): Promise<void> {
  await call(holder, 'POST', `/restart?name=${encodeURIComponent(name)}`, RESTART_MS);
}

export async function askSignal(holder: LockHolder, name: string, signal: string): Promise<number> {
  const query = new URLSearchParams({ name, signal }).toString();
  const body = await call(holder, 'POST', `/signal?${query}`, STATUS_MS);
  return z.object({ pid: z.number() }).parse(body).pid;
}
