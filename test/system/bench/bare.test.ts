/** The baseline of `npm run bench -- lifecycle`. */
import { afterAll, beforeAll, it } from 'vitest';
import { openBare, type Bare } from '../../../bench/lifecycle/bare.js';
import { newId } from '../../../bench/lifecycle/ids.js';
import { openTemporal, type TemporalClient } from '../../../platform/temporal.js';
import { stackState } from '../../support/stack.js';

let temporal: TemporalClient;
let bare: Bare;

beforeAll(async () => {
  const stack = stackState();
  temporal = await openTemporal(stack.temporal.address, 'default');
  bare = await openBare(stack, temporal);
});

afterAll(async () => {
  await bare.close();
  await temporal.close();
});

it('makes a schema, and removes it again', async () => {
  const id = newId();
  await bare.create(id);
  await bare.destroy(id);
});

it('repeats a step that has succeeded, as Temporal repeats one whose result was lost', async () => {
  const id = newId();
  await bare.ddl(id);
  await bare.ddl(id);
  await bare.drop(id);
  await bare.drop(id);
});
