import type { LedgerNode } from '../../shard/node.ts';
import type {
  BatchAnswer,
  CallContext,
  ControlAnswer,
  LedgerService,
  Malformed,
} from '../../shard/service.ts';
import type { Reason } from '../../kernel/ledger/refusals.ts';
import type { ControlCommand, LedgerCommand } from '../../kernel/ledger/commands.ts';
import { readTransactions } from './readTransactions.ts';
import { writeResults } from './writeResults.ts';

/** A node as RPC speaks to it: transactions go in and out as the bytes of the wire. */
export class WireLedger implements LedgerService {
  readonly #node: LedgerNode;
  readonly #refused: (reason: Reason, items: number) => void;

  constructor(node: LedgerNode, observe: { refused: (reason: Reason, items: number) => void }) {
    this.#node = node;
    this.#refused = observe.refused;
  }

  get shardCount(): number {
    return this.#node.shardCount;
  }

  async createTransactions(request: Uint8Array, context: CallContext): Promise<Uint8Array> {
    const batch = readTransactions(request);
    const { position, outcomes } = await this.#node.submitTransactions(batch, context);
    // Only answered ones: a call that failed may still lie with the writer.
    batch.release();
    for (const { reason } of outcomes.refused.values()) this.#refused(reason, 1);
    const answer = writeResults(position, outcomes);
    outcomes.release();
    return answer;
  }

  submit(
    book: string,
    items: readonly (LedgerCommand | Malformed)[],
    context: CallContext,
  ): Promise<BatchAnswer> {
    return this.#node.submit(book, items, context);
  }

  control(command: ControlCommand, context: CallContext): Promise<ControlAnswer> {
    return this.#node.control(command, context);
  }

  locate(book: string): { shard: number; number: number } {
    return this.#node.locate(book);
  }

  latestSeq(shard: number): Promise<number> {
    return this.#node.latestSeq(shard);
  }
}
