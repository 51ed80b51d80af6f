import type { ServedService } from '../contract.ts';
import { accountService } from './accounts.ts';
import { apiKeyService } from './apiKeys.ts';
import { assetService } from './assets.ts';
import { balanceService } from './balances.ts';
import { balanceTransactionService } from './balanceTransactions.ts';
import { bookService } from './books.ts';
import { customerService } from './customers.ts';
import { eventService } from './events.ts';
import { eventStreamService } from './eventStreams.ts';
import type { Grounds } from './grounds.ts';
import { idempotencyRecordService } from './idempotencyRecords.ts';
import { merchantService } from './merchants.ts';
import { operatorService } from './operators.ts';
import { paymentLinkService } from './paymentLinks.ts';
import { paymentMethodService } from './paymentMethods.ts';
import { paymentIntentService } from './paymentIntents.ts';
import { proofService } from './proofs.ts';
import { providerService } from './providers.ts';
import { providerWebhookService } from './providerWebhooks.ts';
import { refundService } from './refunds.ts';
import { requestLogService } from './requestLogs.ts';
import { statementService } from './statements.ts';
import { timelineService } from './timelines.ts';
import { transactionService } from './transactions.ts';
import { webhookDeliveryService } from './webhookDeliveries.ts';
import { webhookEndpointService } from './webhookEndpoints.ts';

/** Every service that Florin serves. A new one is one line here. */
export function florinServices(grounds: Grounds): ServedService[] {
  return [
    assetService(grounds),
    bookService(grounds),
    accountService(grounds),
    transactionService(grounds),
    balanceService(grounds),
    statementService(grounds),
    proofService(grounds),
    merchantService(grounds),
    customerService(grounds),
    paymentMethodService(grounds),
    paymentIntentService(grounds),
    refundService(grounds),
    timelineService(grounds),
    operatorService(grounds),
    balanceTransactionService(grounds),
    providerService(grounds),
    providerWebhookService(grounds),
    idempotencyRecordService(grounds),
    apiKeyService(grounds),
    paymentLinkService(grounds),
    eventService(grounds),
    eventStreamService(grounds),
    webhookEndpointService(grounds),
    webhookDeliveryService(grounds),
    requestLogService(grounds),
  ];
}
