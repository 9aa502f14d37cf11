/**
 * One chaos run: events are published and guilds flip while a killer executes its plan. Afterwards
 * every acknowledged event is compared with `ROUTED` and the DLQ.
 */
import { nanos, type NatsConnection } from 'nats';
import { DLQ_STREAM, STREAMS } from '../../../routing/subjects.js';
import { delay } from '../../../platform/deadline.js';
import { closeNats, openNats } from '../../../platform/nats.js';
import { streamFacts } from '../../../routing/routed-log.js';
import { Checker, type StoredEvent, type Verdict } from '../router/checker.js';
import { drained, numberOf, storedIn } from '../router/flood.js';
import { FLIPPING, MAPPED } from './events.js';
import { act, plan, type Fault } from './faults.js';
import { Publishers } from './publishers.js';
import { Random } from '../../support/random.js';
import { TcpProxy } from './tcp-proxy.js';
import { World, type Base } from './world.js';

export interface ChaosOptions {
  readonly seed: number;
  readonly faults: number;
  readonly perSecond: number;
  /** The run ends when these are published and the plan is done. */
  readonly events: number;
  /** Environment of the routers. */
  readonly env?: Record<string, string>;
  /** The time that the end of RAW may take to reach ROUTED. */
  readonly drainMs?: number;
  /** If given, the only kind of fault. */
  readonly only?: string;
  readonly onText?: (text: string) => void;
}

export interface ChaosReport extends Verdict {
  readonly published: number;
  readonly acknowledged: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly flips: number;
  /** Flips with unknown outcome: a server was away. */
  readonly failedFlips: number;
  /** Events stored in the wrong place between the return of a change and the start of the next. */
  readonly late: readonly number[];
  /** Events whose number in the DLQ differs from that of `dlq.>` in ROUTED. */
  readonly dlqDiffers: number;
  readonly seconds: number;
  /** How often a router ended by itself. */
  readonly crashes: number;
  /** True if the end of RAW has reached ROUTED. */
  readonly complete: boolean;
}

/** Between `from` and `to` (sequences of ROUTED) the guild has one place. */
interface Window {
  readonly from: number;
  readonly to: number;
  readonly registered: boolean;
}

const DEDUPE_WINDOW_MS = 100;
const DRAIN_MS = 60_000;

export async function runChaos(base: Base, options: ChaosOptions): Promise<ChaosReport> {
  const { seed, onText = () => undefined } = options;
  const faults = plan(new Random(seed), options.faults, base.ownStack, options.only);
  const proxies = [
    await TcpProxy.start(base.natsPort),
    await TcpProxy.start(base.natsPort),
  ] as const;
  const world = new World(base, proxies, options.env ?? {});
  const nc = await openNats(base.natsUrl, 'chaos');
  const began = performance.now();
  try {
    await withoutDedupe(nc);
    for (let g = 0; g < FLIPPING; g++) await base.setRoute(g, true);
    world.startRouter(0);
    world.startRouter(1);
    // The first fence proves that a writer is active, so the first fault hits a writer.
    while ((await streamFacts(nc, STREAMS.routed)).lastSequence === 0) await delay(20);
    const publishers = await Publishers.open(base.natsUrl, 3, options.events, base.sandboxOf);
    const publishing = publishers.run(options.perSecond);
    const flips = new Flips(nc, base);
    const flipping = flips.run(new Random(seed + 1));
    await inTurn(world, faults, () => publishers.published, onText);
    await publishing;
    flips.stop();
    await flipping;
    await publishers.quiet();
    const complete = await drained(nc, options.drainMs ?? DRAIN_MS).then(
      () => true,
      () => false,
    );
    const seconds = (performance.now() - began) / 1_000;
    const compared = await compare(nc, publishers, flips.windows);
    await publishers.close();
    return {
      ...compared,
      published: publishers.published,
      acknowledged: publishers.acks,
      faults: counted(faults),
      flips: flips.done,
      failedFlips: flips.failed,
      seconds,
      crashes: world.crashes,
      complete,
    };
  } finally {
    await closeNats(nc);
    await world.close();
  }
}

/** The router must keep its promise without the duplicate window's help. */
async function withoutDedupe(nc: NatsConnection): Promise<void> {
  const jsm = await nc.jetstreamManager();
  for (const stream of [STREAMS.raw, STREAMS.routed]) {
    await jsm.streams.update(stream, { duplicate_window: nanos(DEDUPE_WINDOW_MS) });
  }
}

async function inTurn(
  world: World,
  faults: readonly Fault[],
  published: () => number,
  onText: (text: string) => void,
): Promise<void> {
  const began = performance.now();
  for (const [i, fault] of faults.entries()) {
    await delay(fault.afterMs);
    const at = ((performance.now() - began) / 1_000).toFixed(1);
    onText(
      `${at.padStart(6)} s  ${i + 1}/${faults.length}  ${fault.name}, router ${fault.router}, ${fault.forMs} ms (${published()} published)`,
    );
    await act(world, fault);
  }
}

/** Registers and unregisters these guilds in an endless loop. */
class Flips {
  readonly windows = new Map<number, Window[]>();
  done = 0;
  failed = 0;
  #stopped = false;

  constructor(
    private readonly nc: NatsConnection,
    private readonly base: Base,
  ) {}

  stop(): void {
    this.#stopped = true;
  }

  async run(random: Random): Promise<void> {
    const registered = new Map<number, boolean>();
    while (!this.#stopped) {
      await delay(random.between(5, 60));
      const g = random.between(MAPPED, FLIPPING - 1);
      const wanted = !(registered.get(g) ?? true);
      try {
        const before = await this.#lastStored();
        this.#close(g, before);
        await this.base.setRoute(g, wanted);
        registered.set(g, wanted);
        const windows = this.windows.get(g) ?? [];
        windows.push({ from: await this.#lastStored(), to: Infinity, registered: wanted });
        this.windows.set(g, windows);
        this.done += 1;
      } catch {
        // Postgres, Redis or NATS is away. The guild's place is unknown, so its window stays
        // closed.
        this.failed += 1;
      }
    }
  }

  #close(g: number, to: number): void {
    const windows = this.windows.get(g) ?? [];
    const last = windows.at(-1);
    if (last?.to === Infinity) windows[windows.length - 1] = { ...last, to };
  }

  async #lastStored(): Promise<number> {
    return (await streamFacts(this.nc, STREAMS.routed)).lastSequence;
  }
}

async function compare(
  nc: NatsConnection,
  publishers: Publishers,
  windows: ReadonlyMap<number, readonly Window[]>,
): Promise<Verdict & Pick<ChaosReport, 'late' | 'dlqDiffers'>> {
  const checker = new Checker(publishers.events());
  const late: number[] = [];
  const dead = new Map<number, number>();
  for await (const stored of storedIn(nc, STREAMS.routed)) {
    const n = numberOf(stored);
    checker.add(withoutDlqLines(stored), n);
    if (n === null) continue;
    if (stored.subject.startsWith('dlq.')) dead.set(n, (dead.get(n) ?? 0) + 1);
    const event = publishers.event(n);
    if (!event.flips) continue;
    const window = windows
      .get(event.guildNumber)
      ?.find(({ from, to }) => stored.sequence > from && stored.sequence <= to);
    const there = stored.subject.startsWith('sandbox.');
    if (window !== undefined && window.registered !== there) late.push(n);
  }
  return { ...checker.verdict(), late, dlqDiffers: await dlqDiffers(nc, dead) };
}

/** The two lines that the router adds to a dead letter. */
function withoutDlqLines(stored: StoredEvent): StoredEvent {
  if (!stored.subject.startsWith('dlq.')) return stored;
  return {
    ...stored,
    headers: stored.headers.filter((line) => !/^Dlq-(Reason|Subject): /.test(line)),
  };
}

/** The DLQ sources ROUTED, and follows within seconds. */
async function dlqDiffers(nc: NatsConnection, dead: ReadonlyMap<number, number>): Promise<number> {
  const total = [...dead.values()].reduce((sum, times) => sum + times, 0);
  for (let waited = 0; waited < 300; waited++) {
    if ((await streamFacts(nc, DLQ_STREAM)).messages >= total) break;
    await delay(100);
  }
  const left = new Map(dead);
  for await (const stored of storedIn(nc, DLQ_STREAM)) {
    const n = numberOf(stored) ?? -1;
    left.set(n, (left.get(n) ?? 0) - 1);
  }
  return [...left.values()].filter((times) => times !== 0).length;
}

function counted(faults: readonly Fault[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { name } of faults) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
