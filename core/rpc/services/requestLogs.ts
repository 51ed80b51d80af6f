import {
  type ListRequestLogsRequest,
  RequestLogService,
} from '../../../gen/florin/requests/v1/request_logs_pb.ts';
import type { RequestLogFilter, RequestLogs } from '../../readmodels/requestLogs.ts';
import { CallRefused } from '../../shard/service.ts';
import { type ServedService, serviceOf } from '../contract.ts';
import { BadField } from '../errors/badField.ts';
import { Page } from '../paging/page.ts';
import { queriedText, queriedUuid } from '../translate/queries.ts';
import {
  PATH_CHARACTERS_MAX,
  queriedFrom,
  queriedRequestId,
  REQUEST_LOGS_MAX,
  ROUTE_CHARACTERS_MAX,
  requestLog,
  requestLogMessage,
  STATUS_MAX,
} from '../translate/requestLogs.ts';
import { checkedBook } from './names.ts';

/** A row with all texts at their longest. */
const ROW_BYTES = 1_700;

export function requestLogService({
  requestLogs,
}: {
  requestLogs: Pick<RequestLogs, 'write' | 'list' | 'get'>;
}): ServedService {
  return serviceOf(RequestLogService, {
    writeRequestLogs: async ({ requestLogs: logs }) => {
      if (logs.length < 1 || logs.length > REQUEST_LOGS_MAX)
        throw new CallRefused('BATCH_SIZE', { field: 'request_logs' });
      return { written: await requestLogs.write(logs.map(requestLog)) };
    },
    listRequestLogs: async (request) => {
      const { filter, cursor } = queriedFilter(request);
      const query = ['ListRequestLogs', ...cursor] as const;
      const page = new Page(request, query, ['text']);
      for (const field of ['before', 'after'] as const)
        if (filter[field] !== null && (await requestLogs.get(filter[field], filter)) === null)
          throw new CallRefused('NOT_FOUND', { field: `${field}_request_id` });
      const onFrom = page.cursor === null ? {} : { [BEHIND[filter.order]]: tokenId(page.cursor[0]) };
      const rows = await requestLogs.list({ ...filter, ...onFrom, limit: page.limit });
      const cut = page.cut(
        rows,
        ({ id }) => [id],
        () => ROW_BYTES,
      );
      return { requestLogs: cut.rows.map(requestLogMessage), nextPageToken: cut.token };
    },
    getRequestLog: async ({ book, merchantId, requestId }) => {
      const id = queriedRequestId(requestId, 'request_id');
      const log = await requestLogs.get(id, whoseOf({ book, merchantId }));
      if (log === null) throw new CallRefused('NOT_FOUND', { field: 'request_id' });
      return { requestLog: requestLogMessage(log) };
    },
  });
}

/** Where a page goes on, by the order of the list. */
const BEHIND = { 'newest first': 'before', 'oldest first': 'after' } as const;

const tokenId = (id: unknown): string => queriedUuid(String(id), 'page_token');

function whoseOf({ book, merchantId }: Pick<ListRequestLogsRequest, 'book' | 'merchantId'>) {
  return {
    book: book === '' ? '' : checkedBook(book),
    merchant: merchantId === '' ? null : queriedUuid(merchantId, 'merchant_id'),
  };
}

/** What a list is asked for, and what of it a page token is bound to. */
function queriedFilter(request: ListRequestLogsRequest) {
  const whose = whoseOf(request);
  const pathPrefix = queriedText(request.pathPrefix, 'path_prefix', PATH_CHARACTERS_MAX) ?? '';
  const route = queriedText(request.route, 'route', ROUTE_CHARACTERS_MAX) ?? '';
  const status = {
    min: checkedStatus(request.statusMin, 'status_min'),
    max: checkedStatus(request.statusMax, 'status_max') || STATUS_MAX,
  };
  const from = queriedFrom(request.receivedFrom);
  const idOf = (id: string, field: string) => (id === '' ? null : queriedRequestId(id, field));
  const before = idOf(request.beforeRequestId, 'before_request_id');
  const after = idOf(request.afterRequestId, 'after_request_id');
  const id = idOf(request.requestId, 'request_id');
  const order: RequestLogFilter['order'] = request.oldestFirst ? 'oldest first' : 'newest first';
  const { book, merchant } = whose;
  return {
    filter: { ...whose, pathPrefix, route, id, status, from, before, after, order },
    cursor: [book, merchant, pathPrefix, status.min, status.max, from, route, id, before, after, order],
  };
}

function checkedStatus(status: number, field: string): number {
  if (status < 0 || status > STATUS_MAX) throw new BadField(field, 'INVALID_VALUE');
  return status;
}
