import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  StatementAxis,
  type StatementHeaderSchema,
  StatementService,
  type StreamStatementRequest,
  type StreamStatementResponseSchema,
} from '../../../gen/florin/ledger/v1/statements_pb.ts';
import { CallRefused } from '../../shard/service.ts';
import type { Call } from '../call.ts';
import { type ServedService, serviceOf } from '../contract.ts';
import { BadField } from '../errors/badField.ts';
import { Page } from '../paging/page.ts';
import type { Cursor } from '../paging/token.ts';
import type { StatementHead, StatementLineRow, StatementRange } from '../reads.ts';
import { formatDay } from '../translate/date.ts';
import { accountFilter, queriedAccount, queriedDay, queriedEnum } from '../translate/queries.ts';
import * as rows from '../translate/rows.ts';
import { freshScope } from './freshness.ts';
import type { Grounds } from './grounds.ts';

export function statementService(grounds: Grounds): ServedService {
  const { reads } = grounds;
  return serviceOf(StatementService, {
    listEntries: async (request, call) => {
      const named = queriedAccount(request.account);
      const { book, newestFirst } = request;
      const page = new Page(request, ['ListEntries', book, accountFilter(named), newestFirst], ['integer']);
      const scope = await freshScope(grounds, request, call);
      const after = page.cursor === null ? null : Number(page.cursor[0]);
      const { asOfSeq, value } = await reads.entries(scope, named, { newestFirst, after, limit: page.limit });
      const cut = page.cut(found(value), ({ version }) => [version]);
      return { entries: cut.rows.map(rows.entry), nextPageToken: cut.token, asOfSeq: BigInt(asOfSeq) };
    },
    getStatement: async (request, call) => {
      const named = queriedAccount(request.account);
      const range = queriedRange(request);
      const page = new Page(
        request,
        ['GetStatement', request.book, accountFilter(named), ...Object.values(range)],
        ['integer', 'integer', 'text'],
      );
      const scope = await freshScope(grounds, request, call);
      const after = page.cursor === null ? null : lineCursor(page.cursor);
      const { asOfSeq, value } = await reads.statement(scope, named, { ...range, after, limit: page.limit });
      const statement = found(value);
      const cut = page.cut(statement.lines, (line) => [
        dayOn(range.axis, line),
        line.version,
        String(line.balance),
      ]);
      return {
        header: header(statement, range),
        lines: cut.rows.map(rows.statementLine),
        closingBalance: statement.closingBalance,
        nextPageToken: cut.token,
        asOfSeq: BigInt(asOfSeq),
      };
    },
    streamStatement: (request, call) => streamStatement(grounds, request, call),
  });
}

async function* streamStatement(
  grounds: Grounds,
  request: StreamStatementRequest,
  call: Call,
): AsyncGenerator<MessageInitShape<typeof StreamStatementResponseSchema>> {
  const named = queriedAccount(request.account);
  const range = queriedRange(request);
  const scope = await freshScope(grounds, request, call);
  const { asOfSeq, value } = await grounds.reads.wholeStatement(scope, named, range);
  const statement = found(value);
  let isFirst = true;
  for await (const { lines, totals } of statement.chunks) {
    yield {
      ...(isFirst ? { header: header(statement, range) } : {}),
      lines: lines.map(rows.statementLine),
      ...(totals === null ? {} : { footer: { ...totals, lineCount: BigInt(totals.lineCount) } }),
      asOfSeq: BigInt(asOfSeq),
    };
    isFirst = false;
  }
}

interface RangeRequest {
  axis: StatementAxis;
  fromDate: string;
  toDate: string;
}

function queriedRange({ axis, fromDate, toDate }: RangeRequest): StatementRange {
  const asked = queriedEnum(axis, StatementAxis, 'axis');
  const fromDay = queriedDay(fromDate, 'from_date');
  const toDay = queriedDay(toDate, 'to_date');
  if (fromDay !== null && toDay !== null && fromDay > toDay) {
    throw new BadField('to_date', 'INVALID_VALUE', 'to_date: lies before from_date.');
  }
  return { axis: asked === StatementAxis.BOOKED ? 'booked' : 'effective', fromDay, toDay };
}

function header(
  head: StatementHead,
  { fromDay, toDay }: StatementRange,
): MessageInitShape<typeof StatementHeaderSchema> {
  return {
    accountId: head.id,
    code: head.code,
    asset: head.asset,
    fromDate: fromDay === null ? '' : formatDay(fromDay),
    toDate: toDay === null ? '' : formatDay(toDay),
    openingBalance: head.openingBalance,
  };
}

const DAY_US = 86_400e6;

function dayOn(axis: StatementRange['axis'], line: StatementLineRow): number {
  return axis === 'effective' ? line.effectiveDay : Math.floor(line.bookedUs / DAY_US);
}

function found<T>(value: T | null): T {
  if (value === null) throw new CallRefused('NOT_FOUND', { field: 'account' });
  return value;
}

const DAYS_MAX = 400_000;

/**
 * The line behind which the page begins. Its balance goes on from there, so that no page sums up those before it.
 * A token that somebody made up is refused here, before the database would stumble over it.
 */
function lineCursor([day, version, balance]: Cursor): { day: number; version: number; balance: bigint } {
  const isNumber = /^-?\d{1,19}$/.test(String(balance));
  const value = isNumber ? BigInt(String(balance)) : 0n;
  if (!isNumber || BigInt.asIntN(64, value) !== value || Math.abs(Number(day)) > DAYS_MAX) {
    throw new BadField('page_token', 'INVALID_VALUE', 'page_token: not a page token.');
  }
  return { day: Number(day), version: Number(version), balance: value };
}
