/**
 * Where the cursor can be, and which words fit there. The three shells' scripts are made from this.
 */
import { optionName, takesValue, type Command, type Group, type OptionSpec } from '../command.js';

export interface Word {
  readonly word: string;
  readonly description: string;
}

/** Names that only a running `bd` knows. */
export type Names = 'sandboxes' | 'events';

/** The completions of a value. */
export interface Values {
  readonly words: readonly string[];
  readonly names: Names | null;
}

export interface CompletedOption extends Word {
  /** Null for a flag. */
  readonly values: Values | null;
}

export interface Place {
  /** The program or group, then the command if one is typed: `bd sandbox:create`. */
  readonly keys: readonly string[];
  /** Commands, or values of the command's argument. */
  readonly words: readonly Word[];
  readonly options: readonly CompletedOption[];
  /** Names that also fit. */
  readonly names: Names | null;
}

/** Each group's place: `bd:sandbox`. */
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

/** Each option value with known completions: its place and its words. */
export const valuePlaces = (groups: readonly Group[]): (Values & { keys: string[] })[] =>
  placesOf(groups).flatMap(({ keys, options }) =>
    options.flatMap(({ word, values }) =>
      values === null ? [] : [{ ...values, keys: keys.map((key) => `${key} ${word}`) }],
    ),
  );

/** Shell commands that print names, one a line; nothing if the servers do not answer. */
export const NAMES: Readonly<Record<Names, string>> = {
  sandboxes: namesOf('list'),
  events: namesOf('emit --list'),
};

function namesOf(command: string): string {
  return String.raw`bd sandbox ${command} --json 2>/dev/null | sed -n 's/^ *"name": "\([a-z0-9-]*\)",*$/\1/p'`;
}
