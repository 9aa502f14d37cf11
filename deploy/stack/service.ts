/** The words that the parts of the local stack share: what a service is, how it is launched, what is told about it. */

/** Servers first, in the order a table shows them. */
export const SERVER_NAMES = ['temporal', 'postgres', 'nats', 'redis'] as const;
export const PROCESS_NAMES = ['worker', 'router', 'api', 'discord'] as const;
export const SERVICE_NAMES = [...SERVER_NAMES, ...PROCESS_NAMES] as const;

export type ServerName = (typeof SERVER_NAMES)[number];
export type ProcessName = (typeof PROCESS_NAMES)[number];
export type ServiceName = (typeof SERVICE_NAMES)[number];

/**
 * `failed`: it died or does not answer; the supervisor goes on trying. `external`: not the stack's (an address in the
 * environment stands in for a server), and it answers; `unreachable`: the same, and it does not. `absent`: the stack was
 * started without it.
 */
export const SERVICE_STATES = [
  ...(['running', 'starting', 'stopped', 'failed'] as const),
  ...(['external', 'unreachable', 'absent'] as const),
] as const;
export type ServiceState = (typeof SERVICE_STATES)[number];

export interface ServiceStatus {
  readonly name: ServiceName;
  readonly pid: number | null;
  readonly address: string | null;
  /** URL of its Prometheus page. */
  readonly metrics: string | null;
  readonly state: ServiceState;
  /** Why it does not serve; null where it does. */
  readonly detail: string | null;
}

export const idle = (
  name: ServiceName,
  state: ServiceState,
  detail: string | null = null,
): ServiceStatus => ({ name, pid: null, address: null, metrics: null, state, detail });

export interface Progress {
  /** A service's name, or `stack` for what concerns all. */
  readonly service: string;
  readonly text: string;
}
export type OnProgress = (event: Progress) => void;

export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

/** A command line, ready to be spawned. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Whom to run as, when not as ourselves. */
  readonly user?: SystemUser | null;
  /** Descriptors that become 3, 4, … in the child. The launcher closes our copies after the spawn. */
  readonly passFds?: readonly number[];
  /** Node processes report their readiness over this channel, and end when it closes. */
  readonly ipc?: boolean;
}

/** What a Node process of ours sends once it serves. */
export interface ReadyMessage {
  readonly ready: true;
  readonly metrics?: string | null;
  readonly address?: string | null;
}

/** One thing that the supervisor keeps alive. */
export interface Service {
  readonly name: ServiceName;
  readonly stopSignal: NodeJS.Signals;
  /** What the kernel sends it if the supervisor dies without a word (Linux). */
  readonly deathSignal: NodeJS.Signals;
  /** After this long without an end, SIGKILL. */
  readonly stopWithinMs: number;
  readonly startWithinMs: number;
  address(): string | null;
  metrics(): string | null;
  /** Makes data directory and configuration what they must be; called before every start. */
  launch(): Promise<Launch>;
  /** One real question to the service; rejects where it does not answer as it should. */
  probe(): Promise<void>;
  /** Why only a restart brings it back, though its process answers; null where none is needed. May reject: then none is. */
  needsRestart?(): Promise<string | null>;
  /** Present where readiness is announced by the process itself, instead of found out by `probe`. */
  onReady?(message: ReadyMessage): void;
  /** Given after its first successful start, and every later one. */
  afterStart?(): Promise<void>;
}

/** What the four servers have in common. */
export const SERVER_DEFAULTS = {
  stopSignal: 'SIGTERM',
  deathSignal: 'SIGTERM',
  stopWithinMs: 10_000,
  startWithinMs: 60_000,
  metrics: () => null,
} as const;

export const isServiceName = (name: string): name is ServiceName =>
  (SERVICE_NAMES as readonly string[]).includes(name);

export const isServerName = (name: ServiceName): name is ServerName =>
  (SERVER_NAMES as readonly string[]).includes(name);

export const isProcessName = (name: ServiceName): name is ProcessName =>
  (PROCESS_NAMES as readonly string[]).includes(name);
