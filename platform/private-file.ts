/** Small files that hold secrets or state: complete or absent to every reader, and readable by their owner alone. */
import { randomBytes } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';

/**
 * Writes a draft beside the file (mode 0600) and renames it. A draft that fails (a full disk) is removed.
 * @throws the file system's error; the file is as it was then
 */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  await withDraft(path, text, (draft) => rename(draft, path));
}

/** A complete draft of `path` for `place`, which renames or links it. No draft stays, whatever fails. */
export async function withDraft<T>(
  path: string,
  text: string,
  place: (draft: string) => Promise<T>,
): Promise<T> {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    await writeFile(draft, text, { mode: 0o600, flag: 'wx' });
    return await place(draft);
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
}

/** No room: the disk is full, or this user's share of it. */
export function isDiskFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT';
}
