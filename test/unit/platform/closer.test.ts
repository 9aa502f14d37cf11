import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { allOpened, Closer, loggingCloser } from '../../../platform/closer.js';

function recorded() {
  const failures: string[] = [];
  const closed: string[] = [];
  const closer = new Closer((what, error) => {
    failures.push(`${what}: ${String(error)}`);
  });
  const open = (name: string) =>
    closer.open(name, Promise.resolve(name), async (opened) => {
      await pause(1);
      closed.push(opened);
    });
  return { closer, open, closed, failures };
}

describe('a closer', () => {
  it('closes in reverse order of opening, and closes everything once', async () => {
    const { closer, open, closed, failures } = recorded();
    for (const name of ['connection', 'guard', 'page']) expect(await open(name)).toBe(name);
    await Promise.all([closer.close(), closer.close()]);
    await closer.close();
    expect(closed).toEqual(['page', 'guard', 'connection']);
    expect(failures).toEqual([]);
  });

  it('closes open resources when an opening fails half-way', async () => {
    const { closer, open, closed } = recorded();
    const start = async (): Promise<void> => {
      await using all = closer;
      await open('connection');
      await all.open('worker', Promise.reject(new Error('refused')), () => closed.push('worker'));
    };
    await expect(start()).rejects.toThrow('refused');
    expect(closed).toEqual(['connection']);
  });

  it('closes the others if one close fails, and reports the failure', async () => {
    const { closer, open, closed, failures } = recorded();
    await open('first');
    await closer.add('throws', () => {
      throw new Error('gone');
    });
    await closer.add('rejects', () => Promise.reject(new Error('reset')));
    await open('last');
    await closer.close();
    expect(closed).toEqual(['last', 'first']);
    expect(failures).toEqual(['rejects: Error: reset', 'throws: Error: gone']);
  });

  it('does not wait for a close longer than its time limit', async () => {
    const { closer, open, closed, failures } = recorded();
    await open('first');
    await closer.add('hangs', () => new Promise(() => undefined), 20);
    await closer.close();
    expect(closed).toEqual(['first']);
    expect(failures).toEqual(['hangs: DeadlineError: hangs did not answer within 20 ms']);
  });

  it('closes at once a resource that opens after the end', async () => {
    const { closer, open, closed } = recorded();
    const late = pause(20).then(() => open('late'));
    await closer.close();
    expect(closed).toEqual([]);
    await late;
    expect(closed).toEqual(['late']);
  });

  it('writes a failed close into the log', async () => {
    const lines: unknown[] = [];
    const closer = loggingCloser({ warn: (facts, message) => lines.push({ ...facts, message }) });
    await closer.add('NATS', () => Promise.reject(new Error('reset')));
    await closer.close();
    expect(lines).toEqual([{ what: 'NATS', err: 'reset', message: 'could not be closed' }]);
  });
});

describe('parallel openings', () => {
  it('give all opened resources', async () => {
    expect(await allOpened([Promise.resolve(1), Promise.resolve('two')])).toEqual([1, 'two']);
  });

  it('have all ended when the first failure is thrown', async () => {
    const { closer, open, closed } = recorded();
    const slow = pause(20).then(() => open('slow'));
    const failures = [
      pause(10).then(() => Promise.reject(new Error('second'))),
      pause(1).then(() => Promise.reject(new Error('first'))),
    ];
    await expect(allOpened([slow, ...failures])).rejects.toThrow('first');
    await closer.close();
    expect(closed).toEqual(['slow']);
  });
});
