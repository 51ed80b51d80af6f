import pg from 'pg';
import type { PaymentResult } from '../../../gen/florin/payments/v1/payments_pb.ts';

/** What a caller has sent under an id, and what it was told. */
interface Kept {
  readonly book: string;
  told: { readonly is: 'changed' | 'refused'; readonly seq: bigint; readonly reason: string } | null;
}

/** What callers have sent and were told: nothing that they were told may be otherwise afterwards. */
export class PaymentLedger {
  readonly #kept = new Map<string, Kept>();
  /** Answers that differ from the one before under the same id. */
  readonly #contradictions: string[] = [];
  /** Reasons of refusals, and how often each was given. */
  readonly refusals = new Map<string, number>();
  /** Payments that were asked for. */
  payments = 0;
  answers = 0;
  /** Calls without an answer. */
  unanswered = 0;

  sending(book: string, id: string): void {
    if (!this.#kept.has(id)) this.#kept.set(id, { book, told: null });
  }

  answered(id: string, { outcome }: PaymentResult): void {
    this.answers++;
    const kept = this.#kept.get(id);
    if (kept === undefined) throw new Error('an answer to what was never sent');
    if (outcome.case === undefined) throw new Error('an answer without an outcome');
    const reason = outcome.case === 'refused' ? outcome.value.reason : '';
    if (reason !== '') this.refusals.set(reason, (this.refusals.get(reason) ?? 0) + 1);
    // What is not remembered may be answered otherwise the next time.
    if (outcome.case === 'refused' && !outcome.value.remembered) return;
    const told = { is: outcome.case, seq: outcome.value.seq, reason };
    const before = kept.told;
    kept.told ??= told;
    if (before !== null && (before.is !== told.is || before.seq !== told.seq || before.reason !== reason))
      this.#contradictions.push(
        `${id} was ${before.is} ${before.reason} at ${before.seq}, then ${told.is} ${reason} at ${told.seq}`,
      );
  }

  /** What is not in the books as callers were told, and what is there that nobody has sent. */
  async findings(databaseUrl: string): Promise<string[]> {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    try {
      const { rows } = await client.query<{ id: string; seq: string; is: 'changed' | 'refused' }>(
        `SELECT command_id AS id, seq, 'changed' AS is FROM books.payment_timeline WHERE cause = 'caller'
         UNION ALL SELECT id, seq, 'refused' FROM books.refusals`,
      );
      const found = [...this.#contradictions];
      const there = new Map(rows.map((row) => [row.id, row]));
      for (const [id, { told }] of this.#kept) {
        const row = there.get(id);
        if (told === null) continue;
        if (row === undefined) found.push(`${id} was ${told.is} at ${told.seq}, and is not there`);
        else if (row.is !== told.is || BigInt(row.seq) !== told.seq)
          found.push(`${id} was ${told.is} at ${told.seq}, and is ${row.is} at ${row.seq}`);
      }
      for (const { id, is } of rows)
        if (!this.#kept.has(id)) found.push(`${id} is ${is}, and nobody sent it`);
      return found;
    } finally {
      await client.end();
    }
  }
}
