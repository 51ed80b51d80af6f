import { PAYMENT } from '../../../core/kernel/ledger/layout.ts';
import { Unreadable, uuidText, type EventAt } from './events.ts';
import type { Change } from './paymentChange.ts';
import type { ApiKeyFold } from './paymentFold.ts';
import { roomOf, textOf, textOrNull, uuid } from './paymentRows.ts';
import type { ShardFold } from './shardFold.ts';

/** Brings an API key past one event, which says all of it. */
export function foldApiKey(fold: ShardFold, event: EventAt, change: Change, book: number): void {
  const { payments } = fold;
  const { apiKey: told } = change;
  if (told === undefined) throw new Unreadable('an API key that is not told');
  const id = uuidText(event.bytes, event.at + PAYMENT.subjectId);
  const began = Number(event.view.getBigInt64(event.at + PAYMENT.subjectSeq, true));
  const before = payments.apiKeys.get(began);
  if (began > 0 && (before?.id !== id || before.book !== book))
    fold.tell('I14', event, `is of API key ${id}, which does not begin at seq ${began}`);
  const next = (before?.told.version ?? 0) + 1;
  if (told.version !== next)
    fold.tell('I4', event, `API key ${id} is at version ${told.version}, where ${next} is next`);
  if (!payments.merchantSeqs.has(`${book} ${told.merchant}`))
    fold.tell('I12', event, `is of merchant ${told.merchant}, who is not there`);
  if (before !== undefined) checkUnchanged(fold, event, { id, before: before.told, told });
  payments.apiKeys.set(began === 0 ? event.seq : began, { book, id, lastSeq: event.seq, told });
}

/** A key stays what it was created as, and what was taken away is not given back. */
function checkUnchanged(
  fold: ShardFold,
  event: EventAt,
  { id, before, told }: { id: string; before: ApiKeyFold['told']; told: ApiKeyFold['told'] },
): void {
  for (const name of [
    'merchant',
    'mode',
    'kind',
    'name',
    'secretSha256',
    'secretSuffix',
    'createdUs',
  ] as const)
    if (before[name] !== told[name])
      fold.tell('I12', event, `${name} of API key ${id} was ${before[name]} and is ${told[name]}`);
  if (before.scopes.join(' ') !== told.scopes.join(' '))
    fold.tell('I12', event, `API key ${id} has other scopes than before`);
  if (told.revokedAtUs === null || told.revokedAtUs > (before.revokedAtUs ?? Infinity))
    fold.tell('I12', event, `API key ${id} is good for longer than before`);
}

/** How an API key stands, as of the watermark. */
export function expectApiKey(fold: ShardFold, seq: number, { book, id, lastSeq, told }: ApiKeyFold): void {
  const { tuple } = fold;
  const texts = [
    told.mode,
    told.kind,
    told.scopes.join(' '),
    told.name,
    told.secretSha256,
    told.secretSuffix,
  ];
  const [mode, kind, scopes, name, secretSha256, secretSuffix] = texts.map(textOf);
  tuple.begin(15, roomOf(mode, kind, scopes, name, secretSha256, secretSuffix));
  tuple.i16(fold.shard);
  tuple.whole(seq);
  tuple.i32(book);
  uuid(fold, id);
  uuid(fold, told.merchant);
  tuple.moment(told.createdUs);
  if (told.revokedAtUs === null) tuple.null();
  else tuple.moment(told.revokedAtUs);
  tuple.whole(told.version);
  tuple.whole(lastSeq);
  for (const text of [mode, kind]) tuple.text(text);
  for (const text of [scopes, name]) textOrNull(fold, text);
  for (const text of [secretSha256, secretSuffix]) tuple.text(text);
  fold.expected.row('apiKeys', tuple);
}
