import { describe, expect, it } from 'vitest';
import { SandboxError } from '../../../domain/errors.js';
import { isMisconfigured, retryUntil, StoppedError } from '../../../platform/retry.js';

/** Throws these errors one after the other, then returns `result`. */
function failing(errors: readonly Error[], result = 'done') {
  const left = [...errors];
  const at: number[] = [];
  const work = (): Promise<string> => {
    at.push(performance.now());
    const error = left.shift();
    return error === undefined ? Promise.resolve(result) : Promise.reject(error);
  };
  const pauses = (): number[] => at.slice(1).map((time, i) => time - (at[i] ?? 0));
  return { work, at, pauses };
}

function logged() {
  const lines: Record<string, unknown>[] = [];
  const warn = (facts: object, text: string): void => void lines.push({ ...facts, text });
  return { log: { warn }, lines };
}

describe('retryUntil', () => {
  it('gives the result of the first attempt that succeeds', async () => {
    const { log, lines } = logged();
    expect(await retryUntil(failing([]).work, { what: 'waiting', log })).toBe('done');
    expect(lines).toEqual([]);
  });

  it('doubles its pause, up to the longest', async () => {
    const { log } = logged();
    const { work, pauses } = failing([1, 2, 3, 4, 5].map((n) => new Error(String(n))));
    await retryUntil(work, { what: 'waiting', log, firstMs: 20, longestMs: 100 });
    for (const [i, least] of [20, 40, 80, 100, 100].entries()) {
      // A timer may fire up to a millisecond early.
      expect(pauses()[i]).toBeGreaterThanOrEqual(least - 2);
      expect(pauses()[i]).toBeLessThan(least + 1_000);
    }
  });

  it('begins with a quarter of a second', async () => {
    const { work, pauses } = failing([new Error('away')]);
    await retryUntil(work, { what: 'waiting', log: logged().log });
    expect(pauses()[0]).toBeGreaterThanOrEqual(248);
  });

  it('logs each failure with its hint, and a repeated failure only now and then', async () => {
    const { log, lines } = logged();
    const away = new SandboxError('SANDBOX_009', 'away', { hint: 'Start it.' });
    const { work } = failing([away, away, away, new Error('refused')]);
    await retryUntil(work, { what: 'waiting for Redis', log, firstMs: 1 });
    expect(lines).toEqual([
      { err: 'away', attempt: 1, hint: 'Start it.', text: 'waiting for Redis' },
      { err: 'refused', attempt: 4, text: 'waiting for Redis' },
    ]);
  });

  it('throws at once an error that no retry can cure', async () => {
    const wrong = new SandboxError('SANDBOX_008', 'no address');
    const { log, lines } = logged();
    const { work, at } = failing([new Error('away'), wrong]);
    const options = { what: 'waiting', log, firstMs: 1, isFinal: isMisconfigured };
    await expect(retryUntil(work, options)).rejects.toBe(wrong);
    expect(at).toHaveLength(2);
    expect(lines).toHaveLength(1);
  });

  it('ends during a pause when it is stopped', async () => {
    const stopping = new AbortController();
    const { work, at } = failing([new Error('away')]);
    const waiting = retryUntil(work, {
      ...{ what: 'waiting', log: logged().log, signal: stopping.signal, firstMs: 60_000 },
    });
    setTimeout(() => {
      stopping.abort();
    }, 20);
    await expect(waiting).rejects.toThrow(StoppedError);
    expect(at).toHaveLength(1);
  });

  it('waits for a running attempt when it is stopped, and returns its result', async () => {
    const stopping = new AbortController();
    const work = (): Promise<string> =>
      new Promise((resolve) => {
        stopping.abort();
        setTimeout(resolve, 20, 'opened');
      });
    const options = { what: 'waiting', log: logged().log, signal: stopping.signal };
    expect(await retryUntil(work, options)).toBe('opened');
    await expect(retryUntil(work, options)).rejects.toThrow(StoppedError);
  });
});
