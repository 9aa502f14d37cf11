/** Looks up the sandboxes of `bd sandbox destroy` before the question. */
import { counted } from '../../domain/counted.js';
import { SandboxError } from '../../domain/errors.js';
import type { SandboxStatus } from '../../domain/status.js';
import type { Control } from '../../domain/control.js';
import type { CommandContext } from '../command.js';
import { usage } from '../io.js';

export interface Target {
  /** The name as typed; with `--all` the sandbox's name. */
  readonly shown: string;
  /** The reference to destroy by. With `--all` the id: another sandbox may soon have the name. */
  readonly ref: string;
  readonly status: SandboxStatus;
}

export interface Targets {
  readonly known: readonly Target[];
  /** One SANDBOX_004 for each unknown name. */
  readonly unknown: readonly SandboxError[];
}

/** @throws SANDBOX_008 for an invalid name, SANDBOX_009. Nothing is destroyed then. */
export async function targetsOf({ input }: CommandContext, api: Control): Promise<Targets> {
  if (!input.flag('all')) {
    if (input.args.length === 0) {
      throw usage(
        'destroy: name a sandbox, or use --all',
        'Usage: bd sandbox destroy <sandbox>… | --all',
      );
    }
    return lookUp(api, [...new Set(input.args)]);
  }
  if (input.args.length > 0) throw usage('destroy: --all takes no names', 'Leave one of them out.');
  const live = await api.list({ owner: input.text('owner') ?? (await api.me()).name });
  return {
    known: live.map(({ id, name, status }) => ({ shown: name, ref: id, status })),
    unknown: [],
  };
}

async function lookUp(api: Control, names: readonly string[]): Promise<Targets> {
  const found = await Promise.all(
    names.map((name) =>
      api.statusToDestroy(name).then(
        (status): Target => ({ shown: name, ref: name, status }),
        (error: unknown) => {
          if (error instanceof SandboxError && error.code === 'SANDBOX_004') return error;
          throw error;
        },
      ),
    ),
  );
  return {
    known: found.flatMap((one) => (one instanceof SandboxError ? [] : [one])),
    unknown: found.flatMap((one) => (one instanceof SandboxError ? [one] : [])),
  };
}

/** `sandbox a`, `3 sandboxes`. */
export function named(targets: readonly Target[]): string {
  const [first] = targets;
  return targets.length === 1 && first !== undefined
    ? `sandbox ${first.shown}`
    : counted(targets.length, 'sandbox', 'sandboxes');
}
