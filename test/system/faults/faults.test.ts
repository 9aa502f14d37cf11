import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCell } from './cell.js';
import { startFaultStack, type FaultStack } from './stack.js';
import { STEPS, type Fault } from './steps.js';
import { faultTable, inParallel } from './table.js';

/**
 * The short form: the hardest moment of every step, and each server killed once in each phase. The
 * long form is `npm run faults`.
 */
let stack: FaultStack;
beforeAll(async () => {
  stack = await startFaultStack();
});
afterAll(() => stack.close());

describe('a fault at any step', () => {
  it('of the worker, killed after the servers have committed and before that is recorded, leaves the right end', async () => {
    const faults = STEPS.map(({ name }): Fault => ({ step: name, moment: 'inside' }));
    const results = await inParallel(faults, 3, (fault) => runCell({ home: stack.home, fault }));
    console.log(faultTable(results));
    expect(results.filter(({ wrong }) => wrong.length > 0)).toEqual([]);
  }, 240_000);

  it('of a server, killed as the step begins, leaves the right end', async () => {
    const wanted = [
      'postgres-schema.ensure',
      'redis-keyspace.ensure',
      'nats-subjects.ensure',
      'postgres-schema.remove',
      'redis-keyspace.remove',
      'nats-subjects.remove',
    ];
    const results = [];
    for (const { name, servers } of STEPS.filter((step) => wanted.includes(step.name))) {
      const killServer = () => stack.killServer(servers[0] ?? '');
      results.push(
        await runCell({ home: stack.home, fault: { step: name, moment: 'server' }, killServer }),
      );
    }
    console.log(faultTable(results));
    expect(results.filter(({ wrong }) => wrong.length > 0)).toEqual([]);
  }, 240_000);

  it('of a worker that is stopped in a create and goes on after the destroy, makes nothing appear', async () => {
    const faults = STEPS.filter(({ phase }) => phase === 'create').map(({ name }): Fault => ({
      step: name,
      moment: 'stopped',
    }));
    const results = await inParallel(faults, 3, (fault) => runCell({ home: stack.home, fault }));
    console.log(faultTable(results));
    expect(results.filter(({ wrong }) => wrong.length > 0)).toEqual([]);
  }, 240_000);

  it('is seen: a step that cannot be run twice makes its cell wrong', async () => {
    const step = 'redis-keyspace.ensure';
    const cell = await runCell({
      home: stack.home,
      fault: { step, moment: 'inside' },
      onceOnly: step,
    });
    expect(cell.wrong).not.toEqual([]);
  }, 120_000);
});
