import type { Tip } from '../journal/store.ts';
import type { ShardState } from '../kernel/shardState.ts';
import type { LedgerTime } from './ledgerTime.ts';
import type { Loading } from './loading.ts';
import type { RecentBlocks } from './openBlock.ts';
import type { Clock, Timers } from './ports.ts';
import type { ShardWriter } from './writer.ts';

/** What a writer stands on, and whom it tells. */
export interface WriterOptions {
  shard: number;
  epoch: number;
  tip: Tip;
  state: ShardState;
  time: LedgerTime;
  clock: Clock;
  timers: Timers;
  loading: Loading;
  recent: RecentBlocks;
  /** Items that may wait; more are refused at once. */
  mailboxItemsMax: number;
  /** Whether so much is projected that a restart would still be fast; checked before every turn. */
  admits: (shard: number, nextSeq: number) => boolean;
  /** There is something to append. */
  onBlock: (writer: ShardWriter) => void;
  /** A call met a defect before it changed anything: it failed alone. */
  onPoisoned: (writer: ShardWriter, error: Error) => void;
  /** A defect or a tampered row: the shard must not go on. */
  onBroken: (writer: ShardWriter, error: Error) => void;
}
