import { RowBuffer } from '../copy/rowBuffer.ts';
import { apiKeyUpdate, writeApiKey } from '../rows/apiKeys.ts';
import { customerUpdate, writeCustomer } from '../rows/customers.ts';
import { merchantUpdate, writeMerchant } from '../rows/merchants.ts';
import { changeOf } from '../rows/paymentChange.ts';
import { paymentLinkUpdate, writePaymentLink } from '../rows/paymentLinks.ts';
import { paymentMethodUpdate, writePaymentMethod } from '../rows/paymentMethods.ts';
import { writePaymentEvent } from '../rows/paymentEvents.ts';
import { PaymentIntentUpdates, writePaymentIntent } from '../rows/paymentIntents.ts';
import { writeProviderReferences } from '../rows/providerReferences.ts';
import { PaymentStateWriter } from '../rows/paymentStates.ts';
import { writeTold } from '../rows/toldEvents.ts';
import { merchantTouch, webhookEndpointRow } from '../rows/webhookEndpoints.ts';
import { deliveriesAfter, resentDeliveries, writeWebhookAttempts } from '../rows/webhookLog.ts';
import type { Sealer } from '../sealing/seals.ts';
import type { EventCursor } from './cursor.ts';
import { OwnTransactions } from './ownTransactions.ts';

/** A statement of its own, and its parameters. */
export interface RowUpdate {
  statement:
    | 'updateMerchant'
    | 'touchMerchant'
    | 'setWebhookEndpoint'
    | 'noteWebhookAttempts'
    | 'askWebhookResend';
  values: unknown[];
}

/** The part of a batch that is about payments. A batch without any costs it nothing but to be cleared. */
export class PaymentBatch {
  readonly events = new RowBuffer(4 * 1024);
  readonly intents = new RowBuffer(4 * 1024);
  readonly references = new RowBuffer(4 * 1024);
  readonly newStates = new RowBuffer(4 * 1024);
  readonly merchants = new RowBuffer(1024);
  readonly told = new RowBuffer(4 * 1024);
  readonly deliveries = new RowBuffer(1024);
  readonly webhookAttempts = new RowBuffer(1024);
  /** Few and rare: one statement each, in the order of their events. */
  readonly merchantUpdates: RowUpdate[] = [];
  /** Of the rows above, once they are there. */
  readonly deliveryUpdates: RowUpdate[] = [];
  readonly customers = new RowBuffer(1024);
  /** One statement each, in the order of their events: the parameters. */
  readonly customerUpdates: unknown[][] = [];
  readonly paymentMethods = new RowBuffer(1024);
  readonly paymentMethodUpdates: unknown[][] = [];
  readonly apiKeys = new RowBuffer(1024);
  readonly apiKeyUpdates: unknown[][] = [];
  readonly paymentLinks = new RowBuffer(1024);
  readonly paymentLinkUpdates: unknown[][] = [];
  readonly intentUpdates = new PaymentIntentUpdates();
  readonly states = new PaymentStateWriter();
  readonly own = new OwnTransactions();

  clear(): void {
    for (const rows of [
      this.events,
      this.intents,
      this.references,
      this.newStates,
      this.merchants,
      this.customers,
      this.paymentMethods,
      this.apiKeys,
      this.paymentLinks,
      this.told,
      this.deliveries,
      this.webhookAttempts,
    ])
      rows.clear();
    for (const updates of [
      this.merchantUpdates,
      this.customerUpdates,
      this.paymentMethodUpdates,
      this.apiKeyUpdates,
      this.paymentLinkUpdates,
      this.deliveryUpdates,
    ])
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
      const values = merchantUpdate(cursor, change, sealer);
      this.merchantUpdates.push({ statement: 'updateMerchant', values });
      return;
    }
    if (change.name === 'webhook_attempts_logged') {
      writeWebhookAttempts(this.webhookAttempts, cursor, change);
      const values = deliveriesAfter(cursor, change);
      this.deliveryUpdates.push({ statement: 'noteWebhookAttempts', values });
      return;
    }
    if (change.name === 'webhook_resend_asked') {
      const values = resentDeliveries(cursor, change);
      this.deliveryUpdates.push({ statement: 'askWebhookResend', values });
      return;
    }
    if ('told' in change) writeTold(this, cursor, change);
    if ('endpoint' in change) {
      this.merchantUpdates.push(
        { statement: 'touchMerchant', values: merchantTouch(cursor, change, sealer) },
        { statement: 'setWebhookEndpoint', values: webhookEndpointRow(cursor, change) },
      );
      return;
    }
    if ('apiKey' in change) {
      if (change.name === 'api_key_created') writeApiKey(this.apiKeys, cursor, change, sealer);
      else this.apiKeyUpdates.push(apiKeyUpdate(cursor, change, sealer));
      return;
    }
    if ('paymentLink' in change) {
      if (change.name === 'payment_link_created') writePaymentLink(this.paymentLinks, cursor, change, sealer);
      else this.paymentLinkUpdates.push(paymentLinkUpdate(cursor, change, sealer));
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
