/** Tables and the words in them. */
import { formatRough } from '../domain/duration.js';
import type { Sandbox } from '../domain/sandbox.js';
import type { SandboxStatus } from '../domain/status.js';
import { colours, terminalWidth, type Io } from './io.js';
import { columnsOf } from './width.js';

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

const GAP = 2;
const SHOWN_GUILDS = 5;

/**
 * Columns as wide as their content. On a narrow terminal the widest columns are cut, so that no
 * line wraps. A pipe gets everything. The library is loaded here: help needs no table.
 */
export async function table(
  io: Io,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const widths = head.map((title, i) =>
    rows.reduce((width, row) => Math.max(width, widthOf(row[i] ?? '')), title.length),
  );
  if (io.stdout.isTTY) fit(widths, terminalWidth(io));
  const built = new Table({
    head: [...head],
    chars: { ...NO_BORDERS },
    colWidths: widths,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const row of rows) built.push([...row]);
  return built
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** The width of the cell's widest line, without colours. */
function widthOf(cell: string): number {
  return cell.split('\n').reduce((width, line) => Math.max(width, columnsOf(line)), 0);
}

/** Narrows the widest column until all fit. */
function fit(widths: number[], room: number): void {
  const available = room - GAP * (widths.length - 1);
  while (widths.reduce((sum, width) => sum + width, 0) > available) {
    const widest = widths.indexOf(Math.max(...widths));
    if ((widths[widest] ?? 0) <= 8) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
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

/** The columns of a list. */
export const LIST_FIELDS = ['ID', 'Name', 'Owner', 'Status', 'Guilds', 'Expires'] as const;

export function listRow(io: Io, sandbox: Sandbox, now: number): string[] {
  const { id, name, owner, status, guildIds, expiresAt, destroyedAt } = sandbox;
  const left = Date.parse(expiresAt) - now;
  const expires = destroyedAt !== null ? '-' : left > 0 ? `in ${formatRough(left)}` : 'now';
  return [id, name, owner, colouredStatus(io, status), guildsCell(io, guildIds), expires];
}

/** A terminal shows a few of many; a pipe gets all. */
function guildsCell(io: Io, guildIds: readonly string[]): string {
  if (!io.stdout.isTTY || guildIds.length <= SHOWN_GUILDS) return guildIds.join('\n') || '-';
  const shown = guildIds.slice(0, SHOWN_GUILDS - 1);
  return [...shown, `and ${guildIds.length - shown.length} more`].join('\n');
}
