/** Where the cursor can be, and which words fit there: what the three shells' scripts are made from. */
import type { Command, Group } from '../command.js';

export interface Word {
  readonly word: string;
  readonly description: string;
}

export interface Place {
  /** `bd`, `bd sandbox` … and the command typed, or nothing: `bd sandbox:create`. */
  readonly keys: readonly string[];
  readonly words: readonly Word[];
  /** Names of sandboxes fit as well. */
  readonly sandboxes: boolean;
}

/** The place of each word that leads from `bd` to another group: `bd:sandbox`. */
export const groupPlaces = (groups: readonly Group[]): string[] =>
  groups.flatMap(({ name }) => (name.startsWith('bd ') ? [`bd:${name.slice('bd '.length)}`] : []));

export function placesOf(groups: readonly Group[]): Place[] {
  return groups.flatMap((group) => [
    {
      keys: [`${group.name}:`],
      words: group.commands.map(({ name, summary }) => ({ word: name, description: summary })),
      sandboxes: false,
    },
    ...group.commands.map((command) => ({
      keys: [command.name, ...(command.aliases ?? [])].map((name) => `${group.name}:${name}`),
      words: optionsOf(command),
      sandboxes: /sandbox/.test(command.args),
    })),
  ]);
}

function optionsOf({ options = [] }: Command): Word[] {
  return [
    ...options.map(({ flags, description }) => ({
      word: /--[a-z-]+/.exec(flags)?.[0] ?? flags,
      description,
    })),
    { word: '--help', description: 'Show its options' },
  ];
}

/** Prints the names of the live sandboxes, one a line; nothing where they cannot be asked. */
export const NAMES = String.raw`bd sandbox list --json 2>/dev/null | sed -n 's/^ *"name": "\([a-z0-9-]*\)",*$/\1/p'`;
