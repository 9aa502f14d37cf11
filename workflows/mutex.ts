/** A lock: one holder at a time, in the order of the requests. */
export class Mutex {
  private last: Promise<void> = Promise.resolve();

  /** Resolves with the function that releases the lock. */
  async acquire(): Promise<() => void> {
    const before = this.last;
    let release: () => void = () => undefined;
    this.last = new Promise<void>((resolve) => {
      release = resolve;
    });
    await before;
    return release;
  }
}
