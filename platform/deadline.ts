/** Outer deadlines: some drivers wait for ever for a server that is going down. */

export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
}

/** The promise's outcome, or DeadlineError after `millis`. The work itself is not cancelled. */
export async function withDeadline<T>(work: Promise<T>, millis: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new DeadlineError(`${what} did not answer within ${millis} ms`));
    }, millis);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

export const delay = (millis: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, millis));
