import {
  AccountService,
  AccountState,
  type ListAccountsRequest,
} from '../../../gen/florin/ledger/v1/accounts_pb.ts';
import { CallRefused } from '../../shard/service.ts';
import { type ServedService, serviceOf } from '../contract.ts';
import { BadField } from '../errors/badField.ts';
import { Page, metadataBytes } from '../paging/page.ts';
import { changeAccount, closeAccount, openAccount } from '../translate/accounts.ts';
import { accountResult, position } from '../translate/answers.ts';
import { isAccountCodePrefix } from '../translate/names.ts';
import { queriedAccount, queriedAsset, queriedEnum } from '../translate/queries.ts';
import * as rows from '../translate/rows.ts';
import { submitBatch } from './batches.ts';
import { freshScope } from './freshness.ts';
import type { Grounds } from './grounds.ts';

export function accountService(grounds: Grounds): ServedService {
  const { reads } = grounds;
  return serviceOf(AccountService, {
    createAccounts: async ({ book, accounts }, call) => {
      const batch = { book, items: accounts, field: 'accounts', translate: openAccount };
      const answer = await submitBatch(grounds, batch, call);
      return { position: position(answer.position), results: answer.outcomes.map(accountResult) };
    },
    updateAccounts: async ({ book, updates }, call) => {
      const batch = { book, items: updates, field: 'updates', translate: changeAccount };
      const answer = await submitBatch(grounds, batch, call);
      return { position: position(answer.position), results: answer.outcomes.map(accountResult) };
    },
    closeAccounts: async ({ book, closures }, call) => {
      const batch = { book, items: closures, field: 'closures', translate: closeAccount };
      const answer = await submitBatch(grounds, batch, call);
      return { position: position(answer.position), results: answer.outcomes.map(accountResult) };
    },
    getAccount: async (request, call) => {
      const named = queriedAccount(request.account);
      const scope = await freshScope(grounds, request, call);
      const { asOfSeq, value } = await reads.account(scope, named);
      if (value === null) throw new CallRefused('NOT_FOUND', { field: 'account' });
      return { account: rows.account(value, request.book), asOfSeq: BigInt(asOfSeq) };
    },
    listAccounts: async (request, call) => {
      const filter = accountsFilter(request);
      const page = new Page(
        request,
        ['ListAccounts', request.book, filter.codePrefix, filter.asset, filter.isClosed],
        ['text'],
      );
      const scope = await freshScope(grounds, request, call);
      const after = page.cursor === null ? null : String(page.cursor[0]);
      const { asOfSeq, value } = await reads.accounts(scope, { ...filter, after, limit: page.limit });
      const cut = page.cut(
        value,
        ({ code }) => [code],
        ({ metadata }) => 300 + metadataBytes(metadata),
      );
      return {
        accounts: cut.rows.map((row) => rows.account(row, request.book)),
        nextPageToken: cut.token,
        asOfSeq: BigInt(asOfSeq),
      };
    },
  });
}

function accountsFilter({ codePrefix, asset, state }: ListAccountsRequest) {
  if (!isAccountCodePrefix(codePrefix)) throw new BadField('code_prefix', 'INVALID_CODE');
  const asked = queriedEnum(state, AccountState, 'state');
  return {
    codePrefix,
    asset: queriedAsset(asset),
    isClosed: asked === null ? null : asked === AccountState.CLOSED,
  };
}
