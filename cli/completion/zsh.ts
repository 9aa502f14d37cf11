/** Completion for zsh: `source <(bd completion zsh)`, or saved as `_bd` on the fpath. */
import type { Group } from '../command.js';
import { posixQuoted } from '../shell.js';
import { groupPlaces, NAMES, placesOf } from './places.js';

export function zshCompletion(groups: readonly Group[]): string {
  const cases = placesOf(groups).map(({ keys, words, sandboxes }) => {
    const described = words.map(({ word, description }) => posixQuoted(`${word}:${description}`));
    return `    ${keys.map(posixQuoted).join('|')}) candidates=(${described.join(' ')}); names=${sandboxes ? 1 : 0} ;;`;
  });
  return `#compdef bd
# zsh completion of bd; made by \`bd completion zsh\`
_bd() {
  local group=bd command='' names=0 word i
  local -a candidates live
  for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
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
  if [[ $names == 1 && $words[CURRENT] != -* ]]; then
    live=("\${(@f)$(${NAMES})}")
    compadd -a live
    return
  fi
  _describe -t commands bd candidates
}
if [[ $funcstack[1] == _bd ]]; then _bd "$@"; else compdef _bd bd; fi`;
}
