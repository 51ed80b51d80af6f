import { jsonInteger } from '../../print/json.ts';
import type { Difference, Moved, SettlementCheck } from './compare.ts';

const SHOWN_MAX = 200;

/** For a person. */
export function checkLines(provider: string, check: SettlementCheck): string[] {
  const { day, lines, sums, payments, shifted, differences } = check;
  const count = (n: number): string => n.toLocaleString('en-US');
  const head = `${provider}, ${day}: ${count(lines)} lines, ${count(payments)} payments`;
  return [
    differences.length === 0 ? `${head}: all agree` : `${head}: ${count(differences.length)} do not agree`,
    ...(shifted === 0 ? [] : [`  ${count(shifted)} agree together with the day before and the day after`]),
    ...sums.map(
      ({ currency, provider: theirs, books }) =>
        `  ${currency}: the provider says ${movedText(theirs)}; the books say ${movedText(books)}`,
    ),
    ...differences.slice(0, SHOWN_MAX).map((one) => `  ${differenceText(one)}`),
    ...(differences.length > SHOWN_MAX ? [`  and ${count(differences.length - SHOWN_MAX)} more`] : []),
  ];
}

function differenceText({ of, providerReference, currency, provider, books }: Difference): string {
  const theirs = `the provider says ${movedText(provider)} ${currency}`;
  if (of === null) return `${providerReference}: ${theirs}, and no book has that payment`;
  const name = `${of.payment} in ${of.book}${providerReference === '' ? '' : ` (${providerReference})`}`;
  return `${name}: ${theirs}, the books say ${movedText(books)}`;
}

function movedText({ gross, fee }: Moved): string {
  return `${gross} less ${fee} in fees`;
}

/** As `--json` shows it; amounts are minor units. */
export function checkJson(provider: string, check: SettlementCheck): object {
  const moved = ({ gross, fee }: Moved): object => ({ gross: jsonInteger(gross), fee: jsonInteger(fee) });
  return {
    provider,
    day: check.day,
    ok: check.differences.length === 0,
    lines: check.lines,
    payments: check.payments,
    shifted: check.shifted,
    sums: check.sums.map(({ currency, provider: theirs, books }) => ({
      currency,
      provider: moved(theirs),
      books: moved(books),
    })),
    differences: check.differences.map(({ of, providerReference, currency, provider: theirs, books }) => ({
      book: of?.book ?? null,
      payment_intent_id: of?.payment ?? null,
      provider_reference: providerReference === '' ? null : providerReference,
      currency,
      provider: moved(theirs),
      books: moved(books),
    })),
  };
}
