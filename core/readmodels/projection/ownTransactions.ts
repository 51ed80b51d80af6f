import { PAYMENT, TX } from '../../kernel/ledger/layout.ts';
import { uuidAt } from '../../kernel/ledger/uuid.ts';
import { derivedId } from '../../kernel/payments/chart.ts';
import { type EventCursor, parts } from './cursor.ts';

/** `payment {intent's id} {purpose}` is the reference of what the kernel books for a payment. */
const PREFIX = 'payment ';
const PREFIX_BYTES = PREFIX.length + 36 + 1;
const FIRST_WORD = 0x70_61_79_6d;

interface Candidate {
  seq: number;
  id: string;
  /** Behind the intent's id. */
  purpose: string;
}

/**
 * Which transactions belong to a payment event: those right before it whose ids follow from its own and their purpose,
 * see Flow.write. A caller may write any reference, and cannot make such an id by chance.
 */
export class OwnTransactions {
  #run: Candidate[] = [];

  clear(): void {
    this.#run = [];
  }

  /** A transaction that has a reference, whatever it says. */
  see(cursor: EventCursor): void {
    const bytes = cursor.u16(TX.referenceBytes);
    if (bytes < PREFIX_BYTES) return;
    const { flags } = cursor;
    const at = parts.postings(cursor, flags) + cursor.u16(TX.postings) * parts.stride(flags);
    if (cursor.view.getUint32(at) !== FIRST_WORD) return;
    const text = cursor.text(at - cursor.at, bytes);
    if (!text.startsWith(PREFIX)) return;
    const id = uuidAt(cursor.view, cursor.at + TX.id);
    this.#run.push({ seq: cursor.seq, id, purpose: text.slice(PREFIX_BYTES) });
  }

  /** How many of the transactions right before this payment event are its own. */
  countOf(cursor: EventCursor): number {
    const run = this.#run;
    if (run.length === 0) return 0;
    this.#run = [];
    const id = uuidAt(cursor.view, cursor.at + PAYMENT.id);
    if (id === '') return 0;
    let count = 0;
    for (let at = run.length - 1; at >= 0; at--) {
      const { seq, id: own, purpose } = run[at];
      if (seq !== cursor.seq - 1 - count || own !== derivedId(id, purpose)) break;
      count++;
    }
    return count;
  }
}
