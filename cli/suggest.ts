/** "Did you mean": the likely commands for an unknown word. */
import type { Group } from './command.js';
import { nearest } from './nearest.js';
import { SYNONYMS } from './synonyms.js';

/**
 * Commands as typed, the likeliest first; empty if none is similar. The group's own commands rank
 * above those of other groups (`bd create` → `bd sandbox create`), synonyms above similar words.
 */
export function suggestionsFor(group: Group, word: string, groups: readonly Group[]): string[] {
  const [others, rare] = [false, true].map((isRare) =>
    groups.filter((one) => one.name !== group.name && (one.isRare ?? false) === isRare),
  );
  const inGroup = (found: (one: Group) => string | null, among: readonly Group[] = []): string[] =>
    among.flatMap((one) => {
      const name = found(one);
      return name === null ? [] : [`${one.name} ${name}`];
    });
  const ways = [
    () => inGroup((one) => synonymIn(one, word), [group]),
    () => inGroup((one) => commandIn(one, word) ?? synonymIn(one, word), others),
    () => inGroup((one) => commandIn(one, word) ?? synonymIn(one, word), rare),
    () => inGroup((one) => nearest(word, wordsOf(one)), [group]),
    () => inGroup((one) => nearest(word, wordsOf(one)), others),
    () => inGroup((one) => nearest(word, wordsOf(one)), rare),
  ];
  for (const way of ways) {
    const found = way();
    if (found.length > 0) return found;
  }
  return [];
}

/** Names and aliases of its commands. */
export const wordsOf = ({ commands }: Group): string[] =>
  commands.flatMap(({ name, aliases = [] }) => [name, ...aliases]);

function commandIn({ commands }: Group, word: string): string | null {
  return (
    commands.find(({ name, aliases }) => name === word || aliases?.includes(word))?.name ?? null
  );
}

function synonymIn({ name, commands }: Group, word: string): string | null {
  const meant = SYNONYMS[name]?.get(word);
  return commands.find((command) => command.name === meant)?.name ?? null;
}
