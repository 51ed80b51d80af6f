import { REFUSALS, type Reason } from '../../kernel/ledger/refusals.ts';

/** docs/errors.md, made from the registry alone. */
export function errorsDocument(): string {
  return [
    '# Errors',
    '',
    '<!-- Generated from core/kernel/ledger/refusals.ts by core/rpc/docs/generateErrors.ts. Change it there. -->',
    '',
    'Every "no" has a reason that is never renamed. It stands in `florin.errors.v1.Refusal.reason` where one item of a',
    'batch was refused, and in `google.rpc.ErrorInfo.reason` (domain `florin`) where a whole call was. `ErrorInfo.metadata`',
    'holds `retryable`, and `field` where one is at fault; `google.rpc.BadRequest` names the field of a malformed call and',
    'what is wrong with it (one of the reasons of malformed items); `google.rpc.RetryInfo` says how long to wait where',
    'waiting helps. Texts may change; do not parse them.',
    '',
    '"Retry" says whether the same request, with the same ids, can end differently later.',
    '',
    '## Malformed items',
    '',
    'One item of a batch is not well-formed; the others go on. Never remembered: the id may be used again. Of several',
    'faults in an item the first in the order of its fields is told. In calls that are no batch the same reasons stand in',
    '`BadRequest.field_violations[].reason`, and the call ends with `MALFORMED_REQUEST`.',
    '',
    ...table('item', ['Reason', 'Number', 'Meaning'], (reason) => [
      `\`${reason}\``,
      String(REFUSALS[reason].number),
      REFUSALS[reason].text,
    ]),
    '',
    '## Refused by the ledger, and by payments',
    '',
    'In order of precedence: of all that are true of an item, the first is the answer. Where postings are concerned the',
    'first posting at fault decides, its debited account before its credited one. Remembered with the id: the same id with',
    'the same body gets the same answer for ever, so try again with a new id.',
    '',
    ...table('kernel', ['Precedence', 'Reason', 'Number', 'Meaning'], (reason, index) => [
      String(index + 1),
      `\`${reason}\``,
      String(REFUSALS[reason].number),
      REFUSALS[reason].text,
    ]),
    '',
    '## Refused for the moment',
    '',
    'One item of a batch; the others go on. Nothing was changed and nothing is remembered, since it passes by itself: send',
    'the same item with the same id again, a little later.',
    '',
    ...table('moment', ['Reason', 'Number', 'Meaning'], (reason) => [
      `\`${reason}\``,
      String(REFUSALS[reason].number),
      REFUSALS[reason].text,
    ]),
    '',
    '## The whole call',
    '',
    'A gRPC status with that code. Nothing was done, unless the meaning says that the outcome is open.',
    '',
    ...table('call', ['Reason', 'Number', 'Code', 'Retry', 'Meaning'], (reason) => [
      `\`${reason}\``,
      String(REFUSALS[reason].number),
      `\`${REFUSALS[reason].code}\``,
      REFUSALS[reason].retryable ? 'yes' : 'no',
      REFUSALS[reason].text,
    ]),
    '',
  ].join('\n');
}

type Origin = (typeof REFUSALS)[Reason]['origin'];

function table(origin: Origin, head: string[], row: (reason: Reason, index: number) => string[]): string[] {
  const reasons = (Object.keys(REFUSALS) as Reason[]).filter((reason) => REFUSALS[reason].origin === origin);
  const line = (cells: string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [
    line(head),
    line(head.map(() => '---')),
    ...reasons.map((reason, index) => line(row(reason, index))),
  ];
}
