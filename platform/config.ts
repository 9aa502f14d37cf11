/**
 * Reads and validates the environment once, by the table of config/settings.ts. Reports all wrong
 * values together.
 */
import { resolve } from 'node:path';
import { checkTtl } from '../domain/duration.js';
import { messageOf, SandboxError } from '../domain/errors.js';
import type { GuildPolicy } from '../domain/permissions.js';
import {
  isSetting,
  settingsOf,
  type AnySetting,
  type Settings,
  type Values,
} from './config/setting.js';
import { SETTINGS } from './config/settings.js';
import { temporalProblems } from './temporal-security.js';

export type Config = Values<typeof SETTINGS>;

export type Policy = Config['policy'];

/** Of a worker. The local stack names `any` for its own (deploy/stack/startup.ts). */
export const guildPolicyOf = ({ guildPolicy = 'granted' }: Config): GuildPolicy => guildPolicy;

/** Addresses from the environment; the local stack supplies the rest. */
export type GivenAddresses = Config['given'];

type Environment = Readonly<Record<string, string | undefined>>;

const namesOf = ({ name, plainName }: AnySetting): string[] =>
  plainName === undefined ? [name] : [name, plainName];

/** Every variable of the configuration. */
export const CONFIG_VARIABLES: readonly string[] = settingsOf(SETTINGS).flatMap(namesOf);

/** @throws SANDBOX_008 with every wrong variable */
export function loadConfig(env: Environment, cwd = process.cwd()): Config {
  const problems: string[] = [];
  const read = valuesOf(SETTINGS, countingOf(env), problems) as Config;
  problems.push(...temporalProblems(read.temporalSecurity));
  if (problems.length > 0) {
    throw new SandboxError(
      'SANDBOX_008',
      `the environment is not valid:\n  ${problems.join('\n  ')}`,
    );
  }
  const { defaultTtlMs, minTtlMs, maxTtlMs } = read.policy;
  checkTtl(defaultTtlMs, { minMs: minTtlMs, maxMs: maxTtlMs });
  return { ...read, home: resolve(cwd, read.home) };
}

/** The variables from which `loadConfig` makes the same `config`. Unset variables are undefined. */
export function environmentOf(config: Config): Record<string, string | undefined> {
  return {
    ...Object.fromEntries(CONFIG_VARIABLES.map((name) => [name, undefined])),
    ...Object.fromEntries(written(SETTINGS, config)),
  };
}

/**
 * An empty variable counts as unset, as in shells and compose files. While `SANDBOX_ID` is set, the
 * plain URLs are a tenant's, exported by `connect`. Temporal's security belongs to the address that
 * is given with it.
 */
function countingOf(env: Environment): Environment {
  const isSet = (name: string): boolean => env[name] !== undefined && env[name] !== '';
  const ignored = new Set([
    ...(isSet('SANDBOX_ID') ? settingsOf(SETTINGS).map(({ plainName }) => plainName) : []),
    ...(isSet('TEMPORAL_ADDRESS') ? [] : Object.keys(SETTINGS.temporalSecurity)),
  ]);
  return Object.fromEntries(
    CONFIG_VARIABLES.filter((name) => isSet(name) && !ignored.has(name)).map((name) => [
      name,
      env[name],
    ]),
  );
}

/** An absent value makes no field. Each problem is added to `problems` as a line. */
function valuesOf(table: Settings, env: Environment, problems: string[]): Record<string, unknown> {
  const fields = Object.entries(table).map(([field, entry]): [string, unknown] => [
    field,
    isSetting(entry) ? valueOf(entry, env, problems) : valuesOf(entry, env, problems),
  ]);
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
}

/** Both names are checked if both are set; the first counts. */
function valueOf(setting: AnySetting, env: Environment, problems: string[]): unknown {
  const { fallback, type } = setting;
  const given = namesOf(setting).filter((name) => env[name] !== undefined);
  const values = given.map((name) => {
    try {
      return type.read(env[name] ?? '');
    } catch (error) {
      problems.push(`${name}: ${messageOf(error)}`);
      return undefined;
    }
  });
  if (given.length > 0 || fallback === undefined) return values[0];
  return type.read(typeof fallback === 'string' ? fallback : fallback());
}

function written(table: Settings, values: Readonly<Record<string, unknown>>): [string, string][] {
  return Object.entries(table).flatMap(([field, entry]): [string, string][] => {
    const value = values[field];
    if (value === undefined) return [];
    return isSetting(entry)
      ? [[entry.name, entry.type.write(value as never)]]
      : written(entry, value as Readonly<Record<string, unknown>>);
  });
}
