/**
 * A full disk, and files that cannot be written: the stack continues, reports why, and recovers
 * when there is room.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { down, signalService, up, wholeStatus } from '../../../deploy/stack/index.js';
import type { Config } from '../../../platform/config.js';
import { projectRoot } from '../../../platform/project-root.js';
import { stackFilePath } from '../../../platform/stack-file.js';
import { bd } from '../../support/bd.js';
import { ownFolder } from '../../support/folder.js';
import { until } from '../../support/stack.js';
import { filesInTheWay, homeOnSmallDisk, type SmallDisk } from './disk.js';
import { ownHome, processesOf, statusOf } from './home.js';

const troublesOf = async (config: Config): Promise<string> =>
  (await wholeStatus(config)).troubles.join('\n');
/** Files left by a write that failed between draft and rename. */
const draftsIn = async (home: string): Promise<string[]> =>
  (await readdir(home)).filter((name) => /\.(json|key)\.|^\.trial/.test(name));

const inTheWay = async (): Promise<SmallDisk> => {
  const config = await ownHome();
  return { config, ...filesInTheWay(config.home) };
};

it.each([
  ['whose disk is full', homeOnSmallDisk],
  ['whose own files cannot be written', inTheWay],
])(
  'a stack %s goes on, its status says why, and it heals by itself',
  async (_, make) => {
    const { config, fill, makeRoom } = await make();
    await up(config, { only: ['redis', 'nats'] });
    await fill();
    // A process that ends meanwhile is in no record, and still restarts.
    await signalService(config, 'redis', 'SIGKILL');
    await until('the reason is shown', async () =>
      (await troublesOf(config)).includes('children.json'),
    );
    const shown = await bd(['dev', 'status'], { SANDBOX_HOME: config.home });
    expect([shown.code, shown.stderr]).toEqual([
      0,
      expect.stringMatching(/! children\.json cannot be written: E[A-Z]+/),
    ]);
    expect((await statusOf(config, 'nats')).state).toBe('running');
    expect(await draftsIn(config.home)).toEqual([]);
    await makeRoom();
    await until('it has healed', async () => (await troublesOf(config)) === '', 30_000);
    await until('redis is back', async () => (await statusOf(config, 'redis')).state === 'running');
    expect(await readFile(join(config.home, 'children.json'), 'utf8')).toContain('redis');
    expect(await readFile(stackFilePath(config.home), 'utf8')).toContain('ingestNatsUrl');
  },
  120_000,
);

it('a stack whose disk is full can be stopped, and its data removed', async () => {
  const { config, fill } = await homeOnSmallDisk();
  await up(config, { only: ['redis'] });
  await fill();
  await down(config);
  expect(processesOf(config.home).filter((line) => line.includes('redis'))).toEqual([]);
  await down(config, { purge: true });
  expect(existsSync(join(config.home, 'data'))).toBe(false);
});

it('a stack whose logs cannot be written runs: their lines are lost, and nothing else', async () => {
  const config = await ownHome();
  const log = join(config.home, 'log');
  await mkdir(log);
  const names = ['supervisor', 'worker', 'router', 'redis', 'nats'];
  for (const name of names) await symlink('/dev/full', join(log, `${name}.log`));
  // Its path is no file: the output is dropped, and the status reports it.
  await mkdir(join(log, 'temporal.log'));
  await up(config);
  expect(await troublesOf(config)).toMatch(/temporal\.log cannot be written: EISDIR/);
  const before = await Promise.all(['worker', 'router'].map((name) => statusOf(config, name)));
  // Worker and router have much to log about it.
  for (const server of ['nats', 'redis']) {
    await signalService(config, server, 'SIGKILL');
    await until('it is back', async () => (await statusOf(config, server)).state === 'running');
  }
  const after = await Promise.all(['worker', 'router'].map((name) => statusOf(config, name)));
  expect(after.map(({ pid }) => pid)).toEqual(before.map(({ pid }) => pid));
}, 120_000);

it('a draft that finds no room is removed, and the file stays as it was', async () => {
  const folder = ownFolder();
  const module = join(projectRoot(), 'dist/platform/private-file.js');
  // A limit of zero bytes per file gives the same error to any user on any disk.
  const script = `const { writePrivateFile } = await import(${JSON.stringify(module)});
    await writePrivateFile(${JSON.stringify(join(folder, 'state.json'))}, 'x'.repeat(100)).catch((error) => {
      process.exitCode = error.code === 'EFBIG' ? 9 : 1;
    });`;
  const shell = spawn(
    'sh',
    ['-c', 'ulimit -f 0; exec "$@"', 'sh', process.execPath, '-e', script],
    {
      stdio: 'ignore',
    },
  );
  expect(await once(shell, 'exit')).toEqual([9, null]);
  expect(await readdir(folder)).toEqual([]);
});

it('a start without room is refused with the reason, and leaves no process', async () => {
  const { config, fill } = await homeOnSmallDisk();
  await mkdir(config.home, { recursive: true });
  await fill();
  await expect(up(config, { only: ['redis'] })).rejects.toMatchObject({ code: 'SANDBOX_008' });
  expect(processesOf(config.home)).toEqual([]);
  expect(await draftsIn(config.home)).toEqual([]);
});
