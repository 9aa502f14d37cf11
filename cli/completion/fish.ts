/** Completion for fish: `bd completion fish | source`. */
import type { Group } from '../command.js';
import { fishQuoted as quoted } from '../shell.js';
import { groupPlaces, NAMES, placesOf, type Values } from './places.js';

/** The completions of a value. */
function valuesOf({ words, names }: Values): string {
  const offered = [...words, ...(names === null ? [] : [`(__bd_${names})`])];
  return offered.length === 0 ? '-r' : `-x -a ${quoted(offered.join(' '))}`;
}

export function fishCompletion(groups: readonly Group[]): string {
  const lines = placesOf(groups).flatMap(({ keys, words, options, names }) => {
    const at = `complete -c bd -n ${quoted(`__bd_at ${keys.map((key) => `"${key}"`).join(' ')}`)}`;
    return [
      ...words.map(({ word, description }) => `${at} -f -a ${word} -d ${quoted(description)}`),
      ...options.map(({ word, description, values }) =>
        [at, '-l', word.slice(2), ...(values === null ? [] : [valuesOf(values)])]
          .concat('-d', quoted(description))
          .join(' '),
      ),
      ...(names === null ? [] : [`${at} -f -a '(__bd_${names})'`]),
    ];
  });
  return `# fish completion of bd; made by \`bd completion fish\`
function __bd_at
    set -l group bd
    set -l command ''
    for word in (commandline -opc)[2..]
        switch "$group:$word"
            case '*:-*'
                continue
            case ${groupPlaces(groups).map(quoted).join(' ')}
                set group "bd $word"
                continue
        end
        set command $word
        break
    end
    contains -- "$group:$command" $argv
end
function __bd_sandboxes
    ${NAMES.sandboxes}
end
function __bd_events
    ${NAMES.events}
end
complete -c bd -f
${lines.join('\n')}`;
}
