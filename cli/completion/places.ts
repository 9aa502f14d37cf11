/** Where the cursor can be, and which words fit there: what the three shells' scripts are made from. */
import { optionName, takesValue, type Command, type Group, type OptionSpec } from '../command.js';

export interface Word {
  readonly word: string;
  readonly description: string;
}

/** Names that only a running `bd` knows. */
export type Names = 'sandboxes' | 'events';

/** What fits where a value is expected. */
export interface Values {
  readonly words: readonly string[];
  readonly names: Names | null;
}

export interface CompletedOption extends Word {
  /** Null for a flag. */
  readonly values: Values | null;
}

export interface Place {
  /** `bd`, `bd sandbox` … and the command typed, or nothing: `bd sandbox:create`. */
  readonly keys: readonly string[];
  /** Commands, or values of the command's argument. */
  readonly words: readonly Word[];
  readonly options: readonly CompletedOption[];
  /** Names that fit as well. */
  readonly names: Names | null;
}

/** The place of each word that leads from `bd` to another group: `bd:sandbox`. */
export const groupPlaces = (groups: readonly Group[]): string[] =>
  groups.flatMap(({ name }) => (name.startsWith('bd ') ? [`bd:${name.slice('bd '.length)}`] : []));

export function placesOf(groups: readonly Group[]): Place[] {
  return groups.flatMap((group) => [
    {
      keys: [`${group.name}:`],
      words: group.commands.map(({ name, summary }) => ({ word: name, description: summary })),
      options: [],
      names: null,
    },
    ...group.commands.map((command) => ({
      keys: [command.name, ...(command.aliases ?? [])].map((name) => `${group.name}:${name}`),
      words: (command.argValues ?? []).map((word) => ({ word, description: command.args })),
      options: optionsOf(command),
      names: namesIn(command.args),
    })),
  ]);
}

const namesIn = (text: string): Names | null =>
  /sandbox/.test(text) ? 'sandboxes' : /event/.test(text) ? 'events' : null;

function optionsOf({ options = [] }: Command): CompletedOption[] {
  return [
    ...options.map((option) => ({
      word: `--${optionName(option)}`,
      description: option.description,
      values: valuesOf(option),
    })),
    { word: '--help', description: 'Show its options', values: null },
  ];
}

function valuesOf(option: OptionSpec): Values | null {
  if (!takesValue(option)) return null;
  return { words: option.values ?? [], names: /<sandbox>/.test(option.flags) ? 'sandboxes' : null };
}

/** Each value of an option that is known: where it stands, and what fits there. */
export const valuePlaces = (groups: readonly Group[]): (Values & { keys: string[] })[] =>
  placesOf(groups).flatMap(({ keys, options }) =>
    options.flatMap(({ word, values }) =>
      values === null ? [] : [{ ...values, keys: keys.map((key) => `${key} ${word}`) }],
    ),
  );

/** Prints names, one a line; nothing where they cannot be asked. */
export const NAMES: Readonly<Record<Names, string>> = {
  sandboxes: namesOf('list'),
  events: namesOf('emit --list'),
};

function namesOf(command: string): string {
  return String.raw`bd sandbox ${command} --json 2>/dev/null | sed -n 's/^ *"name": "\([a-z0-9-]*\)",*$/\1/p'`;
}
