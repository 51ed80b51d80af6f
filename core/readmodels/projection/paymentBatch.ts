import { RowBuffer } from '../copy/rowBuffer.ts';
import { apiKeyUpdate, writeApiKey } from '../rows/apiKeys.ts';
import { customerUpdate, writeCustomer } from '../rows/customers.ts';
import { merchantUpdate, writeMerchant } from '../rows/merchants.ts';
import { changeOf } from '../rows/paymentChange.ts';
import { paymentMethodUpdate, writePaymentMethod } from '../rows/paymentMethods.ts';
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
  /** Few and rare: the parameters of one statement each, in the order of their events. */
  readonly merchantUpdates: unknown[][] = [];
  readonly customers = new RowBuffer(1024);
  /** One statement each, in the order of their events: the parameters. */
  readonly customerUpdates: unknown[][] = [];
  readonly paymentMethods = new RowBuffer(1024);
  readonly paymentMethodUpdates: unknown[][] = [];
  readonly apiKeys = new RowBuffer(1024);
  readonly apiKeyUpdates: unknown[][] = [];
  readonly intentUpdates = new PaymentIntentUpdates();
  readonly states = new PaymentStateWriter();
  readonly own = new OwnTransactions();

  clear(): void {
    const { events, intents, references, newStates, merchants, customers, paymentMethods, apiKeys } = this;
    for (const rows of [
      events,
      intents,
      references,
      newStates,
      merchants,
      customers,
      paymentMethods,
      apiKeys,
    ])
      rows.clear();
    const { merchantUpdates, customerUpdates, paymentMethodUpdates, apiKeyUpdates } = this;
    for (const updates of [merchantUpdates, customerUpdates, paymentMethodUpdates, apiKeyUpdates])
      updates.length = 0;
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
      writeMerchant(this.merchants, cursor, change, sealer);
      return;
    }
    if (change.name === 'merchant_updated') {
      this.merchantUpdates.push(merchantUpdate(cursor, change, sealer));
      return;
    }
    if ('apiKey' in change) {
      if (change.name === 'api_key_created') writeApiKey(this.apiKeys, cursor, change, sealer);
      else this.apiKeyUpdates.push(apiKeyUpdate(cursor, change, sealer));
      return;
    }
    // All there is of it stands in the event.
    if ('record' in change) return;
    if ('customer' in change) {
      if (change.name === 'customer_created') writeCustomer(this.customers, cursor, change, sealer);
      else this.customerUpdates.push(customerUpdate(cursor, change, sealer));
      return;
    }
    if ('paymentMethod' in change) {
      if (change.name === 'payment_method_created')
        writePaymentMethod(this.paymentMethods, cursor, change, sealer);
      else this.paymentMethodUpdates.push(paymentMethodUpdate(cursor, change, sealer));
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
