import type { ApiKey, PaymentLink } from './edgeModel.ts';
import type { Customer, Intent, Merchant, StoredMethod } from './model.ts';

/** What a command acts on, as far as it is there: looked up before, so that deciding reads nothing else. */
export interface Subjects {
  intent: Intent | undefined;
  merchant: Merchant | undefined;
  customer?: Customer | undefined;
  paymentMethod?: StoredMethod | undefined;
  apiKey?: ApiKey | undefined;
  paymentLink?: PaymentLink | undefined;
}
