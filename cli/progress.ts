/** A spinner on stderr for what takes longer than a moment; nothing where no person looks. */
import type { Ora } from 'ora';
import type { Io } from './io.js';

const PATIENCE_MS = 300;

export interface Progress {
  text(text: string): void;
  stop(): void;
}

export function progress(io: Io, text: string): Progress {
  if (!io.stderr.isTTY) return { text: () => undefined, stop: () => undefined };
  let shown = text;
  let spinner: Ora | undefined;
  let stopped = false;
  const timer = setTimeout(() => {
    void import('ora').then(({ default: ora }) => {
      if (!stopped) spinner = ora({ text: shown, stream: io.stderr, discardStdin: false }).start();
    });
  }, PATIENCE_MS);
  return {
    text: (next) => {
      shown = next;
      if (spinner !== undefined) spinner.text = next;
    },
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      spinner?.stop();
    },
  };
}

/** Runs `work` under a spinner. */
export async function withProgress<T>(io: Io, text: string, work: () => Promise<T>): Promise<T> {
  const shown = progress(io, text);
  try {
    return await work();
  } finally {
    shown.stop();
  }
}
