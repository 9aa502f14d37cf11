/** Ties a process to our life: where the kernel can, it ends when we do, even by SIGKILL. */
import { spawnSync } from 'node:child_process';

let able: boolean | undefined;

/** util-linux' setpriv; busybox' lacks the option, macOS has none: there the next `up` or `down` cleans up. */
function canTie(): boolean {
  able ??=
    process.platform === 'linux' &&
    spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true'], { stdio: 'ignore' }).status === 0;
  return able;
}

/** The command line that has `signal` sent to the process when this one dies. */
export function tied(
  command: string,
  args: readonly string[],
  signal: NodeJS.Signals,
): [command: string, args: string[]] {
  if (!canTie()) return [command, [...args]];
  return ['setpriv', ['--pdeathsig', signal.replace(/^SIG/, ''), '--', command, ...args]];
}
