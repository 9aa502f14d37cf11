/** One holder at a time, in the order of asking. */
export class Mutex {
  private last: Promise<void> = Promise.resolve();

  /** Resolves with the function that gives the lock back. */
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
