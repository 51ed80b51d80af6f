import { fromBinary, type MessageInitShape } from '@bufbuild/protobuf';
import {
  type ApiKeyResult,
  ApiKeyRevocationSchema,
  ApiKeyService,
  CreateApiKeysResponseSchema,
  NewApiKeySchema,
  RevokeApiKeysResponseSchema,
} from '../../gen/florin/access/v1/api_keys_pb.ts';
import {
  CreateCustomersResponseSchema,
  type CustomerResult,
  CustomerService,
  CustomerUpdateSchema,
  NewCustomerSchema,
  UpdateCustomersResponseSchema,
} from '../../gen/florin/payments/v1/customers_pb.ts';
import {
  CreateMerchantsResponseSchema,
  type MerchantResult,
  MerchantService,
  MerchantUpdateSchema,
  NewMerchantSchema,
  UpdateMerchantsResponseSchema,
} from '../../gen/florin/payments/v1/merchants_pb.ts';
import {
  OperationSettlementSchema,
  OperatorService,
  SettleOperationsResponseSchema,
} from '../../gen/florin/payments/v1/operators_pb.ts';
import {
  AuthorizationIncrementSchema,
  CancelPaymentIntentsResponseSchema,
  CapturePaymentIntentsResponseSchema,
  ConfirmPaymentIntentsResponseSchema,
  CreatePaymentIntentsResponseSchema,
  IncrementAuthorizationsResponseSchema,
  NewPaymentIntentSchema,
  PaymentIntentCancellationSchema,
  PaymentIntentCaptureSchema,
  PaymentIntentConfirmationSchema,
  PaymentIntentService,
  PaymentIntentUpdateSchema,
  UpdatePaymentIntentsResponseSchema,
} from '../../gen/florin/payments/v1/payment_intents_pb.ts';
import {
  type IdempotencyRecordResult,
  IdempotencyRecordSchema,
  IdempotencyRecordService,
  SaveIdempotencyRecordsResponseSchema,
} from '../../gen/florin/idempotency/v1/records_pb.ts';
import type { PaymentResult } from '../../gen/florin/payments/v1/payments_pb.ts';
import {
  CreateRefundsResponseSchema,
  NewRefundSchema,
  RefundService,
  RefundUpdateSchema,
  UpdateRefundsResponseSchema,
} from '../../gen/florin/payments/v1/refunds_pb.ts';
import {
  AttachPaymentMethodsResponseSchema,
  CreatePaymentMethodsResponseSchema,
  DetachPaymentMethodsResponseSchema,
  NewPaymentMethodSchema,
  PaymentMethodAttachmentSchema,
  PaymentMethodDetachmentSchema,
  type PaymentMethodResult,
  PaymentMethodService,
} from '../../gen/florin/payments/v1/stored_payment_methods_pb.ts';
import { methodOf } from '../services/serviceClient.ts';
import type { BatchMethod } from './lane.ts';
import { writerOf } from './methods.ts';

export type NewMerchantInit = MessageInitShape<typeof NewMerchantSchema>;
export type MerchantUpdateInit = MessageInitShape<typeof MerchantUpdateSchema>;
export type NewCustomerInit = MessageInitShape<typeof NewCustomerSchema>;
export type CustomerUpdateInit = MessageInitShape<typeof CustomerUpdateSchema>;
export type NewPaymentMethodInit = MessageInitShape<typeof NewPaymentMethodSchema>;
export type AttachmentInit = MessageInitShape<typeof PaymentMethodAttachmentSchema>;
export type DetachmentInit = MessageInitShape<typeof PaymentMethodDetachmentSchema>;
export type NewPaymentIntentInit = MessageInitShape<typeof NewPaymentIntentSchema>;
export type ConfirmationInit = MessageInitShape<typeof PaymentIntentConfirmationSchema>;
export type CaptureInit = MessageInitShape<typeof PaymentIntentCaptureSchema>;
export type CancellationInit = MessageInitShape<typeof PaymentIntentCancellationSchema>;
export type UpdateInit = MessageInitShape<typeof PaymentIntentUpdateSchema>;
export type IncrementInit = MessageInitShape<typeof AuthorizationIncrementSchema>;
export type SettlementInit = MessageInitShape<typeof OperationSettlementSchema>;
export type NewRefundInit = MessageInitShape<typeof NewRefundSchema>;
export type RefundUpdateInit = MessageInitShape<typeof RefundUpdateSchema>;
export type NewApiKeyInit = MessageInitShape<typeof NewApiKeySchema>;
export type ApiKeyRevocationInit = MessageInitShape<typeof ApiKeyRevocationSchema>;
export type IdempotencyRecordInit = MessageInitShape<typeof IdempotencyRecordSchema>;

export const createMerchant: BatchMethod<NewMerchantInit, MerchantResult> = {
  method: methodOf(MerchantService, 'CreateMerchants'),
  write: writerOf(NewMerchantSchema),
  read: (bytes) => fromBinary(CreateMerchantsResponseSchema, bytes),
};

export const updateMerchant: BatchMethod<MerchantUpdateInit, MerchantResult> = {
  method: methodOf(MerchantService, 'UpdateMerchants'),
  write: writerOf(MerchantUpdateSchema),
  read: (bytes) => fromBinary(UpdateMerchantsResponseSchema, bytes),
};

export const createCustomer: BatchMethod<NewCustomerInit, CustomerResult> = {
  method: methodOf(CustomerService, 'CreateCustomers'),
  write: writerOf(NewCustomerSchema),
  read: (bytes) => fromBinary(CreateCustomersResponseSchema, bytes),
};

export const updateCustomer: BatchMethod<CustomerUpdateInit, CustomerResult> = {
  method: methodOf(CustomerService, 'UpdateCustomers'),
  write: writerOf(CustomerUpdateSchema),
  read: (bytes) => fromBinary(UpdateCustomersResponseSchema, bytes),
};

export const createPaymentMethod: BatchMethod<NewPaymentMethodInit, PaymentMethodResult> = {
  method: methodOf(PaymentMethodService, 'CreatePaymentMethods'),
  write: writerOf(NewPaymentMethodSchema),
  read: (bytes) => fromBinary(CreatePaymentMethodsResponseSchema, bytes),
};

export const attachPaymentMethod: BatchMethod<AttachmentInit, PaymentMethodResult> = {
  method: methodOf(PaymentMethodService, 'AttachPaymentMethods'),
  write: writerOf(PaymentMethodAttachmentSchema),
  read: (bytes) => fromBinary(AttachPaymentMethodsResponseSchema, bytes),
};

export const detachPaymentMethod: BatchMethod<DetachmentInit, PaymentMethodResult> = {
  method: methodOf(PaymentMethodService, 'DetachPaymentMethods'),
  write: writerOf(PaymentMethodDetachmentSchema),
  read: (bytes) => fromBinary(DetachPaymentMethodsResponseSchema, bytes),
};

export const createPaymentIntent: BatchMethod<NewPaymentIntentInit, PaymentResult> = {
  method: methodOf(PaymentIntentService, 'CreatePaymentIntents'),
  write: writerOf(NewPaymentIntentSchema),
  read: (bytes) => fromBinary(CreatePaymentIntentsResponseSchema, bytes),
};

export const confirmPaymentIntent: BatchMethod<ConfirmationInit, PaymentResult> = {
  method: methodOf(PaymentIntentService, 'ConfirmPaymentIntents'),
  write: writerOf(PaymentIntentConfirmationSchema),
  read: (bytes) => fromBinary(ConfirmPaymentIntentsResponseSchema, bytes),
};

export const updatePaymentIntent: BatchMethod<UpdateInit, PaymentResult> = {
  method: methodOf(PaymentIntentService, 'UpdatePaymentIntents'),
  write: writerOf(PaymentIntentUpdateSchema),
  read: (bytes) => fromBinary(UpdatePaymentIntentsResponseSchema, bytes),
};

export const incrementAuthorization: BatchMethod<IncrementInit, PaymentResult> = {
  method: methodOf(PaymentIntentService, 'IncrementAuthorizations'),
  write: writerOf(AuthorizationIncrementSchema),
  read: (bytes) => fromBinary(IncrementAuthorizationsResponseSchema, bytes),
};

export const capturePaymentIntent: BatchMethod<CaptureInit, PaymentResult> = {
  method: methodOf(PaymentIntentService, 'CapturePaymentIntents'),
  write: writerOf(PaymentIntentCaptureSchema),
  read: (bytes) => fromBinary(CapturePaymentIntentsResponseSchema, bytes),
};

export const cancelPaymentIntent: BatchMethod<CancellationInit, PaymentResult> = {
  method: methodOf(PaymentIntentService, 'CancelPaymentIntents'),
  write: writerOf(PaymentIntentCancellationSchema),
  read: (bytes) => fromBinary(CancelPaymentIntentsResponseSchema, bytes),
};

export const createRefund: BatchMethod<NewRefundInit, PaymentResult> = {
  method: methodOf(RefundService, 'CreateRefunds'),
  write: writerOf(NewRefundSchema),
  read: (bytes) => fromBinary(CreateRefundsResponseSchema, bytes),
};

export const updateRefund: BatchMethod<RefundUpdateInit, PaymentResult> = {
  method: methodOf(RefundService, 'UpdateRefunds'),
  write: writerOf(RefundUpdateSchema),
  read: (bytes) => fromBinary(UpdateRefundsResponseSchema, bytes),
};

export const settleOperation: BatchMethod<SettlementInit, PaymentResult> = {
  method: methodOf(OperatorService, 'SettleOperations'),
  write: writerOf(OperationSettlementSchema),
  read: (bytes) => fromBinary(SettleOperationsResponseSchema, bytes),
};

export const saveIdempotencyRecord: BatchMethod<IdempotencyRecordInit, IdempotencyRecordResult> = {
  method: methodOf(IdempotencyRecordService, 'SaveIdempotencyRecords'),
  // As many as one call may have: each is answered with a body of up to 256 KiB, however small those were that came.
  itemsMax: 60,
  write: writerOf(IdempotencyRecordSchema),
  read: (bytes) => fromBinary(SaveIdempotencyRecordsResponseSchema, bytes),
};

export const createApiKey: BatchMethod<NewApiKeyInit, ApiKeyResult> = {
  method: methodOf(ApiKeyService, 'CreateApiKeys'),
  write: writerOf(NewApiKeySchema),
  read: (bytes) => fromBinary(CreateApiKeysResponseSchema, bytes),
};

export const revokeApiKey: BatchMethod<ApiKeyRevocationInit, ApiKeyResult> = {
  method: methodOf(ApiKeyService, 'RevokeApiKeys'),
  write: writerOf(ApiKeyRevocationSchema),
  read: (bytes) => fromBinary(RevokeApiKeysResponseSchema, bytes),
};
