import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { classify } from './classify.ts';
import { readRows } from './parse.ts';
import { type BadRow, describeBadRow, type Row } from './row.ts';

const HEADER =
  '"trans_id";"account_id";"date";"type";"operation";"amount";"balance";"k_symbol";"bank";"account"';
const GOOD = '695247;2378;930101;"PRIJEM";"VKLAD";700.00;700.00;"";;';

function read(text: string): { rows: Row[]; bad: BadRow[] } {
  const rows: Row[] = [];
  const bad: BadRow[] = [];
  for (const line of readRows(text)) {
    if (line.kind === 'row') rows.push(line.row);
    else bad.push(line.bad);
  }
  return { rows, bad };
}

function readLines(...lines: string[]): { rows: Row[]; bad: BadRow[] } {
  return read([HEADER, ...lines, ''].join('\r\n'));
}

const bundled = readFileSync(new URL('../../../examples/berka/trans.asc', import.meta.url), 'utf8');

describe('the bundled file', () => {
  const { rows, bad } = read(bundled);

  it('has 49,102 good rows and no bad one', () => {
    expect(bad).toEqual([]);
    expect(rows).toHaveLength(49_102);
  });

  it('falls into the classes that its README counts', () => {
    const counts: Record<string, number> = {};
    for (const row of rows) {
      const rowClass = classify(row) ?? 'none';
      counts[rowClass] = (counts[rowClass] ?? 0) + 1;
    }
    expect(counts).toEqual({
      interest: 9_463,
      fee: 5_445,
      penaltyInterest: 64,
      cashIn: 9_759,
      cashOut: 14_244,
      cardWithdrawal: 12,
      fromBank: 3_772,
      toBank: 6_343,
    });
  });

  it('sums per customer to the balances of the README', () => {
    const balances = new Map<string, bigint>();
    for (const row of rows) {
      const signed = row.type === 'PRIJEM' ? row.amount : -row.amount;
      balances.set(row.accountId, (balances.get(row.accountId) ?? 0n) + signed);
    }
    const all = [...balances.values()];
    expect(all).toHaveLength(1_229);
    expect(all.reduce((sum, one) => sum + one, 0n)).toBe(3_924_614_280n);
    expect(all.filter((one) => one < 0n)).toHaveLength(1);
    expect(balances.get('2378')).toBe(5_095_620n);
    expect(balances.get('576')).toBe(1_855_660n);
  });
});

describe('a good line', () => {
  it('keeps its line number, its date as ISO, its amount in minor units', () => {
    expect(readLines(GOOD).rows).toEqual([
      {
        line: 2,
        transId: '695247',
        accountId: '2378',
        date: '1993-01-01',
        type: 'PRIJEM',
        operation: 'VKLAD',
        amount: 70_000n,
        printedBalance: '700.00',
        kSymbol: '',
        bank: '',
        account: '',
      },
    ]);
  });

  it('may end in LF alone, follow a byte order mark, and lack the last line end', () => {
    expect(read(`\uFEFF${HEADER}\n${GOOD}`).rows).toHaveLength(1);
  });

  it('takes a blank k_symbol for an empty one', () => {
    expect(readLines('1;2;930101;"VYDAJ";"VYBER";1.00;0.00;" ";;').rows[0]?.kSymbol).toBe('');
  });
});

describe('a bad line', () => {
  it.each([
    ['a column missing', '1;2;930101;"PRIJEM";"VKLAD";1.00;0.00;"";', 'account', '9 columns instead of 10'],
    ['a column too many', `${GOOD};`, '11', '11 columns instead of 10'],
    ['an empty line between others', '', 'account_id', '1 columns instead of 10'],
    ['quotes that do not match', '1;2;930101;"PRIJEM;"VKLAD";1.00;0.00;"";;', 'type', 'quotes'],
    ['a transaction number that is none', 'x1;2;930101;"PRIJEM";"VKLAD";1.00;0.00;"";;', 'trans_id', '"x1"'],
    ['no transaction number', ';2;930101;"PRIJEM";"VKLAD";1.00;0.00;"";;', 'trans_id', 'empty'],
    ['an account number that is none', '1;-2;930101;"PRIJEM";"VKLAD";1.00;0.00;"";;', 'account_id', '"-2"'],
    ['a day that never was', '1;2;930229;"PRIJEM";"VKLAD";1.00;0.00;"";;', 'date', '"930229"'],
    ['a month that never was', '1;2;931301;"PRIJEM";"VKLAD";1.00;0.00;"";;', 'date', '"931301"'],
    ['a date in another form', '1;2;1993-01-01;"PRIJEM";"VKLAD";1.00;0.00;"";;', 'date', 'YYMMDD'],
    ['an unknown type', '1;2;930101;"PRESUN";"VKLAD";1.00;0.00;"";;', 'type', '"PRESUN" is unknown'],
    ['an unknown operation', '1;2;930101;"PRIJEM";"SEK";1.00;0.00;"";;', 'operation', '"SEK" is unknown'],
    ['an unknown k_symbol', '1;2;930101;"PRIJEM";"VKLAD";1.00;0.00;"XYZ";;', 'k_symbol', '"XYZ" is unknown'],
    ['an amount that is none', '1;2;930101;"PRIJEM";"VKLAD";1,00;0.00;"";;', 'amount', '"1,00"'],
    ['an amount of three decimals', '1;2;930101;"PRIJEM";"VKLAD";1.005;0.00;"";;', 'amount', '"1.005"'],
    ['an amount in powers of ten', '1;2;930101;"PRIJEM";"VKLAD";1e3;0.00;"";;', 'amount', '"1e3"'],
    ['a negative amount', '1;2;930101;"PRIJEM";"VKLAD";-1.00;0.00;"";;', 'amount', '"-1.00"'],
    ['an amount of nothing', '1;2;930101;"PRIJEM";"VKLAD";0.00;0.00;"";;', 'amount', 'moves no money'],
    ['an amount above int64', '1;2;930101;"PRIJEM";"VKLAD";92233720368547758.08;0;"";;', 'amount', '"922'],
    ['a balance that is none', '1;2;930101;"PRIJEM";"VKLAD";1.00;abc;"";;', 'balance', '"abc"'],
    ['a bank that is no code', '1;2;930101;"PRIJEM";"PREVOD Z UCTU";1.00;1.00;"";"a b";1', 'bank', '"a b"'],
    ['a transfer without a bank', '1;2;930101;"PRIJEM";"PREVOD Z UCTU";1.00;1.00;"";;1', 'bank', 'needs'],
    ['an account that is none', '1;2;930101;"PRIJEM";"PREVOD Z UCTU";1.00;1.00;"";"AB";x', 'account', '"x"'],
    ['neither operation nor interest', '1;2;930101;"PRIJEM";"";1.00;0.00;"";;', 'operation', 'empty'],
    ['cash in that is money out', '1;2;930101;"VYDAJ";"VKLAD";1.00;0.00;"";;', 'type', 'money in'],
    ['interest that is money out', '1;2;930101;"VYDAJ";"";1.00;0.00;"UROK";;', 'type', 'money in'],
    ['a fee that is money in', '1;2;930101;"PRIJEM";"VYBER";1.00;0.00;"SLUZBY";;', 'type', 'money out'],
  ])('is named with line and column: %s', (_, line, column, problem) => {
    const { rows, bad } = readLines(GOOD, line, GOOD.replace('695247', '3'));
    expect(rows.map((row) => row.line)).toEqual([2, 4]);
    expect(bad).toEqual([{ line: 3, column, problem: expect.stringContaining(problem) }]);
  });

  it('is a transaction that was there before', () => {
    expect(readLines(GOOD, GOOD).bad.map(describeBadRow)).toEqual([
      'line 3, column trans_id: 695247 stands on line 2 already',
    ]);
  });

  it('shows a bounded part of a wrong value', () => {
    const { bad } = readLines(`1;2;${'9'.repeat(1_000_000)};"PRIJEM";"VKLAD";1.00;0.00;"";;`);
    expect(bad[0]?.problem.length).toBeLessThan(100);
  });
});

describe('a file', () => {
  it('with a wrong header is bad from its first line and nothing of it is read', () => {
    const { rows, bad } = read([HEADER.replace('date', 'day'), GOOD].join('\n'));
    expect(rows).toEqual([]);
    expect(bad.map(describeBadRow)).toEqual(['line 1, column 3: the header says "day" where date belongs']);
  });

  it('that is empty is bad', () => {
    expect(read('').bad).toHaveLength(1);
    expect(read('\r\n').bad).toHaveLength(1);
  });
});
