/** Tables and the words in them. */
import Table from 'cli-table3';
import { formatRough } from '../domain/duration.js';
import type { Sandbox } from '../domain/sandbox.js';
import type { SandboxStatus } from '../domain/status.js';
import { colours, type Io } from './io.js';

const NO_BORDERS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
} as const;

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const built = new Table({
    head: [...head],
    chars: { ...NO_BORDERS },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const row of rows) built.push([...row]);
  return built
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

export function colouredStatus(io: Io, status: SandboxStatus): string {
  const c = colours(io, io.stdout);
  switch (status) {
    case 'running':
      return c.green(status);
    case 'pending':
    case 'creating':
      return c.cyan(status);
    case 'expired':
    case 'destroying':
      return c.yellow(status);
    case 'destroyed':
      return c.dim(status);
  }
}

/** The fields that a list shows. */
export const LIST_FIELDS = ['ID', 'Name', 'Owner', 'Status', 'Guilds', 'Expires'] as const;

export function listRow(io: Io, sandbox: Sandbox, now: number): string[] {
  const { id, name, owner, status, guildIds, expiresAt, destroyedAt } = sandbox;
  const left = Date.parse(expiresAt) - now;
  const expires = destroyedAt !== null ? '-' : left > 0 ? `in ${formatRough(left)}` : 'now';
  return [id, name, owner, colouredStatus(io, status), guildIds.join('\n') || '-', expires];
}
