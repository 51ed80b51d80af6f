import { AccountColumns } from './accountColumns.ts';
import type { Adoptions } from './adoptions.ts';
import type { Expected } from './comparison.ts';
import { uuidText, type EventAt } from './events.ts';
import type { Findings } from './findings.ts';
import type { Hold } from './holds.ts';
import { IdSet } from './idSet.ts';
import { PaymentsFold } from './paymentFold.ts';
import type { Reversed } from './reversals.ts';
import { TupleWriter } from './tupleWriter.ts';

/**
 * One shard from its first event on: what verify works out by itself from amounts and kinds alone. What events say of
 * their own outcome (counters, versions, sides, states) is compared with that, never taken over unless it differs, so
 * that one wrong event is told once.
 */
export class ShardFold {
  readonly shard: number;
  readonly server: number;
  readonly accounts = new AccountColumns();
  readonly ids = new IdSet();
  /** Open holds by seq. */
  readonly holds = new Map<number, Hold>();
  readonly reversed = new Map<number, Reversed>();
  readonly payments = new PaymentsFold();
  readonly assetNumbers = new Map<string, number>();
  readonly customAssets = new Set<string>();
  readonly books = new Set<number>();
  readonly bookNames = new Set<string>();
  readonly tuple = new TupleWriter();
  /** Of all shards together. */
  readonly adoptions: Adoptions;
  /** Where the rows go: a comparison up to the watermark, nowhere behind it. */
  expected: Expected;
  highStampMs = 0;
  controlSeq = 0;
  transactions = 0;
  readonly #findings: Findings;

  constructor(options: {
    shard: number;
    server: number;
    expected: Expected;
    findings: Findings;
    adoptions: Adoptions;
  }) {
    this.shard = options.shard;
    this.server = options.server;
    this.expected = options.expected;
    this.#findings = options.findings;
    this.adoptions = options.adoptions;
  }

  tell(rule: string, event: EventAt, message: string): void {
    this.#findings.add({
      rule,
      server: this.server,
      shard: this.shard,
      height: event.height,
      seq: event.seq,
      message,
    });
  }

  /** Spends an id and raises the highest stamp of a UUIDv7. */
  spend(event: EventAt, book: number, at: number): void {
    const { view } = event;
    if (!this.ids.spend(book, view, at))
      this.tell('I7', event, `the id ${uuidText(event.bytes, at)} was spent before in book ${book}`);
    const word = view.getUint32(at + 4);
    if (((word >>> 12) & 15) !== 7) return;
    const stamp = view.getUint32(at) * 65_536 + (word >>> 16);
    if (stamp > this.highStampMs) this.highStampMs = stamp;
  }

  /** A small number for an asset of this shard. */
  assetNumber(code: string): number {
    let number = this.assetNumbers.get(code);
    if (number === undefined) this.assetNumbers.set(code, (number = this.assetNumbers.size));
    return number;
  }

  assetCode(number: number): string {
    for (const [code, known] of this.assetNumbers) if (known === number) return code;
    return String(number);
  }
}
