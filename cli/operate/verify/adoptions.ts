import type { EventAt } from './events.ts';
import type { Findings } from './findings.ts';

/** A book or a custom asset in words that are equal only where all of it is. */
export const bookWords = (number: number, name: string, shard: number): string =>
  `book ${number} ${JSON.stringify(name)} of shard ${shard}`;
export const assetWords = (code: string, scale: number, name: string): string =>
  `asset ${code} with scale ${scale} ${JSON.stringify(name)}`;

interface Creation {
  words: string;
  /** The shard that adopts it; null for all of them. */
  shard: number | null;
}

interface Adoption {
  server: number;
  shard: number;
  height: number;
  seq: number;
  controlSeq: number;
  words: string;
}

/**
 * What the control shard created against what data shards adopted of it, over all servers: a copy is what was created,
 * and of the events that are meant for a shard none is left out before the last that it has adopted.
 */
export class Adoptions {
  readonly #created = new Map<number, Creation>();
  readonly #adopted: Adoption[] = [];
  /** Where its journal was found, and the seq at which it ends. */
  #control: { server: number; seq: number } | null = null;
  #isControlWhole = true;

  created(event: EventAt, creation: Creation): void {
    this.#created.set(event.seq, creation);
  }

  adopted(
    event: EventAt,
    { server, shard, controlSeq, words }: Pick<Adoption, 'server' | 'shard' | 'controlSeq' | 'words'>,
  ): void {
    this.#adopted.push({ server, shard, height: event.height, seq: event.seq, controlSeq, words });
  }

  /** The control shard's journal was read to its end, or could not be; then there is nothing to compare with. */
  controlEnds(at: { server: number; seq: number; isComplete: boolean }): void {
    this.#control = at;
    this.#isControlWhole &&= at.isComplete;
  }

  /** Tells what differs, once all shards of all servers have been replayed. */
  compare(findings: Findings): void {
    if (!this.#isControlWhole) return;
    const byShard = new Map<number, Adoption[]>();
    for (const adoption of this.#adopted) {
      const created = this.#created.get(adoption.controlSeq);
      if (created?.words !== adoption.words && !this.#isLater(adoption))
        findings.add({
          rule: 'I9',
          ...placeOf(adoption),
          message: `adopts ${adoption.words} as event ${adoption.controlSeq} of the control shard, which is ${created?.words ?? 'none of a book or an asset'}`,
        });
      const own = byShard.get(adoption.shard);
      if (own === undefined) byShard.set(adoption.shard, [adoption]);
      else own.push(adoption);
    }
    for (const [shard, adoptions] of byShard) this.#tellLeftOut(shard, adoptions, findings);
  }

  #tellLeftOut(shard: number, adoptions: readonly Adoption[], findings: Findings): void {
    const adopted = new Set(adoptions.map(({ controlSeq }) => controlSeq));
    const last = adoptions.reduce((a, b) => (b.controlSeq > a.controlSeq ? b : a));
    for (const [seq, created] of this.#created) {
      if (seq > last.controlSeq || adopted.has(seq) || (created.shard ?? shard) !== shard) continue;
      findings.add({
        rule: 'I9',
        ...placeOf(last),
        message: `adopts event ${last.controlSeq} of the control shard and has left out event ${seq} before it: ${created.words}`,
      });
    }
  }

  /** Other servers are read at a later moment than the control shard: what it has created since is not known here. */
  #isLater({ server, controlSeq }: Adoption): boolean {
    return this.#control !== null && server !== this.#control.server && controlSeq > this.#control.seq;
  }
}

function placeOf({ server, shard, height, seq }: Adoption) {
  return { server, shard, height, seq };
}
