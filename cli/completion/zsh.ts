/** Completion for zsh: `source <(bd completion zsh)`, or a file `_bd` on the fpath. */
import type { Group } from '../command.js';
import { posixQuoted } from '../shell.js';
import { groupPlaces, NAMES, placesOf, valuePlaces } from './places.js';

export function zshCompletion(groups: readonly Group[]): string {
  const places = placesOf(groups).map(({ keys, words, options, names }) => {
    const described = [...words, ...options].map(({ word, description }) =>
      posixQuoted(`${word}:${description}`),
    );
    return `    ${keys.map(posixQuoted).join('|')}) candidates=(${described.join(' ')}); names=${names ?? "''"} ;;`;
  });
  const values = valuePlaces(groups).map(
    ({ keys, words, names }) =>
      `    ${keys.map(posixQuoted).join('|')}) values=(${words.map(posixQuoted).join(' ')}); names=${names ?? "''"}; value=1 ;;`,
  );
  return `#compdef bd
# zsh completion of bd; made by \`bd completion zsh\`
_bd() {
  local group=bd command='' names='' value=0 prev=$words[CURRENT-1] word i
  local -a candidates values live
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
${places.join('\n')}
  esac
  if [[ $words[CURRENT] == --*=* ]]; then
    prev=\${words[CURRENT]%%=*}
    compset -P '*='
  fi
  case "$group:$command $prev" in
${values.join('\n')}
  esac
  if [[ $value == 1 || $words[CURRENT] != -* ]]; then
    case $names in
      sandboxes) live=("\${(@f)$(${NAMES.sandboxes})}") ;;
      events) live=("\${(@f)$(${NAMES.events})}") ;;
    esac
    if [[ $value == 1 || -n $names ]]; then
      compadd -a values live
      return
    fi
  fi
  _describe -t commands bd candidates
}
if [[ $funcstack[1] == _bd ]]; then _bd "$@"; else compdef _bd bd; fi`;
}
