/** The types of environment variables: how a text is read, and how a value is written. */
import { isIPv4, isIPv6 } from 'node:net';
import { parseDuration } from '../../domain/duration.js';
import { problemOf } from '../addresses/problem.js';

/** Without a schema library: loading one takes `bd` longer than a request to the API. */
export interface ValueType<V> {
  /** @throws Error whose message is the problem: `must be …` */
  readonly read: (text: string) => V;
  /** The inverse of `read`: another process reads the same value from this text. */
  readonly write: (value: V) => string;
}

/** A text that stays as it is, unless `problem` names one. */
const checked = (problem: (text: string) => string | null): ValueType<string> => ({
  read(given) {
    const message = problem(given);
    if (message !== null) throw new Error(message);
    return given;
  },
  write: (value) => value,
});

const unless = (fine: boolean, problem: string): string | null => (fine ? null : problem);

export const text = checked(() => null);

export const matching = (pattern: RegExp, message: string): ValueType<string> =>
  checked((given) => unless(pattern.test(given), message));

export const secret = (atLeast: number): ValueType<string> =>
  checked(({ length }) => unless(length >= atLeast, `must have at least ${atLeast} characters`));

/** In milliseconds. */
export const duration = (most?: {
  readonly millis: number;
  readonly text: string;
}): ValueType<number> => ({
  read(written) {
    const millis = parseDuration(written);
    if (most !== undefined && millis > most.millis) throw new Error(`must be at most ${most.text}`);
    return millis;
  },
  write: (millis) => `${millis / 1_000}s`,
});

/** A text that a parser of the domain accepts, in its type. */
export const parsed = <V extends string>(read: (text: string) => V): ValueType<V> => ({
  read,
  write: (value) => value,
});

export const count = (min: number, max: number): ValueType<number> => ({
  read(written) {
    const value = /^[0-9]{1,9}$/.test(written) ? Number(written) : NaN;
    // A NaN is in no range.
    if (!(value >= min && value <= max))
      throw new Error(`must be a whole number from ${min} to ${max}`);
    return value;
  },
  write: String,
});

export const oneOf = <const T extends string>(values: readonly T[]): ValueType<T> => ({
  read(given) {
    const value = values.find((known) => known === given);
    if (value === undefined) throw new Error(`must be one of ${values.join(', ')}`);
    return value;
  },
  write: (value) => value,
});

export const onOff: ValueType<boolean> = {
  read: (given) => oneOf(['on', 'off']).read(given) === 'on',
  write: (on) => (on ? 'on' : 'off'),
};

/** Each part has to pass each check, which names the problem of the whole list. */
const list = (
  ...checks: readonly { readonly every: (part: string) => boolean; readonly problem: string }[]
): ValueType<readonly string[]> => ({
  read(given) {
    const parts = given.split(',').map((part) => part.trim());
    const failed = checks.find(({ every }) => !parts.every(every));
    if (failed !== undefined) throw new Error(failed.problem);
    return parts;
  },
  write: (parts) => parts.join(','),
});

/** An IP address or a network. A zone (`fe80::1%eth0`) means something on one machine alone. */
function isAddress(given: string): boolean {
  const [address = '', bits, ...rest] = given.split('/');
  const longest = isIPv4(address) ? 32 : isIPv6(address) && !address.includes('%') ? 128 : -1;
  if (bits === undefined) return longest > 0;
  return rest.length === 0 && /^(0|[1-9][0-9]{0,2})$/.test(bits) && Number(bits) <= longest;
}

const addresses = list({
  every: isAddress,
  problem: 'must be IP addresses or networks such as 10.0.0.0/8, separated by commas',
});

/** IP addresses and networks, separated by commas. */
export const addressList: ValueType<readonly string[]> = {
  ...addresses,
  read: (given) => {
    const named = given.split(',').filter((part) => part.trim() !== '');
    return named.length === 0 ? [] : addresses.read(named.join(','));
  },
};

export const host = checked((given) =>
  unless(isIPv4(given) || given === '::', 'must be an IPv4 address, or `::`'),
);

export const url = (...schemes: string[]): ValueType<string> =>
  checked((given) =>
    unless(
      schemes.some((scheme) => given.startsWith(`${scheme}://`)) && URL.canParse(given),
      `must be a URL beginning ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`,
    ),
  );

/** An address that the given parser accepts. */
export const addressOf = (read: (given: string) => unknown): ValueType<string> =>
  checked((given) => problemOf(() => read(given)));

const SUBJECT = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*(\.[*>])?$/;

export const productionSubjects = list(
  {
    every: (subject) => SUBJECT.test(subject) && /^(events|commands)\./.test(subject),
    problem: 'must be subjects below events. or commands., separated by commas',
  },
  {
    every: (subject) => !/^(events|commands)\.(>|raw(\.|$))/.test(subject),
    problem: 'must not cover events.raw.> or commands.raw.>: JetStream refuses overlapping streams',
  },
);
