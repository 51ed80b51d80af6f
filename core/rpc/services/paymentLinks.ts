import { Mode } from '../../../gen/florin/access/v1/api_keys_pb.ts';
import { PaymentLinkService, PaymentLinkState } from '../../../gen/florin/payments/v1/payment_links_pb.ts';
import { CallRefused } from '../../shard/service.ts';
import { type ServedService, serviceOf } from '../contract.ts';
import { metadataBytes, onFrom, Page } from '../paging/page.ts';
import { position } from '../translate/answers.ts';
import { MODES } from '../translate/modes.ts';
import {
  createPaymentLink,
  LINK_STATES,
  paymentLink,
  paymentLinkResult,
  updatePaymentLink,
} from '../translate/paymentLinks.ts';
import { wordOf } from '../translate/paymentNames.ts';
import { queriedEnum, queriedRange, queriedUuid } from '../translate/queries.ts';
import { freshScope } from './freshness.ts';
import type { Grounds } from './grounds.ts';
import { submitPayments } from './paymentBatches.ts';

/** About what a link takes on the wire, its description at its longest, in UTF-8. */
const LINK_BYTES = 4_500;

export function paymentLinkService(grounds: Grounds): ServedService {
  const { reads } = grounds;
  return serviceOf(PaymentLinkService, {
    createPaymentLinks: async ({ book, paymentLinks: items }, call) => {
      const batch = { book, items, field: 'payment_links', translate: createPaymentLink };
      const answer = await submitPayments(grounds, batch, call);
      return { position: position(answer.position), results: answer.outcomes.map(paymentLinkResult) };
    },
    updatePaymentLinks: async ({ book, updates }, call) => {
      const batch = { book, items: updates, field: 'updates', translate: updatePaymentLink };
      const answer = await submitPayments(grounds, batch, call);
      return { position: position(answer.position), results: answer.outcomes.map(paymentLinkResult) };
    },
    getPaymentLink: async (request, call) => {
      const id = queriedUuid(request.paymentLinkId, 'payment_link_id');
      const scope = await freshScope(grounds, request, call);
      const { asOfSeq, value } = await reads.paymentLink(scope, id);
      if (value === null) throw new CallRefused('NOT_FOUND', { field: 'payment_link_id' });
      return { paymentLink: paymentLink(value, request.book), asOfSeq: BigInt(asOfSeq) };
    },
    listPaymentLinks: async (request, call) => {
      const { merchantId } = request;
      const mode = queriedEnum(request.mode, Mode, 'mode');
      const state = queriedEnum(request.state, PaymentLinkState, 'state');
      const filter = {
        merchant: merchantId === '' ? null : queriedUuid(merchantId, 'merchant_id'),
        mode: mode === null ? null : (wordOf(MODES, mode) ?? null),
        state: state === null ? null : (wordOf(LINK_STATES, state) ?? null),
        ...queriedRange(request),
      };
      const query = ['ListPaymentLinks', request.book, ...Object.values(filter)] as const;
      const page = new Page(request, query, ['integer']);
      const scope = await freshScope(grounds, request, call);
      const asked = { ...filter, ...onFrom(page, filter), limit: page.limit };
      const found = await reads.paymentLinks(scope, asked);
      const cut = page.cut(
        found.value,
        ({ seq }) => [seq],
        ({ metadata }) => LINK_BYTES + metadataBytes(metadata),
      );
      return {
        paymentLinks: cut.rows.map((row) => paymentLink(row, request.book)),
        nextPageToken: cut.token,
        asOfSeq: BigInt(found.asOfSeq),
      };
    },
  });
}
