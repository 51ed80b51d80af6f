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
    const { book, before, limit } = filter;
    const found = this.rows
      .filter((row) => (book === '' || row.book === book) && (before === null || row.id < before))
      .toSorted((a, b) => (a.id < b.id ? 1 : -1));
    return Promise.resolve(found.slice(0, limit));
  };
  get: RequestLogs['get'] = (id, book) =>
    Promise.resolve(this.rows.find((row) => row.id === id && (book === '' || row.book === book)) ?? null);
}
