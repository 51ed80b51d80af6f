/** What a step of the start took; milliseconds since the process began. */
export interface Step {
  readonly step: string;
  readonly atMs: number;
  readonly tookMs: number;
}

/** Where the time of a start goes. Steps may overlap: each tells when it began and how long it took. */
export class Timeline {
  readonly steps: Step[] = [];

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

  /** Until now, from the beginning of the process. */
  get totalMs(): number {
    return Math.round(performance.now());
  }

  #add(step: string, began: number): void {
    const tookMs = Math.round(performance.now() - began);
    this.steps.push({ step, atMs: Math.round(began), tookMs });
  }
}
