/** Completion for fish: `bd completion fish | source`. */
import type { Group } from '../command.js';
import { fishQuoted as quoted } from '../shell.js';
import { groupPlaces, NAMES, placesOf } from './places.js';

export function fishCompletion(groups: readonly Group[]): string {
  const lines = placesOf(groups).flatMap(({ keys, words, sandboxes }) => {
    const condition = `-n ${quoted(`__bd_at ${keys.map((key) => `"${key}"`).join(' ')}`)}`;
    return [
      ...words.map(({ word, description }) =>
        word.startsWith('--')
          ? `complete -c bd ${condition} -l ${word.slice(2)} -d ${quoted(description)}`
          : `complete -c bd ${condition} -f -a ${word} -d ${quoted(description)}`,
      ),
      ...(sandboxes ? [`complete -c bd ${condition} -f -a '(__bd_sandboxes)'`] : []),
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
    ${NAMES}
end
complete -c bd -f
${lines.join('\n')}`;
}
