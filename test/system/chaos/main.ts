/**
 * `npm run chaos -- [--seed N] [--events N] [--faults N] [--rate N] [--form plain|fast] [--stack]`
 * prints the plan while it runs, and the table of docs/routing.md. With `--stack` it uses a whole
 * local stack, and the product's client changes routes. Exit code 1 if any figure is not 0.
 */
import { parseArgs } from 'node:util';
import { runChaos, type ChaosReport } from './chaos.js';
import { lightBase } from './light-base.js';
import { stackBase } from './stack-base.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    events: { type: 'string', default: '1000000' },
    faults: { type: 'string', default: '110' },
    rate: { type: 'string', default: '6000' },
    form: { type: 'string', default: 'fast' },
    only: { type: 'string' },
    stack: { type: 'boolean', default: false },
  },
});

const command = `npm run chaos -- --seed ${values.seed} --events ${values.events} --faults ${values.faults} --rate ${values.rate} --form ${values.form}${values.stack ? ' --stack' : ''}`;
console.log(command);
const base = await (values.stack ? stackBase() : lightBase());
const report = await runChaos(base, {
  seed: Number(values.seed),
  events: Number(values.events),
  faults: Number(values.faults),
  perSecond: Number(values.rate),
  env: { SANDBOX_ROUTER_FORM: values.form },
  ...(values.only === undefined ? {} : { only: values.only }),
  onText: (text) => {
    console.log(text);
  },
});
print(report);

function print(r: ChaosReport): void {
  const verdicts = {
    lost: r.lost,
    duplicated: r.duplicated,
    'reordered per guild': r.reordered,
    misrouted: r.misrouted,
    altered: r.altered,
    'stored, but never published': r.foreign,
    'in the old place after a change returned': r.late,
  };
  const kinds = Object.entries(r.faults).map(([name, times]) => `${name} ${times}`);
  console.log(`\n| ${command} | |\n| --- | --- |`);
  console.log(`| published / acknowledged | ${r.published} / ${r.acknowledged} |`);
  console.log(`| seconds | ${r.seconds.toFixed(0)} |`);
  console.log(
    `| faults | ${Object.values(r.faults).reduce((a, b) => a + b, 0)}: ${kinds.join(', ')} |`,
  );
  console.log(`| changes of routes: confirmed / refused | ${r.flips} / ${r.failedFlips} |`);
  console.log(`| routers that ended by themselves, and were started again | ${r.crashes} |`);
  for (const [name, list] of Object.entries(verdicts)) {
    const some = list.length === 0 ? '' : ` (${list.slice(0, 5).join(', ')}, …)`;
    console.log(`| ${name} | ${list.length}${some} |`);
  }
  console.log(`| DLQ differs from \`dlq.>\` in ROUTED | ${r.dlqDiffers} |`);
  if (!r.complete) console.log('| **the end of RAW did not reach ROUTED** | |');
  if (!r.complete || r.dlqDiffers > 0 || Object.values(verdicts).some((list) => list.length > 0))
    process.exitCode = 1;
}
process.exit();
