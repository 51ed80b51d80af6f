/** Where the time of a start goes. Steps may overlap: each tells when it began and how long it took, in milliseconds. */
export class Timeline {
  /** By step: when it began, counted from the beginning of the process, and how long it took. */
  readonly steps: Record<string, readonly [atMs: number, tookMs: number]> = {};

  async span<T>(step: string, task: () => Promise<T>): Promise<T> {
    const began = performance.now();
    try {
      return await task();
    } finally {
      this.#add(step, began);
    }
  }

  /** Everything since the process began: what Node itself needs before our first line runs. */
  sinceProcessStart(step: string): void {
    this.#add(step, 0);
  }

  /** From the beginning of the process until now. */
  get totalMs(): number {
    return Math.round(performance.now());
  }

  #add(step: string, began: number): void {
    this.steps[step] = [Math.round(began), Math.round(performance.now() - began)];
  }
}
