import { Type } from 'typebox';
import type { MerchantBalance } from '../../../gen/florin/payments/v1/balance_transactions_pb.ts';
import type { Core } from '../../core.ts';
import type { Api } from '../../http/api.ts';
import { exact } from '../values.ts';

const Sum = Type.Object({ amount: Type.Integer(), currency: Type.String() });

const BalanceBody = Type.Object(
  {
    object: Type.Literal('balance'),
    livemode: Type.Boolean(),
    available: Type.Array(Sum, { description: 'What can be used, by currency.' }),
    pending: Type.Array(Sum, { description: 'Captured, and not available yet.' }),
    reserve: Type.Array(Sum, { description: 'Kept back for a while.' }),
    owed: Type.Array(Sum, { description: 'What the merchant owes.' }),
  },
  { title: 'Balance' },
);

export function balanceRoutes(api: Api, core: Pick<Core, 'balanceTransactions'>): void {
  api.get('/v1/balance', {
    tag: 'Balance',
    summary: 'Retrieve the balance',
    scope: 'balance:read',
    answer: BalanceBody,
    read: async ({ book, merchantId, isLive }) => {
      const asked = { book, merchantId, freshness: { latest: true } };
      const { balances } = await core.balanceTransactions.getMerchantBalance(asked);
      const sums = (of: (balance: MerchantBalance) => bigint) =>
        balances.map((balance) => ({ amount: exact(of(balance)), currency: balance.currency.toLowerCase() }));
      return {
        object: 'balance',
        livemode: isLive,
        available: sums(({ available }) => available),
        pending: sums(({ pending }) => pending),
        reserve: sums(({ reserve }) => reserve),
        owed: sums(({ owed }) => owed),
      };
    },
  });
}
