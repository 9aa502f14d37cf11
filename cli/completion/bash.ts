/** Completion for bash: `source <(bd completion bash)`. */
import type { Group } from '../command.js';
import { posixQuoted } from '../shell.js';
import { groupPlaces, NAMES, placesOf, valuePlaces, type Names } from './places.js';

function branch(keys: readonly string[], words: readonly string[], names: Names | null): string {
  const pattern = keys.map(posixQuoted).join('|');
  return `    ${pattern}) words=${posixQuoted(words.join(' '))}; names=${names ?? "''"} ;;`;
}

export function bashCompletion(groups: readonly Group[]): string {
  const places = placesOf(groups).map(({ keys, words, options, names }) =>
    branch(
      keys,
      [...words, ...options].map(({ word }) => word),
      names,
    ),
  );
  const values = valuePlaces(groups).map(({ keys, words, names }) => branch(keys, words, names));
  return `# bash completion of bd; made by \`bd completion bash\`
_bd() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]}
  local group=bd command='' words='' names='' word i
  # bash parts --format=json in three.
  if [ "$cur" = = ]; then cur=''; elif [ "$prev" = = ]; then prev=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case "$group:$word" in
      *:-*) continue ;;
      ${groupPlaces(groups).join('|')}) group="bd $word"; continue ;;
    esac
    command=$word
    break
  done
  case "$group:$command" in
${places.join('\n')}
  esac
  case "$group:$command $prev" in
${values.join('\n')}
  esac
  if [ "\${cur#-}" = "$cur" ]; then
    case $names in
      sandboxes) words=$(${NAMES.sandboxes}) ;;
      events) words=$(${NAMES.events}) ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _bd bd`;
}
