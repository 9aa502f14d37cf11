/** Help that fits 80 columns: cac prints each description on one line, however long. */

const WIDTH = 80;

export interface HelpSection {
  title?: string;
  body: string;
}

/** Given to cac, which prints what it returns. A description goes on under its own beginning. */
export function wrapHelp(sections: HelpSection[]): HelpSection[] {
  return sections.map(({ title, body }) => {
    // cac repeats every command here; one line says the same.
    const pointers = title?.startsWith('For more info') === true;
    const shown = pointers ? body.replace(/^(.*?)\S+ --help[^]*$/, '$1<command> --help') : body;
    return {
      ...(title === undefined ? {} : { title: pointers ? 'More' : title }),
      body: shown.split('\n').map(wrapLine).join('\n'),
    };
  });
}

function wrapLine(line: string): string {
  if (line.length <= WIDTH) return line.trimEnd();
  const columns = /^( {2}\S.*? {2,})\S/.exec(line);
  const indent = columns?.[1]?.length ?? 4;
  // Nothing to hang the text under: narrower than half the width is no column any more.
  if (indent > WIDTH - 24) return line;
  const lines: string[] = [];
  let current = line.slice(0, indent);
  for (const word of line.slice(indent).split(' ')) {
    if (current.length > indent && current.length + word.length > WIDTH) {
      lines.push(current.trimEnd());
      current = ' '.repeat(indent);
    }
    current += `${word} `;
  }
  return [...lines, current.trimEnd()].join('\n');
}
