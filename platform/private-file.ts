/**
 * Small files with secrets or state. A reader sees a complete file or none; only the owner may read
 * it.
 */
import { randomBytes } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';

/**
 * Writes a draft beside the file (mode 0600) and renames it. A failed draft (full disk) is removed.
 * @throws the file system's error; the file then stays as before
 */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  await withDraft(path, text, (draft) => rename(draft, path));
}

/** Writes a complete draft of `path`; `place` renames or links it. The draft is always removed. */
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

/** No room: the disk or the user's quota is full. */
export function isDiskFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT';
}
