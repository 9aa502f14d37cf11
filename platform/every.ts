/** Repeats work, one run at a time. */

/**
 * Runs `work` every `millis`, first after `millis`. Skips a run while one is in flight: a slow
 * server gets no second request. `work` reports its own failures; a failure does not end the loop.
 */
export function every(millis: number, work: () => Promise<unknown>): { close(): void } {
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    work()
      .catch(() => undefined)
      .finally(() => {
        busy = false;
      });
  }, millis);
  return {
    close: () => {
      clearInterval(timer);
    },
  };
}
