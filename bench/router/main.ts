/**
 * `npm run bench` (router part): a bare copy and ours, interleaved in one run, so that the ratio holds whatever else the
 * machine does. Usage: node dist/bench/router/main.js [events] [runs]
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { startBench, type BenchServers } from './bench-servers.js';
import { bareCopy, ours, prepare, type Shape, type Sample } from './shapes.js';

const { positionals } = parseArgs({ allowPositionals: true });
const events = Number(positionals[0] ?? 100_000);
const runs = Number(positionals[1] ?? 5);

const shapes: Shape[] = [bareCopy(1_000), bareCopy(5_000), ours('plain'), ours('fast')];

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

async function main(): Promise<void> {
  const servers: BenchServers = await startBench();
  try {
    await prepare(servers, events);
    const samples = new Map<Shape, Sample[]>(shapes.map((shape) => [shape, []]));
    for (let run = 0; run < runs; run++) {
      for (const shape of shapes) {
        const sample = await shape.run(servers, events);
        samples.get(shape)?.push(sample);
        process.stderr.write(`run ${run + 1} ${shape.name}: ${Math.round(sample.perSecond)}/s\n`);
      }
    }
    print(samples);
  } finally {
    await servers.close();
  }
}

function print(samples: ReadonlyMap<Shape, readonly Sample[]>): void {
  const rows = [...samples].map(([{ name, baseline }, list]) => ({
    name,
    baseline,
    perSecond: median(list.map((s) => s.perSecond)),
    node: median(list.map((s) => s.nodeMicros)),
    server: median(list.map((s) => s.serverMicros)),
    rss: median(list.map((s) => s.rssMiB)),
  }));
  const best = Math.max(...rows.filter((row) => row.baseline).map((row) => row.perSecond));
  console.log(
    `${events} events of 800 bytes, median of ${runs} interleaved runs; ${cpus().length} × ${cpus()[0]?.model}`,
  );
  console.log('| shape | events/s | ratio | Node µs/event | server µs/event | RSS MiB |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const row of rows) {
    const ratio = (row.perSecond / best).toFixed(2);
    console.log(
      `| ${row.name} | ${Math.round(row.perSecond)} | ${ratio} | ${row.node.toFixed(1)} | ${row.server.toFixed(1)} | ${Math.round(row.rss)} |`,
    );
  }
}

await main();
