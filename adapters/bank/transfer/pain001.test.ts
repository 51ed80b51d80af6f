import { XMLParser, XMLValidator } from 'fast-xml-parser';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decimalOf, escaped, pain001 } from './pain001.ts';

const ORDER = {
  id: '01900000000070008000000000000001',
  amount: 123_456n,
  debtor: { iban: 'DE89370400440532013000', name: 'Anna Muster' },
  creditor: { iban: 'GB82WEST12345698765432', name: 'Florin Ltd' },
  remittance: 'Order 17',
  initiator: 'Florin Ltd',
  createdMs: Date.UTC(2026, 8, 17, 12, 30, 15, 999),
};

/** What XML has a place for. */
const escapable = (text: string): string =>
  text.toWellFormed().replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFD\uFFFE\uFFFF]/g, '');

test('a message says everything once, and its sums agree', () => {
  const text = pain001(ORDER);
  expect(XMLValidator.validate(text)).toBe(true);
  for (const part of [
    'urn:iso:std:iso:20022:tech:xsd:pain.001.001.09',
    `<MsgId>${ORDER.id}</MsgId>`,
    `<EndToEndId>${ORDER.id}</EndToEndId>`,
    '<CreDtTm>2026-09-17T12:30:15Z</CreDtTm>',
    '<ReqdExctnDt><Dt>2026-09-17</Dt></ReqdExctnDt>',
    '<InstdAmt Ccy="EUR">1234.56</InstdAmt>',
    '<Ustrd>Order 17</Ustrd>',
  ])
    expect(text.split(part), part).toHaveLength(2);
  expect(text.split('<CtrlSum>1234.56</CtrlSum>')).toHaveLength(3);
  expect(pain001({ ...ORDER, remittance: '' })).not.toContain('RmtInf');
});

test('euro cents are written with a point and two digits', () => {
  expect([1n, 10n, 99n, 100n, 99_999_999_999n].map(decimalOf)).toEqual([
    '0.01',
    '0.10',
    '0.99',
    '1.00',
    '999999999.99',
  ]);
});

test('no text can become markup: whatever it is, it is read back as text', () => {
  expect(escaped('</Nm><Nm>"&\'')).toBe('&lt;/Nm&gt;&lt;Nm&gt;&quot;&amp;&apos;');
  expect(escaped('a\u0000b\u001Fc\uD800d')).toBe('abcd');
  const parser = new XMLParser({ parseTagValue: false, trimValues: false });
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (name) => {
      const text = `<r><Nm>${escaped(name)}</Nm><end>1</end></r>`;
      expect(XMLValidator.validate(text)).toBe(true);
      // A carriage return is a line feed to every reader of XML.
      const kept = escapable(name).replaceAll(/\r\n?/g, '\n');
      expect(parser.parse(text)).toEqual({ r: { Nm: kept, end: '1' } });
    }),
  );
});
