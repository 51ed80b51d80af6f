import { Type } from 'typebox';
import type { Core } from '../../core.ts';
import type { Api } from '../../http/api.ts';
import { PREFIX, prefixed } from '../../ids/prefixed.ts';
import { Problem } from '../../problems/problem.ts';

const AccountBody = Type.Object(
  {
    id: Type.String({ examples: ['acct_0190a000000070008000000000000003'] }),
    object: Type.Literal('account'),
    livemode: Type.Boolean(),
    name: Type.String(),
    country: Type.String({ description: 'ISO 3166-1 alpha-2.' }),
    settlement_days: Type.Integer({ description: 'Business days until captured money becomes available.' }),
    version: Type.Integer({ description: 'Changes so far, from 1.' }),
  },
  { title: 'Account' },
);

export function accountRoutes(api: Api, core: Pick<Core, 'merchants'>): void {
  api.get('/v1/account', {
    tag: 'Account',
    summary: 'Retrieve the account',
    scope: 'account:read',
    answer: AccountBody,
    read: async ({ book, merchantId, isLive }) => {
      const { merchant } = await core.merchants.getMerchant({
        book,
        merchantId,
        freshness: { latest: true },
      });
      if (merchant === undefined) throw new Problem('resource_missing');
      const { name, country, settlementDays, version } = merchant;
      return {
        id: prefixed(PREFIX.account, merchantId),
        object: 'account',
        livemode: isLive,
        name,
        country,
        settlement_days: settlementDays,
        version: Number(version),
      };
    },
  });
}
