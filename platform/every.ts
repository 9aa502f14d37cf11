/** Work that is done again and again, one time after the other. */

/**
 * Does `work` every `millis`, the first time after the first `millis`. While one still runs none is begun: a server that is
 * slow is not asked again meanwhile. `work` says itself what went wrong: its failure ends nothing.
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
