import { countOutcomes, readTransactionResults } from '../../client/index.ts';

/** An answer is not the one that a correct core would have given. */
export class WrongAnswer extends Error {
  override readonly name = 'WrongAnswer';
}

/**
 * Counts the transactions of a CreateTransactionsResponse that were booked just now: booked, and not replayed. Looks at
 * the outcome of every item and passes over the effects. About 10 ns an item (speed.ts).
 */
export function countBooked(bytes: Uint8Array): number {
  const { length } = bytes;
  let booked = 0;
  let at = 0;
  while (at < length) {
    const tag = bytes[at++];
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      size |= (byte & 0x7f) << shift;
      if (!(byte > 0x7f)) break;
    }
    const end = at + size;
    if (!(end <= length)) throw new WrongAnswer('the answer is cut off');
    // results = 2 { booked = 1 { seq = 1, replayed = 2 } }
    if (tag === 0x12 && bytes[at] === 0x0a) {
      at++;
      while (bytes[at++] > 0x7f);
      if (bytes[at] === 0x08) {
        at++;
        while (bytes[at++] > 0x7f);
        if (at >= end || bytes[at] !== 0x10) booked += 1;
      }
    }
    at = end;
  }
  return booked;
}

/** Holds an answer against what must have happened: each of these new transactions was booked. */
export function expectAllBooked(answer: Uint8Array, count: number): void {
  if (countBooked(answer) === count) return;
  const { booked, replayed, refused } = countOutcomes(answer);
  const { results } = readTransactionResults(answer);
  const first = results.find(({ outcome }) => outcome.case === 'refused')?.outcome;
  const why = first?.case === 'refused' ? `, the first for ${first.value.reason}` : '';
  throw new WrongAnswer(
    `of ${count} new transactions ${booked} were booked, ${replayed} replayed, ${refused} refused${why}`,
  );
}
