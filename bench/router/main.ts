/**
 * `npm run bench -- router`: a bare copy, the router's two forms, the common first version and the
 * server alone. Runs are interleaved, so other load changes no ratio. Then latency and larger route
 * tables. `BENCH_EVENTS` (400,000; the first fourth is not counted) and `BENCH_RUNS` (5) change its
 * length.
 */
import { cpus } from 'node:os';
import { orRow } from '../failure.js';
import { startBench, type BenchServers } from './bench-servers.js';
import { addedLatency } from './latency.js';
import {
  awaitedCopy,
  bareCopy,
  iteratedCopy,
  lookingCopy,
  mapped,
  ours,
  prepare,
  serverAlone,
  type Sample,
  type Shape,
} from './shapes.js';

const events = Number(process.env.BENCH_EVENTS ?? 400_000);
const runs = Number(process.env.BENCH_RUNS ?? 5);

const INGEST = serverAlone('ingest');
const CONSUME = serverAlone('consume');
const FAST = ours('fast');
const SHAPES: readonly Shape[] = [
  bareCopy(1_000),
  bareCopy(5_000),
  lookingCopy(1_000),
  lookingCopy(5_000),
  iteratedCopy(1_000),
  awaitedCopy,
  ours('plain'),
  FAST,
  INGEST,
  CONSUME,
];
const RATES = [1_000, 5_000, 20_000];
const ROUTES = [10, 10_000, 1_000_000];

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

interface Row {
  readonly shape: Shape;
  readonly perSecond: number;
  readonly node: number;
  readonly server: number;
  readonly rss: number;
}

export async function benchRouter(): Promise<void> {
  const servers = await startBench();
  try {
    const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`;
    console.log(
      `\n${events} events of 755 bytes, the first fourth not counted; median of ${runs} interleaved runs; ${machine}\n`,
    );
    await latencies(servers);
    await prepare(servers, events);
    const rows = await interleaved(servers, SHAPES);
    printRows(rows);
    await tables(servers, rows);
  } finally {
    await servers.close();
  }
}

async function interleaved(servers: BenchServers, shapes: readonly Shape[]): Promise<Row[]> {
  const samples = new Map<Shape, Sample[]>(shapes.map((shape) => [shape, []]));
  for (let run = 0; run < runs; run++) {
    for (const shape of shapes) {
      const sample = await orRow(shape.name, () => shape.run(servers, events));
      if (sample === undefined) continue;
      samples.get(shape)?.push(sample);
      process.stderr.write(`run ${run + 1} ${shape.name}: ${Math.round(sample.perSecond)}/s\n`);
    }
  }
  const measured = [...samples].filter(([, list]) => list.length > 0);
  return measured.map(([shape, list]) => ({
    shape,
    perSecond: median(list.map((s) => s.perSecond)),
    node: median(list.map((s) => s.nodeMicros)),
    server: median(list.map((s) => s.serverMicros)),
    rss: median(list.map((s) => s.rssMiB)),
  }));
}

function best(rows: readonly Row[], group: Shape['baseline']): number {
  return Math.max(...rows.filter(({ shape }) => shape.baseline === group).map((r) => r.perSecond));
}

function printRows(rows: readonly Row[]): void {
  const [bare, looking] = [best(rows, 'bare'), best(rows, 'looking')];
  console.log(
    '| shape | events/s | of bare | of bare with lookup | Node µs/event | server µs/event | RSS MiB |',
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- |');
  for (const { shape, perSecond, node, server, rss } of rows) {
    const cells = [
      shape.name,
      Math.round(perSecond),
      (perSecond / bare).toFixed(2),
      (perSecond / looking).toFixed(2),
      node.toFixed(1),
      server.toFixed(1),
      Math.round(rss),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
  const rate = (wanted: Shape): number =>
    rows.find(({ shape }) => shape === wanted)?.perSecond ?? 0;
  const ceiling = 1 / (1 / rate(INGEST) + 1 / rate(CONSUME));
  const fast = rate(FAST);
  console.log(
    `\nServer's own ceiling (ingest and consume one after the other): ${Math.round(ceiling)}/s; the fast form is ${(fast / ceiling).toFixed(2)} of it, and ${(fast / rate(awaitedCopy)).toFixed(0)} × the awaited shape.`,
  );
}

async function latencies(servers: BenchServers): Promise<void> {
  console.log(
    '\n| added latency at | form | p50 ms | p99 ms | RSS MiB |\n| --- | --- | --- | --- | --- |',
  );
  for (const perSecond of RATES) {
    for (const form of ['plain', 'fast'] as const) {
      const added = await orRow(`${perSecond}/s ${form}`, () =>
        addedLatency(servers, form, perSecond),
      );
      if (added === undefined) continue;
      const { p50, p99, rssMiB } = added;
      console.log(
        `| ${perSecond}/s | ${form} | ${p50.toFixed(2)} | ${p99.toFixed(2)} | ${Math.round(rssMiB)} |`,
      );
    }
  }
}

async function tables(servers: BenchServers, rows: readonly Row[]): Promise<void> {
  const bare = best(rows, 'bare');
  console.log(
    '\n| mappings | events/s | of bare | Node µs/event | RSS MiB |\n| --- | --- | --- | --- | --- |',
  );
  for (const routes of ROUTES) {
    await mapped(servers, routes);
    const [row] = await interleaved(servers, [ours('fast', `${routes} mappings`)]);
    if (row === undefined) continue;
    const ratio = (row.perSecond / bare).toFixed(2);
    console.log(
      `| ${routes} | ${Math.round(row.perSecond)} | ${ratio} | ${row.node.toFixed(1)} | ${Math.round(row.rss)} |`,
    );
  }
}
