/** When a guard checks: rarely if no guard is needed, and always if the need is unknown. */
import pino from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { delay } from '../../../platform/deadline.js';
import { lookEvery } from '../../../resources/guard.js';

/** How often it asked and checked in about 50 rounds. */
async function turns(isNeeded: () => Promise<boolean>) {
  const counts = { asked: 0, looked: 0 };
  const guard = lookEvery(
    10,
    'locks',
    () => {
      counts.looked += 1;
      return Promise.resolve();
    },
    {
      metrics: { sessionsEnded: () => undefined, guardFailed: () => undefined },
      log: pino({ level: 'silent' }),
      isNeeded() {
        counts.asked += 1;
        return isNeeded();
      },
    },
  );
  onTestFinished(() => {
    guard.close();
  });
  await delay(500);
  return counts;
}

it('checks every round while it is needed, and asks now and then if it still is', async () => {
  const { asked, looked } = await turns(() => Promise.resolve(true));
  expect(asked).toBeGreaterThan(0);
  expect(looked).toBeGreaterThan(4 * asked);
});

it('never checks while it is not needed, and asks less often', async () => {
  const { asked, looked } = await turns(() => Promise.resolve(false));
  expect(looked).toBe(0);
  expect(asked).toBeGreaterThan(0);
  expect(asked).toBeLessThan(20);
});

it('checks if the need is unknown: the unreachable server may be the one to guard', async () => {
  const { looked } = await turns(() => Promise.reject(new Error('out of shared memory')));
  expect(looked).toBeGreaterThan(0);
});
