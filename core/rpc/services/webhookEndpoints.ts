import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  WebhookEndpointService,
  type WebhookEndpointResultSchema,
} from '../../../gen/florin/events/v1/webhook_endpoints_pb.ts';
import type { JournalPositionSchema } from '../../../gen/florin/ledger/v1/journal_pb.ts';
import type { WebhookEndpointCommand } from '../../kernel/payments/commands.ts';
import type { WebhookEndpoint } from '../../kernel/payments/webhookModel.ts';
import { CallRefused, type Malformed } from '../../shard/service.ts';
import type { Call } from '../call.ts';
import { type ServedService, serviceOf } from '../contract.ts';
import { position } from '../translate/answers.ts';
import { queriedUuid } from '../translate/queries.ts';
import {
  createWebhookEndpoint,
  deleteWebhookEndpoint,
  rotateWebhookSecret,
  testWebhookEndpoint,
  updateWebhookEndpoint,
  webhookEndpoint,
  webhookEndpointResult,
} from '../translate/webhookEndpoints.ts';
import { freshScope } from './freshness.ts';
import type { Grounds } from './grounds.ts';
import { submitPayments } from './paymentBatches.ts';

export function webhookEndpointService(grounds: Grounds): ServedService {
  return serviceOf(WebhookEndpointService, {
    createWebhookEndpoints: ({ book, webhookEndpoints: items }, call) =>
      change(grounds, { book, items, field: 'webhook_endpoints', translate: createWebhookEndpoint }, call),
    updateWebhookEndpoints: ({ book, updates: items }, call) =>
      change(grounds, { book, items, field: 'updates', translate: updateWebhookEndpoint }, call),
    rotateWebhookSecrets: ({ book, rotations: items }, call) =>
      change(grounds, { book, items, field: 'rotations', translate: rotateWebhookSecret }, call),
    testWebhookEndpoints: ({ book, tests: items }, call) =>
      change(grounds, { book, items, field: 'tests', translate: testWebhookEndpoint }, call),
    deleteWebhookEndpoints: ({ book, deletions: items }, call) =>
      change(grounds, { book, items, field: 'deletions', translate: deleteWebhookEndpoint }, call),
    getWebhookEndpoint: async (request, call) => {
      const id = queriedUuid(request.webhookEndpointId, 'webhook_endpoint_id');
      const { asOfSeq, endpoints, of } = await endpointsOf(grounds, request, call);
      const found = endpoints.find((one) => one.id === id);
      if (found === undefined) throw new CallRefused('NOT_FOUND', { field: 'webhook_endpoint_id' });
      return { webhookEndpoint: webhookEndpoint(found, of), asOfSeq };
    },
    listWebhookEndpoints: async (request, call) => {
      const { asOfSeq, endpoints, of } = await endpointsOf(grounds, request, call);
      return { webhookEndpoints: endpoints.map((one) => webhookEndpoint(one, of)), asOfSeq };
    },
  });
}

interface Batch<Item> {
  book: string;
  items: readonly Item[];
  field: string;
  translate: (item: Item) => WebhookEndpointCommand | Malformed;
}

async function change<Item extends { merchantId: string }>(
  grounds: Grounds,
  batch: Batch<Item>,
  call: Call,
): Promise<{
  position: MessageInitShape<typeof JournalPositionSchema>;
  results: MessageInitShape<typeof WebhookEndpointResultSchema>[];
}> {
  const answer = await submitPayments(grounds, batch, call);
  const { book, items } = batch;
  const results = answer.outcomes.map((outcome, place) =>
    webhookEndpointResult(outcome, { book, merchant: items[place].merchantId }),
  );
  return { position: position(answer.position), results };
}

/** Those of a merchant, who must be there. */
export async function endpointsOf(
  grounds: Grounds,
  request: Parameters<typeof freshScope>[1] & { merchantId: string },
  call: Call,
): Promise<{
  asOfSeq: bigint;
  endpoints: readonly WebhookEndpoint[];
  of: { book: string; merchant: string };
  scope: Awaited<ReturnType<typeof freshScope>>;
}> {
  const merchant = queriedUuid(request.merchantId, 'merchant_id');
  const scope = await freshScope(grounds, request, call);
  const { asOfSeq, value } = await grounds.reads.merchant(scope, merchant);
  if (value === null) throw new CallRefused('NOT_FOUND', { field: 'merchant_id' });
  const of = { book: request.book, merchant };
  return { asOfSeq: BigInt(asOfSeq), endpoints: value.webhooks, of, scope };
}
