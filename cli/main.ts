#!/usr/bin/env node
/** `bd`: runs the command line of this process, and exits promptly with the command's code. */
import { processIo } from './io.js';
import { runBd } from './run.js';

// A reader that closes the pipe (`bd sandbox list | head`) is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : 1);
  });
}

process.exit(await runBd(process.argv.slice(2), processIo));
