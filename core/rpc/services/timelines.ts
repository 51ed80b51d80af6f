import { TimelineService } from '../../../gen/florin/payments/v1/timelines_pb.ts';
import { CallRefused } from '../../shard/service.ts';
import { type ServedService, serviceOf } from '../contract.ts';
import { Page } from '../paging/page.ts';
import type { TransactionRow } from '../reads.ts';
import { explanation } from '../translate/explanation.ts';
import { queriedUuid } from '../translate/queries.ts';
import * as rows from '../translate/rows.ts';
import { timelineBytes, timelineEvent } from '../translate/timeline.ts';
import { freshScope } from './freshness.ts';
import type { Grounds } from './grounds.ts';
import { transactionBytes } from './transactions.ts';

export function timelineService(grounds: Grounds): ServedService {
  const { reads } = grounds;
  return serviceOf(TimelineService, {
    getTimeline: async (request, call) => {
      const id = queriedUuid(request.paymentIntentId, 'payment_intent_id');
      const page = new Page(request, ['GetTimeline', request.book, id], ['integer']);
      const scope = await freshScope(grounds, request, call);
      const after = page.cursor === null ? null : Number(page.cursor[0]);
      const { asOfSeq, value } = await reads.timeline(scope, id, { after, limit: page.limit });
      if (value === null) throw new CallRefused('NOT_FOUND', { field: 'payment_intent_id' });
      const cut = page.cut(value, ({ seq }) => [seq], timelineBytes);
      return {
        events: cut.rows.map(timelineEvent),
        nextPageToken: cut.token,
        asOfSeq: BigInt(asOfSeq),
      };
    },
    explain: async (request, call) => {
      const id = queriedUuid(request.paymentIntentId, 'payment_intent_id');
      const scope = await freshScope(grounds, request, call);
      const { asOfSeq, value } = await reads.paymentIntent(scope, id);
      if (value === null) throw new CallRefused('NOT_FOUND', { field: 'payment_intent_id' });
      return { ...explanation(value), asOfSeq: BigInt(asOfSeq) };
    },
    listPaymentTransactions: async (request, call) => {
      const id = queriedUuid(request.paymentIntentId, 'payment_intent_id');
      const page = new Page(request, ['ListPaymentTransactions', request.book, id], ['integer']);
      const scope = await freshScope(grounds, request, call);
      const after = page.cursor === null ? null : Number(page.cursor[0]);
      const found = await Promise.all(
        PURPOSES.map((purpose) =>
          reads.transactions(scope, {
            ...ANY,
            reference: `payment ${id} ${purpose}`,
            after,
            limit: page.limit,
          }),
        ),
      );
      const newestFirst = found.flatMap(({ value }) => value ?? []).sort(byNewest);
      const cut = page.cut(newestFirst, ({ seq }) => [seq], transactionBytes);
      return {
        transactions: cut.rows.map((row) => rows.transaction(row, request.book)),
        nextPageToken: cut.token,
        asOfSeq: BigInt(Math.min(...found.map(({ asOfSeq }) => asOfSeq))),
      };
    },
  });
}

/** What a payment's transactions are for: the last words of their references, as core/kernel/payments has them. */
export const PURPOSES = [
  'authorized',
  'released',
  'captured',
  'refund asked',
  'refunded',
  'refund failed',
  'unapplied',
  'unapplied gone',
  'applied',
  'refund owed',
  'costs',
  'return asked',
  'returned',
  'return failed',
  'refund taken back',
  'capture taken back',
  'fees given back',
  'came back',
  'disputed',
  'dispute fee',
  'dispute won',
  'dispute lost',
  'dispute reopened',
  'contested',
  'contested won',
  'contested lost',
  'contested reopened',
  'loss',
  'loss regained',
  'available',
  'reserve released',
] as const;

const ANY = { accountId: null, kind: null, state: null, bookedFromUs: null, bookedUntilUs: null };

function byNewest(a: TransactionRow, b: TransactionRow): number {
  return b.seq - a.seq;
}
