/** The table "Configuration" of docs/sandbox-guide.md, from the configuration's table. */
import { ALL, settingsOf, type Reader } from '../../platform/config/setting.js';
import { SETTINGS, STACK_VARIABLES } from '../../platform/config/settings.js';

interface Row {
  readonly name: string;
  readonly readers: readonly Reader[];
  readonly about: string;
  readonly unset?: string;
  readonly fallback?: string | (() => string) | undefined;
  readonly secret?: boolean;
}

const shown = (readers: readonly Reader[]): string =>
  ALL.every((one) => readers.includes(one)) ? 'all' : readers.join(', ');

export function configurationTable(): string {
  const rows: readonly Row[] = [...settingsOf(SETTINGS), ...STACK_VARIABLES];
  return [
    '| variable | default | read by | secret | what it is |',
    '| --- | --- | --- | --- | --- |',
    ...rows.map(
      ({ name, readers, about, unset, fallback, secret = false }) =>
        `| \`${name}\` | ${unset ?? String(fallback)} | ${shown(readers)} | ${secret ? 'yes' : 'no'} | ${about} |`,
    ),
  ].join('\n');
}
