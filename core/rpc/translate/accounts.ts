import {
  type AccountClosure,
  type AccountUpdate,
  type NewAccount,
  NormalSide,
} from '../../../gen/florin/ledger/v1/accounts_pb.ts';
import type { ChangeAccount, CloseAccount, OpenAccount } from '../../kernel/ledger/commands.ts';
import type { Malformed } from '../../shard/service.ts';
import { Check } from './check.ts';
import { limitValues } from './limits.ts';
import { isAccountCode, isAssetCode } from './names.ts';

export function openAccount(item: NewAccount): OpenAccount | Malformed {
  const check = new Check();
  const command: OpenAccount = {
    op: 'openAccount',
    id: check.newId(item.id, 'id'),
    code: accountCode(item.code, check),
    asset: assetCode(item.asset, check),
    normalSide: normalSide(item.normalSide, check),
    limits: limitValues(item.limits),
    metadata: check.metadata(item.metadata, 'metadata'),
  };
  return check.fault ?? command;
}

export function changeAccount(item: AccountUpdate): ChangeAccount | Malformed {
  const check = new Check();
  const command: ChangeAccount = {
    op: 'changeAccount',
    id: check.uuid(item.id, 'id'),
    account: check.uuid(item.accountId, 'account_id'),
    limits: item.limits === undefined ? null : limitValues(item.limits),
    metadata: item.setMetadata ? check.metadata(item.metadata, 'metadata') : null,
  };
  // Metadata that is sent but not meant to be set is a mistake, not something to drop in silence.
  if (!item.setMetadata && Object.keys(item.metadata).length > 0) check.no('INVALID_VALUE', 'set_metadata');
  if (command.limits === null && command.metadata === null) check.no('NOTHING_TO_CHANGE', '');
  return check.fault ?? command;
}

export function closeAccount(item: AccountClosure): CloseAccount | Malformed {
  const check = new Check();
  const command: CloseAccount = {
    op: 'closeAccount',
    id: check.uuid(item.id, 'id'),
    account: check.uuid(item.accountId, 'account_id'),
  };
  return check.fault ?? command;
}

function accountCode(text: string, check: Check): string {
  if (text === '') check.no('MISSING_FIELD', 'code');
  else if (!isAccountCode(text)) check.no('INVALID_CODE', 'code');
  return text;
}

function assetCode(text: string, check: Check): string {
  if (text === '') check.no('MISSING_FIELD', 'asset');
  else if (!isAssetCode(text)) check.no('INVALID_VALUE', 'asset');
  return text;
}

function normalSide(side: NormalSide, check: Check): 1 | 2 {
  if (side === NormalSide.CREDIT) return 2;
  if (side !== NormalSide.DEBIT) {
    check.no(side === NormalSide.UNSPECIFIED ? 'MISSING_FIELD' : 'INVALID_VALUE', 'normal_side');
  }
  return 1;
}
