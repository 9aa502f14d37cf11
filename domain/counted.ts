/** Counts in messages: `1 guild`, `2 guilds`. */

export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}
