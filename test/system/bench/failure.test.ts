/**
 * A benchmark that meets an error of the product prints it in its row, and the next benchmark runs.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { burstRow } from '../../../bench/lifecycle/burst-row.js';
import { atOnce } from '../../../bench/statistics.js';
import { SandboxError } from '../../../domain/errors.js';
import { projectRoot } from '../../../platform/project-root.js';

it('a burst with refused requests is a row with their number and the reason', async () => {
  const busy = new SandboxError('SANDBOX_009', 'the worker is unreachable:\nno answer | in time');
  const fails = (i: number): Promise<void> =>
    i % 2 === 0 ? Promise.reject(busy) : Promise.resolve();
  const ours = await atOnce(5, fails);
  expect(ours.succeeded).toEqual([1, 3]);
  const bare = await atOnce(5, () => Promise.resolve());
  const exitCode = process.exitCode;
  expect(burstRow('5 × create', ours, bare)).toEqual([
    ...['5 × create', '3 failed: SANDBOX_009 the worker is unreachable:', '–', '–', '–'],
  ]);
  process.exitCode = exitCode;
  expect(burstRow('5 × create', bare, bare)).toHaveLength(5);
});

it('a benchmark that cannot run is a row, the next one runs, and the exit code is 1', () => {
  const bench = join(projectRoot(), 'dist/bench/main.js');
  // Each benchmark would make its stack here.
  const env = { ...process.env, TMPDIR: '/nonexistent' };
  const ran = spawnSync(process.execPath, [bench, 'lifecycle', 'scale'], { env, encoding: 'utf8' });
  expect([ran.status, ran.stderr]).toEqual([1, '']);
  expect(ran.stdout.trim().split('\n')).toEqual([
    expect.stringMatching(/^\| lifecycle \| failed: ENOENT.* \|$/),
    expect.stringMatching(/^\| scale \| failed: ENOENT.* \|$/),
  ]);
});
