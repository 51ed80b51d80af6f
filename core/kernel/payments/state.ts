import type { Uuid } from '../ledger/commands.ts';
import { Expiries } from '../ledger/expiries.ts';
import { CardTries } from './cardTries.ts';
import type { ApiKey, PaymentLink } from './edgeModel.ts';
import type { Customer, Intent, Merchant, StoredMethod } from './model.ts';

/** Payments of one shard that are resident. Only apply.ts and loading change it. */
export class PaymentsState {
  /** By the seq of the event that created it. */
  readonly intents = new Map<number, Intent>();
  readonly merchants = new Map<number, Merchant>();
  readonly customers = new Map<number, Customer>();
  readonly paymentMethods = new Map<number, StoredMethod>();
  readonly apiKeys = new Map<number, ApiKey>();
  readonly paymentLinks = new Map<number, PaymentLink>();
  /** Of resident intents: the seq of the intent that an operation belongs to. */
  readonly operations = new Map<Uuid, number>();
  /** When something is next to be done about an intent: looked up, an entry may be out of date. */
  readonly dues = new Expiries();
  readonly cardTries = new CardTries();
  /** The earliest moment at which an intent may be due that is not resident; Infinity for none. */
  storedDueUs = Infinity;

  /** Forgets an intent that the read models hold; when it is due, they are asked. */
  letGo(seq: number, dueUs: number): void {
    for (const { id } of this.intents.get(seq)?.operations ?? []) this.operations.delete(id);
    this.intents.delete(seq);
    if (dueUs < this.storedDueUs) this.storedDueUs = dueUs;
  }

  /** Whether what began with that seq is resident. */
  has(seq: number): boolean {
    const { intents, merchants, customers, paymentMethods, apiKeys, paymentLinks } = this;
    return (
      intents.has(seq) ||
      merchants.has(seq) ||
      customers.has(seq) ||
      paymentMethods.has(seq) ||
      apiKeys.has(seq) ||
      paymentLinks.has(seq)
    );
  }
}
