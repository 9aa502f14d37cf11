/**
 * Checks the typed words before cac parses them. cac turns an unexpected word into an argument or a
 * `true`, or drops it, without an error.
 */
import { optionName, takesValue, type Command, type OptionSpec } from './command.js';
import { usage } from './io.js';
import { nearest } from './nearest.js';

/** A lone `-` is a value: for many programs it means standard input. */
const isOption = (token: string): boolean => token.startsWith('-') && token !== '-';

/** Removes control characters: what a person typed must not control the terminal. */
const shown = (token: string): string => token.slice(0, 60).replace(/\p{Cc}/gu, '?');

interface Option {
  readonly name: string;
  /** The text after `=`. */
  readonly value: string | undefined;
}

function optionOf(token: string): Option {
  const equals = token.indexOf('=');
  const [word, value] =
    equals < 0 ? [token, undefined] : [token.slice(0, equals), token.slice(equals + 1)];
  return { name: word.replace(/^--/, ''), value };
}

/**
 * Moves the command's word to the front: `--json list` becomes `list --json`. Words after `--`
 * stay.
 * @param commands all commands whose options may come first: an option with a value hides the next
 * word
 */
export function wordFirst(argv: readonly string[], commands: readonly Command[]): string[] {
  const valued = new Set(
    commands.flatMap(({ options = [] }) => options.filter(takesValue).map(optionName)),
  );
  let at = 0;
  for (
    let token = argv[at];
    token !== undefined && token !== '--' && isOption(token);
    token = argv[at]
  ) {
    const { name, value } = optionOf(token);
    at += valued.has(name) && value === undefined ? 2 : 1;
  }
  const word = argv[at];
  if (word === undefined || word === '--') return [...argv];
  return [word, ...argv.slice(0, at), ...argv.slice(at + 1)];
}

/** A flag and its opposite: `wait`, `no-wait`. */
function namesOf(spec: OptionSpec): string[] {
  const name = optionName(spec);
  return [name, name.startsWith('no-') ? name.slice(3) : `no-${name}`];
}

/**
 * Splits a command's words into its own and the rest after `--`. Another program's command line
 * also begins right after the arguments: `exec my-fix node --version` asks node for its version.
 */
export function partTokens(
  { args, rest, options = [] }: Command,
  tokens: readonly string[],
): { own: readonly string[]; rest: readonly string[] } {
  const valued = new Set(options.filter(takesValue).map(optionName));
  let operands = rest === undefined ? Infinity : args.split(' ').length;
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at] ?? '';
    if (token === '--') return { own: tokens.slice(0, at), rest: tokens.slice(at + 1) };
    if (isOption(token)) {
      const { name, value } = optionOf(token);
      if (valued.has(name) && value === undefined) at += 1;
    } else if (operands === 0) return { own: tokens.slice(0, at), rest: tokens.slice(at) };
    else operands -= 1;
  }
  return { own: tokens, rest: [] };
}

/**
 * @param place such as `bd sandbox create`; @throws SANDBOX_008 for an option that the command does
 * not have
 */
export function checkOptions(
  place: string,
  specs: readonly OptionSpec[],
  tokens: readonly string[],
): void {
  const help = `\`${place} --help\` lists the options.`;
  const given = new Map<OptionSpec, number>();
  for (let i = 0; i < tokens.length; i += 1) {
    const token = tokens[i] ?? '';
    if (!isOption(token)) continue;
    const { name, value } = optionOf(token);
    const spec = specs.find((one) => namesOf(one).includes(name));
    if (spec === undefined || !token.startsWith('--')) {
      const near = nearest(name.slice(0, 60), specs.map(optionName));
      throw usage(
        `unknown option ${shown(token.split('=')[0] ?? '')}`,
        near === null ? help : `Did you mean --${near}?`,
      );
    }
    if (takesValue(spec)) {
      const next = tokens[i + 1];
      if (
        name !== optionName(spec) ||
        (value === undefined && (next === undefined || isOption(next)))
      ) {
        throw usage(
          `option ${spec.flags} needs a value`,
          `A value that begins with a dash is written --${optionName(spec)}=VALUE.`,
        );
      }
      if (value === undefined) i += 1;
    } else if (value !== undefined && name.startsWith('no-')) {
      throw usage(`option --${name} takes no value`, `Write --${name}, or --${name.slice(3)}.`);
    } else if (value !== undefined && value !== 'true' && value !== 'false') {
      throw usage(
        `option --${optionName(spec)} is not ${JSON.stringify(value.slice(0, 60))}`,
        `Write --${optionName(spec)}, or --${optionName(spec)}=false.`,
      );
    }
    const times = (given.get(spec) ?? 0) + 1;
    given.set(spec, times);
    if (times > 1 && spec.repeats !== true)
      throw usage(`option ${spec.flags} is given more than once`, 'Leave one of them out.');
  }
}
