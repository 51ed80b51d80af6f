import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { uuid, uuid7 } from '../../../test/support/ledger.ts';
import { AccountTable, type AccountRecord } from './accounts.ts';
import type { Uuid } from './commands.ts';
import { IdTable } from './ids.ts';
import { stampOf, wordsOf } from './uuid.ts';

const NOW = 1_768_478_400_000;

describe('the table of ids', () => {
  type Move = { insert: Uuid; book: number } | { forget: number; most: number };
  const anyId = fc.oneof(
    fc.nat(5_000).map(uuid),
    fc.tuple(fc.nat(3_000), fc.nat(3)).map(([ms, n]) => uuid7(NOW + ms, n)),
  );
  const move: fc.Arbitrary<Move> = fc.oneof(
    { weight: 12, arbitrary: fc.record({ insert: anyId, book: fc.integer({ min: 1, max: 3 }) }) },
    { weight: 1, arbitrary: fc.record({ forget: fc.nat(400), most: fc.constantFrom(1, 7, Infinity) }) },
  );

  test('says what a map says, and what it forgot it owns up to', () => {
    fc.assert(
      fc.property(fc.array(move, { minLength: 50, maxLength: 400 }), (moves) => {
        const table = new IdTable(11);
        const all = new Map<string, { seq: number; book: number; id: Uuid }>();
        let seq = 0;
        for (const one of moves) {
          if ('insert' in one) {
            const key = `${one.book} ${one.insert}`;
            if (all.has(key)) continue;
            all.set(key, { seq: ++seq, book: one.book, id: one.insert });
            table.insert(one.book, ...wordsOf(one.insert), seq);
            continue;
          }
          const before = table.size,
            forgettings = table.forgettings;
          const forgotten = table.forget(one.forget, one.most);
          expect(forgotten).toBeLessThanOrEqual(one.most);
          expect(table.size).toBe(before - forgotten);
          expect(table.forgettings > forgettings).toBe(forgotten > 0);
          for (const entry of all.values())
            if (one.most === Infinity && entry.seq <= one.forget)
              expect(table.seqOf(entry.book, ...wordsOf(entry.id))).toBe(0);
        }
        let resident = 0;
        for (const { seq, book, id } of all.values()) {
          const words = wordsOf(id);
          const found = table.seqOf(book, ...words);
          if (found !== 0) resident++;
          if (found !== 0 ? found !== seq : !table.mayBeForgotten(book, ...words))
            throw new Error(`${id} of seq ${seq} answers ${found}`);
          // Another book's id of the same name is another id.
          expect(table.seqOf(9, ...words)).toBe(0);
        }
        expect(table.size).toBe(resident);
      }),
      { numRuns: 60 },
    );
  });

  test('tells every seq exactly, with numbers beyond 32 bits and gaps of three billion', () => {
    const table = new IdTable(11);
    const seqOf = (n: number) =>
      2 ** 40 + Math.floor(n / 4_096) * 2 ** 33 + (n % 4_096 > 2_000 ? 3e9 : 0) + n;
    for (let n = 0; n < 10_000; n++) table.insert(1, ...wordsOf(uuid(n)), seqOf(n));
    for (let n = 0; n < 10_000; n++) expect(table.seqOf(1, ...wordsOf(uuid(n)))).toBe(seqOf(n));
    expect([table.nthOldestSeq(1), table.nthOldestSeq(5_000)]).toEqual([seqOf(0), seqOf(4_999)]);
    // All forgotten in mid-page, then others.
    table.forget(Infinity, Infinity);
    table.insert(1, ...wordsOf(uuid(1)), 2 ** 50);
    expect([table.seqOf(1, ...wordsOf(uuid(1))), table.seqOf(1, ...wordsOf(uuid(2)))]).toEqual([2 ** 50, 0]);
    expect([0, 1, 2].map((n) => table.nthOldestSeq(n))).toEqual([Infinity, 2 ** 50, Infinity]);
    expect(() => table.insert(1, ...wordsOf(uuid(3)), 2 ** 50 + 2 ** 32)).toThrow(RangeError);
  });

  test('needs no look-up for a v7 id stamped above every forgotten one, and for another only if the filter has seen it', () => {
    const table = new IdTable(11);
    const may = (id: Uuid) => table.mayBeForgotten(1, ...wordsOf(id));
    expect([may(uuid(1)), may(uuid7(NOW, 1))]).toEqual([false, false]);
    table.insert(1, ...wordsOf(uuid7(NOW, 1)), 1);
    table.insert(1, ...wordsOf(uuid7(NOW + 5, 1)), 2);
    table.insert(1, ...wordsOf(uuid7(NOW + 9, 1)), 3);
    const sweep = (upto: number) => table.forget(upto, Infinity);
    sweep(0);
    expect([table.size, table.forgettings, may(uuid7(NOW, 1))]).toEqual([3, 0, false]);
    sweep(2);
    expect(table.forgottenStampMs).toBe(NOW + 5);
    expect([may(uuid7(NOW + 5, 2)), may(uuid7(NOW + 6, 2)), may(uuid(1))]).toEqual([true, false, false]);
    table.insert(1, ...wordsOf(uuid(1)), 4);
    sweep(4);
    expect([may(uuid(1)), may(uuid(2)), may(uuid7(NOW + 9, 2)), may(uuid7(NOW + 10, 2))]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  test('looks up every id of another version until those of before are known', () => {
    const table = new IdTable(11);
    const may = (id: Uuid) => table.mayBeForgotten(1, ...wordsOf(id));
    table.othersKnown = false;
    expect([table.missesOthers, may(uuid(1)), table.missesOthers]).toEqual([false, true, true]);
    table.noteOther(1, ...wordsOf(uuid(2)));
    table.othersKnown = true;
    expect([may(uuid(1)), may(uuid(2))]).toEqual([false, true]);
  });

  test('takes few unknown ids for known ones, over several layers of the filter', () => {
    const table = new IdTable(11);
    const words = (n: number) => wordsOf(uuid(n));
    for (let n = 0; n < 600_000; n++) table.noteOther(1, ...words(n));
    let wrong = 0;
    for (let n = 0; n < 20_000; n++) {
      if (!table.mayBeForgotten(1, ...words(n * 30))) throw new Error(`${n * 30} was noted`);
      if (table.mayBeForgotten(1, ...words(1_000_000 + n))) wrong++;
    }
    expect(wrong).toBeLessThan(20_000 / 50);
  });

  test('reads the stamp of version 7 and of no other', () => {
    expect(stampOf(...(wordsOf(uuid7(NOW, 1)).slice(0, 2) as [number, number]))).toBe(NOW);
    expect(stampOf(...(wordsOf(uuid(1)).slice(0, 2) as [number, number]))).toBe(-1);
    expect(
      stampOf(...(wordsOf('ffffffff-ffff-7fff-bfff-ffffffffffff' as Uuid).slice(0, 2) as [number, number])),
    ).toBe(2 ** 48 - 1);
  });
});

function record(number: number, book: number, lastSeq: number): AccountRecord {
  const n = BigInt(number);
  return {
    number,
    book,
    words: wordsOf(uuid(number)),
    asset: number % 100,
    creditNormal: number % 2 === 0,
    closed: number % 3 === 0,
    reserved: number % 5 === 0,
    version: number,
    debitsPosted: n,
    creditsPosted: n * 2n,
    debitsPending: n * 3n,
    creditsPending: n * 4n,
    limits: [n, null, -n, null],
    lastSeq,
  };
}

describe('the table of accounts', () => {
  type Move = 'insert' | { touch: number } | { evict: number; passed: number };
  const move: fc.Arbitrary<Move> = fc.oneof(
    { weight: 10, arbitrary: fc.constant('insert' as const) },
    { weight: 3, arbitrary: fc.record({ touch: fc.nat(500) }) },
    { weight: 1, arbitrary: fc.record({ evict: fc.integer({ min: 1, max: 300 }), passed: fc.nat(500) }) },
  );

  test('says what a map says, through eviction, graves and growth', () => {
    fc.assert(
      fc.property(fc.array(move, { minLength: 100, maxLength: 600 }), (moves) => {
        const table = new AccountTable(5);
        const all = new Map<number, AccountRecord>();
        const find = (number: number, book: number) => table.find(book, ...wordsOf(uuid(number)));
        let next = 1;
        for (const one of moves) {
          if (one === 'insert') {
            const fresh = record(next++, 1 + (next % 3), next);
            all.set(fresh.number, fresh);
            table.insert(fresh);
          } else if ('touch' in one) {
            const known = all.get(one.touch);
            if (known !== undefined) expect(find(known.number, known.book)).toBe(table.slotOf(known.number));
          } else {
            const evictions = table.evictions;
            const numbers = new Set(table.numbers());
            const count = table.evict(one.evict, one.passed);
            expect(count).toBeLessThanOrEqual(one.evict);
            expect(table.evictions).toBe(evictions + (count > 0 ? 1 : 0));
            const left = new Set(table.numbers());
            const gone = [...numbers].filter((number) => !left.has(number));
            expect(gone.length).toBe(count);
            for (const number of gone) {
              // Never one whose last event the read models have not passed.
              expect(all.get(number)!.lastSeq).toBeLessThanOrEqual(one.passed);
              expect(table.slotOf(number)).toBe(-1);
              expect(find(number, all.get(number)!.book)).toBe(-1);
              all.delete(number);
            }
          }
        }
        expect(table.size).toBe(all.size);
        for (const { number, book, words, limits, ...rest } of all.values()) {
          const slot = find(number, book);
          if (slot < 0 || slot !== table.slotOf(number))
            throw new Error(`account ${number} is in slot ${slot}`);
          expect(table.idOf(slot)).toBe(uuid(number));
          expect(table.limitsOf(slot)).toEqual(limits);
          expect([
            table.countersOf(slot).debitsPosted,
            table.countersOf(slot).creditsPending,
            table.versionOf(slot),
            table.assetOf(slot),
            table.lastSeqOf(slot),
          ]).toEqual([rest.debitsPosted, rest.creditsPending, rest.version, rest.asset, rest.lastSeq]);
          expect(find(number, book + 10)).toBe(-1);
          void words;
        }
      }),
      { numRuns: 40 },
    );
  });

  test('gives the accounts touched since the last sweep a second chance', () => {
    const table = new AccountTable(5);
    for (let number = 1; number <= 4; number++) table.insert(record(number, 1, number));
    expect(table.evict(10, 100)).toBe(0);
    table.find(1, ...wordsOf(uuid(2)));
    expect(table.evict(10, 100)).toBe(3);
    expect([...table.numbers()]).toEqual([2]);
  });

  test('comes round to every account, though few are evicted at a time', () => {
    const table = new AccountTable(5);
    for (let number = 1; number <= 100; number++) table.insert(record(number, 1, number));
    for (let i = 0; i < 30; i++) {
      table.evict(5, 1_000);
      // The first ones are in use all the time.
      for (let number = 1; number <= 10; number++) table.find(1, ...wordsOf(uuid(number)));
    }
    expect([...table.numbers()].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test('takes no account whose asset is not known', () => {
    expect(() => new AccountTable(5).insert({ ...record(1, 1, 1), asset: -1 })).toThrow('asset');
  });
});
