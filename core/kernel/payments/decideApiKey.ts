import { refusal } from '../ledger/context.ts';
import { type ApiKeySet, Subject, writeChange } from './change.ts';
import type { ApiKeyCommand, CreateApiKey, RevokeApiKey } from './commands.ts';
import { factsOfPayment } from './facts.ts';
import type { Decided, PaymentContext } from './flow.ts';
import type { ApiKey } from './edgeModel.ts';
import type { Subjects } from './subjects.ts';

export function decideApiKey(context: PaymentContext, command: ApiKeyCommand, subjects: Subjects): Decided {
  return command.op === 'createApiKey'
    ? decideCreate(context, command, subjects)
    : decideRevoke(context, command, subjects);
}

function decideCreate(context: PaymentContext, command: CreateApiKey, { merchant }: Subjects): Decided {
  if (merchant === undefined) return refusal('MERCHANT_NOT_FOUND', { field: 'merchant_id' });
  if (command.mode !== merchant.mode) return refusal('MODE_MISMATCH', { field: 'mode' });
  const { op: _op, id, origin: _origin, ...fields } = command;
  const apiKey = { ...fields, createdUs: context.nowUs, revokedAtUs: null, version: 1 };
  return written(context, command, { name: 'api_key_created', id, seq: 0, apiKey });
}

/** A moment that was set stays unless an earlier one is set: what was taken away is not given back. */
function decideRevoke(context: PaymentContext, command: RevokeApiKey, { apiKey }: Subjects): Decided {
  if (apiKey === undefined || (command.merchant ?? apiKey.merchant) !== apiKey.merchant)
    return refusal('API_KEY_NOT_FOUND', { field: 'api_key_id' });
  const { id, seq, book: _book, lastSeq: _lastSeq, ...fields } = apiKey;
  const askedUs = context.nowUs + command.afterSeconds * 1e6;
  const revoked = {
    ...fields,
    revokedAtUs: Math.min(askedUs, apiKey.revokedAtUs ?? Infinity),
    version: apiKey.version + 1,
  };
  return written(context, command, { name: 'api_key_revoked', id, seq, apiKey: revoked });
}

function written(
  { body, book }: PaymentContext,
  command: ApiKeyCommand,
  { name, id, seq, apiKey }: Pick<ApiKey, 'id' | 'seq'> & Pick<ApiKeySet, 'name' | 'apiKey'>,
): Decided {
  const first = body.events;
  const event = { id: command.id, book, subject: Subject.apiKey, subjectId: id, subjectSeq: seq };
  const change: ApiKeySet = { name, by: 'caller', request: factsOfPayment(command), apiKey };
  return { done: 'events', first, at: writeChange(body, event, change), change };
}
