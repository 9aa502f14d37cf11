/** When a guard looks: rarely while there is nothing to guard against, and always when that cannot be asked. */
import pino from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { delay } from '../../../platform/deadline.js';
import { lookEvery } from '../../../resources/guard.js';

/** How often it asked and looked within 50 turns or so. */
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

it('looks at every turn while it is needed, and asks that now and then', async () => {
  const { asked, looked } = await turns(() => Promise.resolve(true));
  expect(asked).toBeGreaterThan(0);
  expect(looked).toBeGreaterThan(4 * asked);
});

it('looks never, and asks less often, while it is not needed', async () => {
  const { asked, looked } = await turns(() => Promise.resolve(false));
  expect(looked).toBe(0);
  expect(asked).toBeGreaterThan(0);
  expect(asked).toBeLessThan(20);
});

it('looks where that cannot be asked: the server may be the one to guard', async () => {
  const { looked } = await turns(() => Promise.reject(new Error('out of shared memory')));
  expect(looked).toBeGreaterThan(0);
});
