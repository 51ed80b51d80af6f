import { EventType, HEADER } from '../../../core/kernel/ledger/layout.ts';
import { Unreadable, type EventAt } from './events.ts';
import { foldAccountChanged, foldAccountClosed, foldAccountOpened, foldRefused } from './foldAccounts.ts';
import { foldAssetAdopted, foldAssetCreated, foldBookAdopted, foldBookCreated } from './foldControl.ts';
import { foldPayment } from './foldPayment.ts';
import { foldTransaction } from './foldTransaction.ts';
import type { ShardFold } from './shardFold.ts';

/** Brings what verify knows of a shard past one event, and tells whatever is wrong with it. */
export function foldEvent(fold: ShardFold, event: EventAt): void {
  const type = event.view.getUint8(event.at + HEADER.type);
  switch (type) {
    case EventType.transaction:
      return foldTransaction(fold, event);
    case EventType.accountOpened:
      return foldAccountOpened(fold, event);
    case EventType.accountChanged:
      return foldAccountChanged(fold, event);
    case EventType.accountClosed:
      return foldAccountClosed(fold, event);
    case EventType.refused:
      return foldRefused(fold, event);
    case EventType.payment:
      return foldPayment(fold, event);
    case EventType.bookAdopted:
      return foldBookAdopted(fold, event);
    case EventType.assetAdopted:
      return foldAssetAdopted(fold, event);
    case EventType.bookCreated:
      return foldBookCreated(fold, event);
    case EventType.assetCreated:
      return foldAssetCreated(fold, event);
    default:
      throw new Unreadable(`an event of type ${type}`);
  }
}
