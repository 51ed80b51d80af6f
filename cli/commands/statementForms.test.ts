import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import {
  EntrySide,
  StatementAxis,
  StreamStatementResponseSchema,
} from '../../gen/florin/ledger/v1/statements_pb.ts';
import { printCsv, printJson, printTable, type StatementShown } from './statementForms.ts';

type Chunk = MessageInitShape<typeof StreamStatementResponseSchema>;

const header = {
  code: 'customers:1',
  asset: 'CZK',
  fromDate: '1993-01-02',
  toDate: '',
  openingBalance: -100n,
};
const line = {
  version: 2n,
  transactionId: '259e4eba-0f6d-8627-b504-36de07a9763b',
  reference: 'rent, "May"',
  amount: 100_000n,
  effectiveDate: '1993-01-02',
  bookedAt: timestampFromMs(0),
};
const chunks: Chunk[] = [
  { header, lines: [{ ...line, side: EntrySide.CREDIT, balance: 99_900n, counterAccount: 'bank:cash' }] },
  { lines: [{ ...line, side: EntrySide.DEBIT, balance: -100n, counterAccount: 'banks:AB' }] },
  { footer: { closingBalance: -100n, lineCount: 2n, debits: 100_000n, credits: 100_000n } },
];

async function printed(
  print: (shown: StatementShown) => Promise<void>,
  given: Chunk[] = chunks,
): Promise<string> {
  let text = '';
  const write = async (part: string): Promise<void> => {
    text += part;
  };
  await print({
    chunks: (async function* () {
      for (const chunk of given) yield create(StreamStatementResponseSchema, chunk);
    })(),
    book: 'berka',
    axis: StatementAxis.EFFECTIVE,
    scaleOf: async () => 2,
    terminal: {
      width: undefined,
      isColoured: false,
      write,
      print: (one) => write(`${one}\n`),
      remark: () => undefined,
    },
  });
  return text;
}

describe('a statement', () => {
  it('as a table begins with the opening and ends with the closing balance and both sums', async () => {
    expect((await printed(printTable)).split('\n')).toEqual([
      'customers:1, CZK from 1993-01-02, by effective date',
      'DATE        REFERENCE    COUNTER-ACCOUNT     DEBIT    CREDIT  BALANCE',
      '1993-01-02               opening balance                        -1.00',
      '1993-01-02  rent, "May"  bank:cash                  1,000.00   999.00',
      '1993-01-02  rent, "May"  banks:AB         1,000.00              -1.00',
      '                         closing balance  1,000.00  1,000.00    -1.00',
      '',
    ]);
  });

  it('as CSV has its lines only, with decimals, quoted where needed', async () => {
    const id = line.transactionId;
    expect(await printed(printCsv)).toBe(
      [
        'effective_date,booked_at,version,transaction_id,reference,counter_account,debit,credit,balance,asset',
        `1993-01-02,1970-01-01T00:00:00.000000Z,2,${id},"rent, ""May""",bank:cash,,1000.00,999.00,CZK`,
        `1993-01-02,1970-01-01T00:00:00.000000Z,2,${id},"rent, ""May""",banks:AB,1000.00,,-1.00,CZK`,
        '',
      ].join('\r\n'),
    );
  });

  it('as JSON is one object on one line, amounts in minor units', async () => {
    const text = await printed(printJson);
    expect(text.trimEnd()).not.toContain('\n');
    expect(JSON.parse(text)).toMatchObject({
      book: 'berka',
      code: 'customers:1',
      from_date: '1993-01-02',
      to_date: null,
      opening_balance: -100,
      lines: [
        { side: 'credit', amount: 100_000, balance: 99_900, counter_account: 'bank:cash' },
        { side: 'debit', amount: 100_000, balance: -100, counter_account: 'banks:AB' },
      ],
      debits: 100_000,
      credits: 100_000,
      closing_balance: -100,
      line_count: 2,
    });
  });

  it('without lines is still whole', async () => {
    const empty = [{ header, footer: { closingBalance: -100n } }];
    expect(JSON.parse(await printed(printJson, empty))).toMatchObject({ lines: [], closing_balance: -100 });
    expect((await printed(printTable, empty)).split('\n')).toHaveLength(5);
  });

  it.each([printTable, printCsv, printJson])(
    'that breaks off is an error, never a short answer: %o',
    async (print) => {
      await expect(printed(print, chunks.slice(0, 2))).rejects.toThrow(/ended before its footer/);
    },
  );
});
