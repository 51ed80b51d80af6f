import { RowBuffer } from '../copy/rowBuffer.ts';
import { writeMerchant } from '../rows/merchants.ts';
import { changeOf } from '../rows/paymentChange.ts';
import { writePaymentEvent } from '../rows/paymentEvents.ts';
import { PaymentIntentUpdates, writePaymentIntent } from '../rows/paymentIntents.ts';
import { writeProviderReferences } from '../rows/providerReferences.ts';
import { PaymentStateWriter } from '../rows/paymentStates.ts';
import type { Sealer } from '../sealing/seals.ts';
import type { EventCursor } from './cursor.ts';
import { OwnTransactions } from './ownTransactions.ts';

/** The part of a batch that is about payments. A batch without any costs it nothing but to be cleared. */
export class PaymentBatch {
  readonly events = new RowBuffer(4 * 1024);
  readonly intents = new RowBuffer(4 * 1024);
  readonly references = new RowBuffer(4 * 1024);
  readonly newStates = new RowBuffer(4 * 1024);
  readonly merchants = new RowBuffer(1024);
  readonly intentUpdates = new PaymentIntentUpdates();
  readonly states = new PaymentStateWriter();
  readonly own = new OwnTransactions();

  clear(): void {
    for (const rows of [this.events, this.intents, this.references, this.newStates, this.merchants])
      rows.clear();
    this.intentUpdates.clear();
    this.states.clear();
    this.own.clear();
  }

  add(cursor: EventCursor, sealer: Sealer): void {
    const change = changeOf(cursor);
    writePaymentEvent(this.events, cursor, change, {
      transactionCount: this.own.countOf(cursor),
      sealer,
    });
    if (change.name === 'merchant_created') {
      writeMerchant(this.merchants, cursor, change);
      return;
    }
    if (change.name === 'intent_created') writePaymentIntent(this.intents, cursor, change);
    else if (change.updated !== undefined) this.intentUpdates.add(cursor, change.updated);
    writeProviderReferences(this.references, cursor, change);
    this.states.add(cursor, change);
  }

  /** Each `yield` is a good moment to let others run. */
  *finish(sealer: Sealer): Generator<void> {
    this.intentUpdates.write();
    yield* this.states.write(this.newStates, sealer);
  }
}
