import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type AwaitPaymentIntentsRequest,
  type AwaitPaymentIntentsResponseSchema,
  type ListPaymentIntentsRequest,
  PaymentIntentService,
} from '../../../gen/florin/payments/v1/payment_intents_pb.ts';
import { PaymentIntentState } from '../../../gen/florin/payments/v1/payments_pb.ts';
import type { Uuid } from '../../kernel/ledger/commands.ts';
import { BATCH_ITEMS_MAX, REFERENCE_CHARACTERS_MAX } from '../../kernel/ledger/limits.ts';
import type { Intent, IntentState } from '../../kernel/payments/model.ts';
import { CallRefused } from '../../shard/service.ts';
import type { Call } from '../call.ts';
import { type ServedService, serviceOf } from '../contract.ts';
import { PAGE_BYTES_MAX } from '../limits.ts';
import { BadField } from '../errors/badField.ts';
import { onFrom, Page, metadataBytes } from '../paging/page.ts';
import type { PaymentIntentsQuery } from '../reads.ts';
import { paymentIntent, withMoneyFields } from '../translate/paymentAnswers.ts';
import { INTENT_STATES, wordOf } from '../translate/paymentNames.ts';
import {
  cancelIntent,
  captureIntent,
  confirmIntent,
  createIntent,
  incrementIntent,
  updateIntent,
} from '../translate/payments.ts';
import {
  queriedAsset,
  queriedEnum,
  queriedMetadata,
  queriedMoment,
  queriedRange,
  queriedText,
  queriedUuid,
} from '../translate/queries.ts';
import { freshScope } from './freshness.ts';
import type { Grounds } from './grounds.ts';
import { checkedBook } from './names.ts';
import { changePayments } from './paymentBatches.ts';
import { asTheyCome, checkedWait, Waits } from './waits.ts';

export function paymentIntentService(grounds: Grounds): ServedService {
  const { reads } = grounds;
  return serviceOf(PaymentIntentService, {
    createPaymentIntents: ({ book, paymentIntents, waitMs }, call) => {
      const batch = { book, items: paymentIntents, field: 'payment_intents', translate: createIntent };
      return changePayments(grounds, { ...batch, waitMs, reworded: withMoneyFields }, call);
    },
    confirmPaymentIntents: ({ book, confirmations, waitMs }, call) => {
      const batch = { book, items: confirmations, field: 'confirmations', translate: confirmIntent };
      return changePayments(grounds, { ...batch, waitMs }, call);
    },
    updatePaymentIntents: ({ book, updates }, call) => {
      const batch = { book, items: updates, field: 'updates', translate: updateIntent };
      return changePayments(grounds, { ...batch, waitMs: 0 }, call);
    },
    incrementAuthorizations: ({ book, increments, waitMs }, call) => {
      const batch = { book, items: increments, field: 'increments', translate: incrementIntent };
      return changePayments(grounds, { ...batch, waitMs }, call);
    },
    capturePaymentIntents: ({ book, captures, waitMs }, call) => {
      const batch = { book, items: captures, field: 'captures', translate: captureIntent };
      return changePayments(grounds, { ...batch, waitMs }, call);
    },
    cancelPaymentIntents: ({ book, cancellations, waitMs }, call) => {
      const batch = { book, items: cancellations, field: 'cancellations', translate: cancelIntent };
      return changePayments(grounds, { ...batch, waitMs }, call);
    },
    awaitPaymentIntents: (request, call) => awaitPaymentIntents(grounds, request, call),
    getPaymentIntent: async (request, call) => {
      const id = queriedUuid(request.paymentIntentId, 'payment_intent_id');
      const scope = await freshScope(grounds, request, call);
      const { asOfSeq, value } = await reads.paymentIntent(scope, id);
      if (value === null) throw new CallRefused('NOT_FOUND', { field: 'payment_intent_id' });
      return { paymentIntent: paymentIntent(value, request.book), asOfSeq: BigInt(asOfSeq) };
    },
    listPaymentIntents: (request, call) => {
      const filter = intentsFilter(request);
      const { states, metadata, ...plain } = filter;
      const keys = Object.keys(metadata).toSorted();
      const rest = [states.join(' '), JSON.stringify(keys.map((key) => [key, metadata[key]]))];
      const query = ['ListPaymentIntents', request.book, ...Object.values(plain), ...rest] as const;
      return intentsPage(grounds, { request, filter, query }, call);
    },
  });
}

/** A page of the payment intents that a filter lets through, in its order. */
export async function intentsPage(
  grounds: Grounds,
  {
    request,
    filter,
    query,
  }: {
    request: Pick<ListPaymentIntentsRequest, 'book' | 'pageSize' | 'pageToken' | 'freshness'>;
    filter: Omit<PaymentIntentsQuery, 'limit'>;
    /** What the page's token is good for. */
    query: ConstructorParameters<typeof Page>[1];
  },
  call: Call,
) {
  const page = new Page(request, query, ['integer']);
  const scope = await freshScope(grounds, request, call);
  const found = await grounds.reads.paymentIntents(scope, {
    ...filter,
    ...onFrom(page, filter),
    limit: page.limit,
  });
  const cut = page.cut(found.value, ({ seq }) => [seq], intentBytes);
  return {
    paymentIntents: cut.rows.map((row) => paymentIntent(row, request.book)),
    nextPageToken: cut.token,
    asOfSeq: BigInt(found.asOfSeq),
  };
}

function intentsFilter(request: ListPaymentIntentsRequest) {
  const { merchantId, customerId, reference, onlyAttention, createdFrom, createdUntil } = request;
  return {
    merchant: merchantId === '' ? null : queriedUuid(merchantId, 'merchant_id'),
    customer: customerId === '' ? null : queriedUuid(customerId, 'customer_id'),
    states: queriedStates(request),
    reference: queriedText(reference, 'reference', REFERENCE_CHARACTERS_MAX),
    currency: queriedAsset(request.currency, 'currency'),
    metadata: queriedMetadata(request.metadata, 'metadata'),
    onlyAttention,
    createdFromUs: createdFrom === undefined ? null : queriedMoment(createdFrom, 'created_from', 'up'),
    createdUntilUs: createdUntil === undefined ? null : queriedMoment(createdUntil, 'created_until', 'up'),
    ...queriedRange(request),
  } as const;
}

/** Each once, in the order of the contract. */
function queriedStates({ state, states }: ListPaymentIntentsRequest): IntentState[] {
  const named = states.map((one, index) => {
    const field = `states[${index}]`;
    const known = queriedEnum(one, PaymentIntentState, field);
    if (known === null) throw new BadField(field, 'MISSING_FIELD');
    return known;
  });
  const first = queriedEnum(state, PaymentIntentState, 'state');
  const all = new Set(first === null ? named : [first, ...named]);
  return [...all].toSorted((a, b) => a - b).map((number) => wordOf(INTENT_STATES, number)!);
}

async function* awaitPaymentIntents(
  grounds: Grounds,
  request: AwaitPaymentIntentsRequest,
  call: Call,
): AsyncGenerator<MessageInitShape<typeof AwaitPaymentIntentsResponseSchema>> {
  const book = checkedBook(request.book);
  const count = request.paymentIntentIds.length;
  if (count < 1 || count > BATCH_ITEMS_MAX)
    throw new CallRefused('BATCH_SIZE', { field: 'payment_intent_ids' });
  const ids = request.paymentIntentIds.map((id, index) => queriedUuid(id, `payment_intent_ids[${index}]`));
  const waits = new Waits(grounds, { book, waitMs: checkedWait(request.waitMs) }, call);
  const answers = [...new Set(ids)].map(async (id) => ({ id, intent: await waits.resting(id as Uuid) }));
  try {
    for await (const group of asTheyCome(answers)) {
      const found = group.flatMap(({ intent }) => (intent === null ? [] : [intent]));
      const notFoundIds = group.flatMap(({ id, intent }) => (intent === null ? [id] : []));
      for (const part of partsOf(found))
        yield { paymentIntents: part.map((intent) => paymentIntent(intent, book)) };
      if (notFoundIds.length > 0) yield { notFoundIds };
    }
  } finally {
    waits.close();
  }
}

/** Parts that gRPC clients receive unless told otherwise. */
function* partsOf(intents: readonly Intent[]): Generator<Intent[]> {
  let part: Intent[] = [];
  let bytes = 0;
  for (const intent of intents) {
    part.push(intent);
    bytes += intentBytes(intent);
    if (bytes < PAGE_BYTES_MAX) continue;
    yield part;
    part = [];
    bytes = 0;
  }
  if (part.length > 0) yield part;
}

/** About what a payment intent takes on the wire. */
function intentBytes(intent: Intent): number {
  const { metadata, attempts, operations, reference, description, returnUrl } = intent;
  const routes = attempts.reduce(
    (sum, { route }) => sum + 110 * (route.candidates.length + route.excluded.length),
    0,
  );
  const texts = 3 * (reference.length + description.length) + returnUrl.length;
  const said = operations.reduce(
    (sum, one) => sum + 300 + 3 * (one.metadata ?? []).flat().join('').length,
    0,
  );
  return 600 + texts + metadataBytes(metadata) + 500 * attempts.length + routes + said;
}
