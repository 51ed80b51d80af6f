import { BalanceService, type GetBalanceRequest } from '../../../gen/florin/ledger/v1/balances_pb.ts';
import { CallRefused } from '../../shard/service.ts';
import { type ServedService, serviceOf } from '../contract.ts';
import { BadField } from '../errors/badField.ts';
import type { Moment } from '../reads.ts';
import { queriedAccount, queriedDay, queriedMoment } from '../translate/queries.ts';
import * as rows from '../translate/rows.ts';
import { freshScope } from './freshness.ts';
import type { Grounds } from './grounds.ts';

export function balanceService(grounds: Grounds): ServedService {
  return serviceOf(BalanceService, {
    getBalance: async (request, call) => {
      const named = queriedAccount(request.account);
      const at = queriedAt(request.at);
      const scope = await freshScope(grounds, request, call);
      const { asOfSeq, value } = await grounds.reads.balance(scope, named, at);
      if (value === null) throw new CallRefused('NOT_FOUND', { field: 'account' });
      return { balance: rows.balance(value), asOfSeq: BigInt(asOfSeq) };
    },
  });
}

function queriedAt(at: GetBalanceRequest['at']): Moment {
  switch (at.case) {
    case undefined:
      return { at: 'now' };
    case 'bookedAt':
      return { at: 'booked', upToUs: queriedMoment(at.value, 'booked_at', 'down') };
    case 'effectiveDate': {
      const day = queriedDay(at.value, 'effective_date');
      if (day === null) throw new BadField('effective_date', 'MISSING_FIELD');
      return { at: 'effective', day };
    }
  }
}
