import type { ControlCommand, LedgerCommand } from '../../kernel/ledger/commands.ts';
import {
  type BatchAnswer,
  type CallContext,
  CallRefused,
  type ControlAnswer,
  type LedgerService,
  type Malformed,
  type Outcome,
  type Position,
} from '../../shard/service.ts';

export const POSITION: Position = {
  shard: 7,
  epoch: 3,
  seq: 41,
  height: 9,
  blockHash: new Uint8Array(32).fill(0xab),
};

/** A ledger that does what a test tells it, and keeps what it was asked. Its one book is "shop". */
export class FakeLedger implements LedgerService {
  readonly shardCount = 64;
  readonly submitted: {
    book: string;
    items: readonly (LedgerCommand | Malformed)[];
    context: CallContext;
  }[] = [];
  readonly controlled: ControlCommand[] = [];
  readonly wire: Uint8Array[] = [];
  latest = 0;

  onCreate: (request: Uint8Array, context: CallContext) => Promise<Uint8Array> = () =>
    Promise.resolve(new Uint8Array(0));
  /** The outcome of an item that parsed. */
  onItem: (item: LedgerCommand) => Outcome = () => ({ done: true, seq: 41, replayed: false, effects: [] });
  onControl: (command: ControlCommand) => ControlAnswer = (command) =>
    command.op === 'createBook'
      ? {
          done: true,
          position: POSITION,
          replayed: false,
          book: { ...command, shard: command.shard ?? 5, number: 1, createdUs: 1_700_000_000_123_456 },
        }
      : { done: true, position: POSITION, replayed: false, asset: command };

  createTransactions(request: Uint8Array, context: CallContext): Promise<Uint8Array> {
    this.wire.push(request);
    return this.onCreate(request, context);
  }

  submit(
    book: string,
    items: readonly (LedgerCommand | Malformed)[],
    context: CallContext,
  ): Promise<BatchAnswer> {
    this.locate(book);
    this.submitted.push({ book, items, context });
    return Promise.resolve({ position: POSITION, outcomes: items.map((item) => this.#outcome(item)) });
  }

  #outcome(item: LedgerCommand | Malformed): Outcome {
    if (item.op !== 'malformed') return this.onItem(item);
    const { reason, field } = item;
    return {
      done: false,
      reason,
      field,
      posting: -1,
      account: '',
      remembered: false,
      seq: 0,
      replayed: false,
    };
  }

  control(command: ControlCommand): Promise<ControlAnswer> {
    this.controlled.push(command);
    return Promise.resolve(this.onControl(command));
  }

  locate(book: string): { shard: number; number: number } {
    if (book !== 'shop') throw new CallRefused('BOOK_NOT_FOUND', { field: 'book' });
    return { shard: 7, number: 2 };
  }

  latestSeq(): Promise<number> {
    return Promise.resolve(this.latest);
  }
}
