import { setTimeout as sleep } from 'node:timers/promises';
import { nowMs } from '../measure/clock.ts';

/** Rendering all metrics costs the core some milliseconds, so they are asked for often only when it matters. */
const FAR_POLL_MS = 250;
const NEAR_POLL_MS = 50;
const NEAR_EVENTS = 20_000;

/** How far the read models are behind the journal. */
export interface Lag {
  /** Events, all shards together. */
  readonly events: number;
  /** Of the shard that is furthest behind; undefined where the core does not tell. */
  readonly seconds: number | undefined;
}

/** The core's port for operations: readiness, metrics, and the controls that FLORIN_BENCH_CONTROLS=1 opens. */
export class Operations {
  readonly #base: string;

  constructor(port: number) {
    this.#base = `http://127.0.0.1:${port}`;
  }

  async isReady(): Promise<boolean> {
    try {
      const answer = await fetch(`${this.#base}/readyz`);
      await answer.arrayBuffer();
      return answer.status === 200;
    } catch {
      return false;
    }
  }

  async lag(): Promise<Lag> {
    const answer = await fetch(`${this.#base}/metrics`);
    const text = await answer.text();
    const events = samples(text, 'florin_projection_lag_events');
    if (events.length === 0) throw new Error('the core reports no florin_projection_lag_events');
    const seconds = samples(text, 'florin_projection_lag_seconds');
    return {
      events: events.reduce((sum, value) => sum + value, 0),
      seconds: seconds.length === 0 ? undefined : Math.max(...seconds),
    };
  }

  async projection(verb: 'pause' | 'resume'): Promise<void> {
    const answer = await fetch(`${this.#base}/projection/${verb}`, { method: 'POST' });
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`POST /projection/${verb} was answered with ${answer.status}`);
  }

  /** Waits until every event is in the read models; returns the seconds that took. */
  async caughtUp(): Promise<number> {
    const began = nowMs();
    for (;;) {
      const { events } = await this.lag();
      if (events === 0) return (nowMs() - began) / 1_000;
      await sleep(events > NEAR_EVENTS ? FAR_POLL_MS : NEAR_POLL_MS);
    }
  }
}

/** All values of one metric in the Prometheus text format. */
export function samples(text: string, name: string): number[] {
  const values: number[] = [];
  for (const line of text.split('\n')) {
    if (!line.startsWith(name)) continue;
    const match = /^(?:\{.*\})?\s+(\S+)/.exec(line.slice(name.length));
    if (match !== null) values.push(Number(match[1]));
  }
  return values;
}
