/** A spinner on stderr during slow work; nothing without a terminal. */
import type { Ora } from 'ora';
import { INTERRUPTED, note, type Io } from './io.js';

const PATIENCE_MS = 300;

export interface Progress {
  text(text: string): void;
  stop(): void;
}

export function progress(io: Io, text: string): Progress {
  // A terminal of unknown width (some CI, `docker run -t`) has 0 columns. There ora never stops
  // erasing lines.
  if (!io.stderr.isTTY || !(io.stderr.columns > 0))
    return { text: () => undefined, stop: () => undefined };
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

/**
 * The same for work of a workflow: Ctrl-C ends the wait, and says that the work continues. npx
 * sends the signal twice.
 */
export async function withLastingProgress<T>(
  io: Io,
  text: string,
  work: () => Promise<T>,
): Promise<T> {
  const shown = progress(io, text);
  let told = false;
  const onInterrupt = (): void => {
    if (told) return;
    told = true;
    shown.stop();
    const said = `Interrupted while ${text}: what has begun goes on by itself; \`bd sandbox list --all\` shows it.`;
    void note(io, said).finally(() => process.exit(INTERRUPTED));
  };
  process.on('SIGINT', onInterrupt);
  try {
    return await work();
  } finally {
    process.off('SIGINT', onInterrupt);
    shown.stop();
  }
}
