/** The TypeScript client of Florin's core. */
export { connectFlorin, type Florin, type Florin as FlorinClient } from './florin.ts';
export type { SingleAccountCalls, SingleCall, SingleTransactionCalls } from './florin.ts';
export type {
  PaymentCallOptions,
  Payments,
  SingleCustomerCalls,
  SingleMerchantCalls,
  SingleOperatorCalls,
  SinglePaymentCall,
  SinglePaymentIntentCalls,
  SinglePaymentMethodCalls,
  SingleRefundCalls,
} from './payments.ts';
export type { CallOptions, CoalesceOptions, FlorinOptions, RetryOptions } from './options.ts';
export type { SingleAnswer } from './coalesce/lane.ts';
export type { SingleTransaction } from './coalesce/methods.ts';
export type {
  ApiKeyRevocationInit,
  AttachmentInit,
  CancellationInit,
  CaptureInit,
  ConfirmationInit,
  CustomerUpdateInit,
  DetachmentInit,
  IdempotencyRecordInit,
  IncrementInit,
  MerchantUpdateInit,
  NewApiKeyInit,
  NewCustomerInit,
  NewMerchantInit,
  NewPaymentIntentInit,
  NewPaymentMethodInit,
  NewRefundInit,
  SettlementInit,
  UpdateInit,
} from './coalesce/paymentMethods.ts';
export type { ServiceClient } from './services/serviceClient.ts';
export { CODE, type CodeName } from './errors/codes.ts';
export { type FieldViolation, FlorinError, type Outcome } from './errors/florinError.ts';
export { type ApiKeySecret, newApiKeySecret } from './ids/apiKeySecret.ts';
export { namedId } from './ids/namedId.ts';
export { uuidv7 } from './ids/uuidv7.ts';
export { securedBy } from './tls/secured.ts';
export { type TlsFiles, tlsFilesOf, TlsSettingError } from './tls/settings.ts';
export { type NewTransactionInit } from './wire/newTransaction.ts';
export { CreateTransactionsWriter } from './wire/requestWriter.ts';
export {
  countOutcomes,
  type OutcomeCounts,
  readTransactionResults,
  type TransactionResults,
} from './wire/transactionResults.ts';
