import type { RequestLog, RequestLogFilter, RequestLogs } from '../../readmodels/requestLogs.ts';

/** Requests in memory; keeps what it was asked. */
export class FakeRequestLogs implements Pick<RequestLogs, 'write' | 'list' | 'get'> {
  readonly rows: RequestLog[] = [];
  readonly asked: RequestLogFilter[] = [];

  write: RequestLogs['write'] = (logs) => {
    this.rows.push(...logs);
    return Promise.resolve(logs.length);
  };
  list: RequestLogs['list'] = (filter) => {
    this.asked.push(filter);
    const { before, after, order, limit } = filter;
    const found = this.rows
      .filter((row) => isOf(row, filter) && row.id < (before ?? 'g') && row.id > (after ?? ''))
      .toSorted((a, b) => (a.id < b.id ? 1 : -1));
    if (order === 'oldest first') found.reverse();
    return Promise.resolve(found.slice(0, limit));
  };
  get: RequestLogs['get'] = (id, whose) =>
    Promise.resolve(this.rows.find((row) => row.id === id && isOf(row, whose)) ?? null);
}

function isOf(row: RequestLog, { book, merchant }: Pick<RequestLogFilter, 'book' | 'merchant'>): boolean {
  return (book === '' || row.book === book) && (merchant === null || row.merchant === merchant);
}
