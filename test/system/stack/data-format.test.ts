/** The version of a data directory's layout: which one is read, and how others are refused. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { down, up } from '../../../deploy/stack/index.js';
import { ownHome, processesOf } from './home.js';

const formatOf = async (home: string): Promise<unknown> =>
  JSON.parse(await readFile(join(home, 'data', 'format.json'), 'utf8'));

it('a new data directory gets the current version, and one of before there were versions too', async () => {
  const config = await ownHome();
  await up(config, { only: ['nats'] });
  const current = await formatOf(config.home);
  expect(current).toMatchObject({ format: expect.any(Number) as number });
  await down(config);
  await writeFile(join(config.home, 'data', 'format.json'), '');
  await up(config, { only: ['nats'] });
  expect(await formatOf(config.home)).toEqual(current);
});

it.each<[string, (data: string) => Promise<unknown>, RegExp]>([
  [
    'of an earlier layout, which has no version,',
    (data) => mkdir(join(data, 'nats', 'jetstream', 'CONTROL', 'streams'), { recursive: true }),
    /data has the format 1 of an earlier version/,
  ],
  [
    'of a later version',
    async (data) => {
      await mkdir(data);
      await writeFile(join(data, 'format.json'), '{"format":99}');
    },
    /data has the format 99 of a later version/,
  ],
])(
  'a data directory %s is refused at once with the way out, and stays as it is',
  async (_, make, told) => {
    const config = await ownHome();
    const data = join(config.home, 'data');
    await make(data);
    const before = await readdir(data, { recursive: true });
    const since = performance.now();
    await expect(up(config, { only: ['nats'] })).rejects.toMatchObject({
      code: 'SANDBOX_008',
      message: expect.stringMatching(told) as string,
      hint: expect.stringContaining('bd dev down --purge') as string,
    });
    expect(performance.now() - since).toBeLessThan(20_000);
    expect(await readdir(data, { recursive: true })).toEqual(before);
    expect(processesOf(config.home)).toEqual([]);
    await down(config, { purge: true });
    await up(config, { only: ['nats'] });
  },
);
