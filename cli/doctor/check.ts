/** One question of `bd doctor`: its finding, and the remedy for a problem. */
import { messageOf, SandboxError } from '../../domain/errors.js';
import { withDeadline } from '../../platform/deadline.js';

export interface Finding {
  /** Such as `postgres` or `sweep schedule`. */
  readonly name: string;
  /** `unknown`: the question needs a server that does not answer. */
  readonly state: 'ok' | 'warning' | 'failed' | 'unknown';
  readonly detail: string;
  /** Empty if there is nothing to do. */
  readonly remedy: string;
}

export const ok = (name: string, detail: string): Finding => ({
  name,
  state: 'ok',
  detail,
  remedy: '',
});
export const failed = (name: string, detail: string, remedy: string): Finding => ({
  name,
  state: 'failed',
  detail,
  remedy,
});
export const warning = (name: string, detail: string, remedy: string): Finding => ({
  name,
  state: 'warning',
  detail,
  remedy,
});
export const unknown = (name: string, needs: string): Finding => ({
  name,
  state: 'unknown',
  detail: `not known: it needs ${needs}`,
  remedy: `See ${needs}.`,
});

const DEADLINE_MS = 8_000;

/**
 * A failed question is a finding too. If another server does not answer, the finding is `unknown`:
 * that says nothing about the subject of the question.
 */
export async function ask(
  name: string,
  remedy: string,
  question: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await withDeadline(question(), DEADLINE_MS, name);
  } catch (error) {
    const dependency = error instanceof SandboxError ? error.details.dependency : undefined;
    const away = dependency ?? name;
    // The server's own line reports the failure and its remedy.
    if (away !== name) return [unknown(name, away)];
    return [failed(name, messageOf(error), remedy)];
  }
}

/** A larger skew makes expiries and `--since` surprising. */
const SKEW_MS = 2_000;

/** @param asked the times before and after the request; the server read its clock in between */
export function clock(
  server: string,
  serverTime: number,
  asked: { readonly from: number; readonly to: number },
): Finding {
  const name = `${server} clock`;
  const apart =
    serverTime < asked.from ? serverTime - asked.from : Math.max(0, serverTime - asked.to);
  const text = `${Math.abs(apart)} ms ${apart < 0 ? 'behind' : 'ahead'}`;
  if (Math.abs(apart) <= SKEW_MS) return ok(name, apart === 0 ? 'agrees' : text);
  return failed(name, `${text} of this machine`, 'Run NTP on both machines.');
}

/** Compares the first numbers of a version with a minimum, such as `[2, 14]`. */
export function version(server: string, text: string, minimum: readonly [number, number]): Finding {
  const name = `${server} version`;
  const [, major = '0', minor = '0'] = /(\d+)(?:\.(\d+))?/.exec(text) ?? [];
  const newEnough =
    Number(major) > minimum[0] || (Number(major) === minimum[0] && Number(minor) >= minimum[1]);
  if (newEnough) return ok(name, text);
  return failed(
    name,
    `${text}, and at least ${minimum.join('.')} is needed`,
    `Update ${server} to ${minimum.join('.')} or newer.`,
  );
}
