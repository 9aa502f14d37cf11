/** The output of `bd sandbox status` for people. */
import type { Check, SandboxHealth } from '../domain/health.js';
import { formatRough } from '../domain/duration.js';
import { isLive } from '../domain/status.js';
import { colours, type Io } from './io.js';
import { colouredStatus, table } from './table.js';

export async function healthText(io: Io, status: SandboxHealth): Promise<string> {
  const { sandbox, health, checks } = status;
  const c = colours(io, io.stdout);
  const title = `${sandbox.name} (${sandbox.id}) is ${colouredStatus(io, sandbox.status)}`;
  if (health === null) {
    return `${title} since ${sandbox.destroyedAt ?? 'some time'}: nothing of it is left`;
  }
  const paint = { healthy: c.green, degraded: c.yellow, unhealthy: c.red }[health];
  const lines = [`${title}, ${paint(health)}`, factsOf(status)];
  if (status.cleanupError !== null) {
    lines.push(
      c.yellow(
        `SANDBOX_006 clean-up is being retried and continues by itself: ${status.cleanupError}`,
      ),
    );
  }
  const rows = checks.map((check) => [check.name, stateOf(io, status, check), check.detail]);
  return `${lines.join('\n')}\n\n${await table(io, ['Check', 'State', 'Detail'], rows)}`;
}

function factsOf({ sandbox, expiresInMs, lastEventAt, eventsWaiting }: SandboxHealth): string {
  const template = `template ${sandbox.template}, version ${sandbox.templateVersion}`;
  const expires = isLive(sandbox.status) ? [`expires in ${formatRough(expiresInMs)}`] : [];
  const last = `last event ${lastEventAt ?? 'none'}`;
  const waiting = `events waiting: ${eventsWaiting ?? 'unknown'}`;
  return [...expires, last, waiting, template].join('; ');
}

/** In a sandbox that is being destroyed, a missing part is already removed. */
function stateOf(io: Io, { sandbox }: SandboxHealth, { name, state }: Check): string {
  const c = colours(io, io.stdout);
  if (state === 'ok') return c.green(state);
  const removed = !isLive(sandbox.status) && name !== 'workflow' && state === 'missing';
  return removed ? c.dim('removed') : c.red(state);
}
