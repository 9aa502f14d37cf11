/** The official release: an archive over https, checked against the pinned sum, unpacked by the system's tar. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { messageOf } from '../../../domain/errors.js';
import type { Release } from '../binaries.js';
import { findFile } from './files.js';
import { lastLine, Refused, runTool } from './tool.js';

/** A host that cannot be reached is left after this long; one that refuses, at once. */
const CONNECT_MS = 5_000;
/** A download that stands still is given up. */
const STALL_MS = 15_000;
const UNPACK_MS = 60_000;

export interface FetchOptions {
  readonly staging: string;
  readonly executable: string;
  readonly env: Readonly<Record<string, string>>;
  readonly onText: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Path of the unpacked executable. @throws Refused */
export async function fromRelease(release: Release, options: FetchOptions): Promise<string> {
  const { staging, executable } = options;
  const archive = join(staging, 'release.tar.gz');
  const sum = await download(release.url, archive, options);
  if (release.sha256 !== undefined && sum !== release.sha256) {
    throw new Refused(`SHA-256 ${sum} is not the pinned ${release.sha256}`);
  }
  const unpacked = join(staging, 'release');
  await mkdir(unpacked);
  const { code, output } = await runTool('tar', ['-xzf', archive, '-C', unpacked], {
    timeoutMs: UNPACK_MS,
    signal: options.signal,
  });
  if (code !== 0) throw new Refused(`tar: ${lastLine(output)}`);
  return findFile(unpacked, executable);
}

async function download(
  url: string,
  path: string,
  { onText, signal }: FetchOptions,
): Promise<string> {
  const abort = new AbortController();
  const give = (reason: string) => (): void => {
    abort.abort(new Refused(reason));
  };
  let timer = setTimeout(give(`no answer within ${CONNECT_MS / 1_000} s`), CONNECT_MS);
  try {
    const response = await fetch(url, { signal: AbortSignal.any([abort.signal, signal]) });
    if (!response.ok || response.body === null) throw new Refused(`HTTP ${response.status}`);
    const total = Number(response.headers.get('content-length') ?? 0);
    const hash = createHash('sha256');
    let got = 0;
    let told = Date.now();
    const body = Readable.fromWeb(response.body as ReadableStream<Uint8Array>);
    body.on('data', (chunk: Uint8Array) => {
      hash.update(chunk);
      got += chunk.length;
      clearTimeout(timer);
      timer = setTimeout(give(`nothing came for ${STALL_MS / 1_000} s`), STALL_MS);
      if (Date.now() - told < 500) return;
      told = Date.now();
      onText(`downloading ${megabytes(got)}${total > 0 ? ` of ${megabytes(total)}` : ''} MB`);
    });
    await pipeline(body, createWriteStream(path), { signal: abort.signal });
    return hash.digest('hex');
  } catch (error) {
    if (error instanceof Refused) throw error;
    const { reason } = abort.signal as { reason: unknown };
    if (reason instanceof Refused) throw reason;
    // "fetch failed" says nothing: its cause names the host and the trouble.
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    throw new Refused(messageOf(cause));
  } finally {
    clearTimeout(timer);
  }
}

export const megabytes = (bytes: number): string => (bytes / 1_048_576).toFixed(1);
