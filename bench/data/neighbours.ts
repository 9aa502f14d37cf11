/** The second table: the next create beside many sandboxes of a template, and the first ones. */
import { setTimeout as delay } from 'node:timers/promises';
import { CPU_HEAD } from '../cpu.js';
import { markdown, median, ms, quantile, timed } from '../statistics.js';
import { addTemplate, create, destroy, Samples, type Place } from './place.js';

const TABLES = 50;
const SAMPLES = 40;
/** Creates in flight while the neighbours are made. */
const WIDTH = 4;

interface Level {
  readonly live: number;
  readonly create: Samples;
  readonly destroy: Samples;
}

async function measure(place: Place, template: string, live: number): Promise<Level> {
  const { config } = place;
  const level = { live, create: new Samples(config), destroy: new Samples(config) };
  for (let i = 0; i < SAMPLES; i += 1) {
    const sandboxId = await level.create.add(() => create(place, template));
    await level.destroy.add(() => destroy(place, sandboxId));
  }
  return level;
}

async function fill(place: Place, template: string, count: number): Promise<number> {
  return timed(async () => {
    for (let left = count; left > 0; left -= WIDTH)
      await Promise.all(
        Array.from({ length: Math.min(WIDTH, left) }, () => create(place, template)),
      );
  });
}

function report(first: Level, last: Level): void {
  const times = ({ millis }: Samples, base: Samples): string[] => [
    ...[ms(median(millis)), ms(quantile(millis, 0.99))],
    (median(millis) / median(base.millis)).toFixed(2),
  ];
  const rows = [first, last].map((level) => [
    String(level.live),
    ...times(level.create, first.create),
    ...times(level.destroy, first.destroy),
  ]);
  const head = ['beside', 'create p50', 'p99', '× of 0', 'destroy p50', 'p99', '× of 0'];
  console.log(markdown(head, rows));
  const costs = [first, last].flatMap((level) => [
    [`create beside ${level.live}`, ...level.create.cpuCells()],
    [`destroy beside ${level.live}`, ...level.destroy.cpuCells()],
  ]);
  console.log(`\n${markdown(['CPU of one', ...CPU_HEAD], costs)}`);
}

/** `count`: sandboxes with the template that live beside the measured ones. All are real creates. */
export async function compareNeighbours(place: Place, count: number): Promise<void> {
  const { name } = await addTemplate(place, TABLES);
  // The table leaves out the costs of first calls.
  for (let i = 0; i < 3; i += 1) await destroy(place, await create(place, name));
  const first = await measure(place, name, 0);
  const took = await fill(place, name, count);
  console.log(
    `\nms; ${SAMPLES} creates with ${TABLES} tables, each destroyed before the next; the ${count} neighbours are creates too, ${WIDTH} at once, in ${Math.round(took / 1_000)} s`,
  );
  await delay(5_000);
  report(first, await measure(place, name, count));
}
