/** The first table: a template's instantiation beside the plain DDL, by the number of tables. */
import type { TemplateText } from '../../domain/template.js';
import { CPU_HEAD } from '../cpu.js';
import { orRow } from '../failure.js';
import { markdown, median, ms } from '../statistics.js';
import {
  addTemplate,
  create,
  destroy,
  instantiation,
  plainDdl,
  Samples,
  type Place,
} from './place.js';

const SIZES = [3, 50, 200, 300] as const;
const ROUNDS = 10;
const TARGET_RATIO = 1.3;
const TARGET_MS = 1_000;

interface Size {
  readonly template: TemplateText;
  readonly empty: Samples;
  readonly plain: Samples;
  readonly ours: Samples;
  readonly whole: Samples;
}

/** All four kinds of work, one after the other: a noisy machine is noisy for each. */
async function round(place: Place, size: Size): Promise<void> {
  const { template, empty, plain, ours, whole } = size;
  const bare = await empty.add(() => create(place, 'empty'));
  await plain.add(await plainDdl(place, bare, template.tables));
  const target = await empty.add(() => create(place, 'empty'));
  await ours.add(await instantiation(place, target, template));
  const templated = await whole.add(() => create(place, template.name));
  for (const sandboxId of [bare, target, templated]) await destroy(place, sandboxId);
}

async function measure(place: Place, tables: number): Promise<Size> {
  const template = await addTemplate(place, tables);
  const fresh = (): Size => ({
    template,
    ...{ empty: new Samples(place.config), plain: new Samples(place.config) },
    ...{ ours: new Samples(place.config), whole: new Samples(place.config) },
  });
  // The table leaves out the costs of first calls.
  await round(place, fresh());
  const size = fresh();
  for (let i = 0; i < ROUNDS; i += 1) await round(place, size);
  return size;
}

const ratio = ({ ours, plain }: Size): number => median(ours.millis) / median(plain.millis);

function timeRow(size: Size): string[] {
  const { template, empty, plain, ours, whole } = size;
  const together = median(empty.millis) + median(plain.millis);
  return [
    ...[String(template.tables), String(template.statements)],
    ...[ms(median(plain.millis)), ms(median(ours.millis)), ratio(size).toFixed(2)],
    ...[ms(median(empty.millis)), ms(median(whole.millis)), ms(Math.max(...whole.millis))],
    (median(whole.millis) / together).toFixed(2),
  ];
}

const TIME_HEAD = [
  ...['tables', 'statements', 'plain DDL p50', 'instantiation p50', 'ratio'],
  ...['create `empty` p50', 'create p50', 'slowest', 'create ÷ (create `empty` + plain DDL)'],
];

const cpuRows = ({ template: { tables }, empty, plain, ours, whole }: Size): string[][] => [
  [`${tables} tables: plain DDL`, ...plain.cpuCells()],
  [`${tables} tables: instantiation`, ...ours.cpuCells()],
  ['create `empty`', ...empty.cpuCells()],
  [`create with ${tables} tables`, ...whole.cpuCells()],
];

/** A target whose size failed is missed. */
function verdicts(sizes: readonly Size[]): string[] {
  const meets = (tables: number, target: (size: Size) => boolean): string => {
    const size = sizes.find(({ template }) => template.tables === tables);
    return size !== undefined && target(size) ? 'met' : 'missed';
  };
  const isFast = ({ whole }: Size): boolean => Math.max(...whole.millis) < TARGET_MS;
  return [
    `50 tables in ≤ ${TARGET_RATIO} × the plain DDL: ${meets(50, (size) => ratio(size) <= TARGET_RATIO)}`,
    `each create with 200 tables in < ${TARGET_MS} ms: ${meets(200, isFast)}`,
  ];
}

/** Prints the table, the CPU of each process, and the targets. */
export async function compareTemplates(place: Place): Promise<void> {
  const sizes: Size[] = [];
  for (const tables of SIZES) {
    const size = await orRow(`${tables} tables`, () => measure(place, tables));
    if (size !== undefined) sizes.push(size);
  }
  console.log(
    `ms; ${ROUNDS} interleaved rounds; plain DDL and instantiation each with a new session of a sandbox's role; the client's CPU includes the reading of /proc`,
  );
  console.log(markdown(TIME_HEAD, sizes.map(timeRow)));
  console.log(`\n${markdown(['CPU of one', ...CPU_HEAD], sizes.flatMap(cpuRows))}\n`);
  for (const line of verdicts(sizes)) console.log(line);
}
