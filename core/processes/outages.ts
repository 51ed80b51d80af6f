/** A provider that answered nothing for so long, though it was asked, is taken to be away. */
const AWAY_AFTER_MS = 10_000;
/** While one is away it is tried with a single question as often as that. */
const PROBE_EVERY_MS = 30_000;

/** What to do about what a provider owes. */
export type Asking =
  /** It may be back: one question tells. */
  | 'probe'
  /** It is back: everything is asked, whatever the schedule says. */
  | 'all';

interface Silence {
  /** When it was first asked in vain since it answered last; Infinity for not at all. */
  sinceMs: number;
  probedMs: number;
  /** It answers again, and has not been asked for everything yet. */
  isBack: boolean;
}

/**
 * Which providers are away, and which are back. The schedule of questions grows to days, which is for what a provider
 * cannot tell; what an outage has left open is asked about as soon as it is over.
 */
export class Outages {
  readonly #nowMs: () => number;
  readonly #silences: ReadonlyMap<string, Silence>;

  constructor(providers: Iterable<string>, { nowMs }: { nowMs: () => number }) {
    this.#nowMs = nowMs;
    // Whether one was away before this start nobody remembers, so each is tried once.
    this.#silences = new Map(
      [...providers].map((name) => [name, { sinceMs: -Infinity, probedMs: -Infinity, isBack: false }]),
    );
  }

  /** A call or a question came back, or did not. */
  note(provider: string, { isAnswered }: { isAnswered: boolean }): void {
    const silence = this.#silences.get(provider);
    if (silence === undefined) return;
    const nowMs = this.#nowMs();
    if (!isAnswered) {
      if (silence.sinceMs === Infinity) silence.sinceMs = nowMs;
      silence.isBack = false;
      return;
    }
    if (nowMs - silence.sinceMs >= AWAY_AFTER_MS) silence.isBack = true;
    silence.sinceMs = Infinity;
  }

  /** What is to be asked of a provider now; null for nothing besides the schedule. */
  next(provider: string): Asking | null {
    const silence = this.#silences.get(provider);
    if (silence === undefined) return null;
    if (silence.isBack) return 'all';
    const nowMs = this.#nowMs();
    if (nowMs - silence.sinceMs < AWAY_AFTER_MS || nowMs - silence.probedMs < PROBE_EVERY_MS) return null;
    silence.probedMs = nowMs;
    return 'probe';
  }

  /** Everything that it owed has been asked. */
  caughtUp(provider: string): void {
    const silence = this.#silences.get(provider);
    if (silence !== undefined) silence.isBack = false;
  }
}
