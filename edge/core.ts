import type { Florin } from '../client/index.ts';

/** What the edge needs of the core: a Florin client has it, and tests can stand in for it. */
export interface Core extends Pick<
  Florin,
  | 'assets'
  | 'paymentIntents'
  | 'paymentLinks'
  | 'refunds'
  | 'balanceTransactions'
  | 'customers'
  | 'paymentMethods'
  | 'merchants'
  | 'timelines'
  | 'events'
  | 'webhookEndpoints'
  | 'webhookDeliveries'
  | 'requestLogs'
> {
  readonly apiKeys: Pick<
    Florin['apiKeys'],
    'getApiKeyBySecret' | 'createApiKey' | 'revokeApiKey' | 'getApiKey' | 'listApiKeys'
  >;
  readonly idempotencyRecords: Pick<
    Florin['idempotencyRecords'],
    'saveIdempotencyRecord' | 'getIdempotencyRecord'
  >;
}
