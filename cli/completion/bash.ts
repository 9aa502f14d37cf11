/** Completion for bash: `source <(bd completion bash)`. */
import type { Group } from '../command.js';
import { posixQuoted } from '../shell.js';
import { groupPlaces, NAMES, placesOf } from './places.js';

export function bashCompletion(groups: readonly Group[]): string {
  const cases = placesOf(groups).map(
    ({ keys, words, sandboxes }) =>
      `    ${keys.map(posixQuoted).join('|')}) words=${posixQuoted(words.map(({ word }) => word).join(' '))}; names=${sandboxes ? 1 : 0} ;;`,
  );
  return `# bash completion of bd; made by \`bd completion bash\`
_bd() {
  local cur=\${COMP_WORDS[COMP_CWORD]} group=bd command='' words='' names=0 word i
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
${cases.join('\n')}
  esac
  if [ "$names" = 1 ] && [ "\${cur#-}" = "$cur" ]; then
    words=$(${NAMES})
  fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _bd bd`;
}
