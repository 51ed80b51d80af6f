import { RequestLogService } from '../../../gen/florin/requests/v1/request_logs_pb.ts';
import type { RequestLogs } from '../../readmodels/requestLogs.ts';
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
      const book = request.book === '' ? '' : checkedBook(request.book);
      const merchant = request.merchantId === '' ? null : queriedUuid(request.merchantId, 'merchant_id');
      const pathPrefix = queriedText(request.pathPrefix, 'path_prefix', PATH_CHARACTERS_MAX) ?? '';
      const status = {
        min: checkedStatus(request.statusMin, 'status_min'),
        max: checkedStatus(request.statusMax, 'status_max') || STATUS_MAX,
      };
      const from = queriedFrom(request.receivedFrom);
      const query = ['ListRequestLogs', book, merchant, pathPrefix, status.min, status.max, from] as const;
      const page = new Page(request, query, ['text']);
      const before = page.cursor === null ? null : queriedUuid(String(page.cursor[0]), 'page_token');
      const rows = await requestLogs.list({
        book,
        merchant,
        pathPrefix,
        status,
        from,
        before,
        limit: page.limit,
      });
      const cut = page.cut(
        rows,
        ({ id }) => [id],
        () => ROW_BYTES,
      );
      return { requestLogs: cut.rows.map(requestLogMessage), nextPageToken: cut.token };
    },
    getRequestLog: async ({ book, requestId }) => {
      const id = queriedRequestId(requestId, 'request_id');
      const log = await requestLogs.get(id, book === '' ? '' : checkedBook(book));
      if (log === null) throw new CallRefused('NOT_FOUND', { field: 'request_id' });
      return { requestLog: requestLogMessage(log) };
    },
  });
}

function checkedStatus(status: number, field: string): number {
  if (status < 0 || status > STATUS_MAX) throw new BadField(field, 'INVALID_VALUE');
  return status;
}
