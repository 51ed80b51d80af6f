import { expect, test } from 'vitest';
import { DECLINES } from '../../../core/kernel/payments/declines.ts';
import { UnreadableReport, pain002 } from './pain002.ts';
import { reasonOf } from './reasons.ts';

const GROUP = '<OrgnlGrpInfAndSts><OrgnlMsgId>0012</OrgnlMsgId>%</OrgnlGrpInfAndSts>';
const reportOf = (blocks: string, group = ''): string =>
  `<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>` +
  `<GrpHdr><MsgId>R1</MsgId></GrpHdr>${GROUP.replace('%', group)}${blocks}</CstmrPmtStsRpt></Document>`;
const transfer = (id: string, status: string, reason = ''): string =>
  `<TxInfAndSts><OrgnlEndToEndId>${id}</OrgnlEndToEndId><TxSts>${status}</TxSts>${reason}</TxInfAndSts>`;
const block = (inner: string): string =>
  `<OrgnlPmtInfAndSts><OrgnlPmtInfId>0012</OrgnlPmtInfId>${inner}</OrgnlPmtInfAndSts>`;
const because = (code: string): string => `<StsRsnInf><Rsn><Cd>${code}</Cd></Rsn></StsRsnInf>`;

test.each([
  ['ACSC', 'settled'],
  ['ACCC', 'settled'],
  ['RJCT', 'rejected'],
  ['RCVD', 'taken'],
  ['ACTC', 'taken'],
  ['ACCP', 'taken'],
  ['ACSP', 'taken'],
  ['PDNG', 'taken'],
])('a transfer that is %s is %s', (code, status) => {
  // An id with leading noughts stays what it is.
  expect(pain002(reportOf(block(transfer('0012', code))))).toEqual([{ id: '0012', status, reason: '' }]);
});

test('each transfer of a report is told, with its reason', () => {
  const text = reportOf(
    block(transfer('1', 'ACSC') + transfer('2', 'RJCT', because('AC04'))) + block(transfer('3', 'RJCT')),
  );
  expect(pain002(text)).toEqual([
    { id: '1', status: 'settled', reason: '' },
    { id: '2', status: 'rejected', reason: 'AC04' },
    { id: '3', status: 'rejected', reason: '' },
  ]);
});

test('a status of the block or of the whole message stands where no transfer is named', () => {
  expect(pain002(reportOf(block(`<PmtInfSts>RJCT</PmtInfSts>${because('AM04')}`)))).toEqual([
    { id: '0012', status: 'rejected', reason: 'AM04' },
  ]);
  expect(pain002(reportOf('', `<GrpSts>RJCT</GrpSts>${because('FF01')}`))).toEqual([
    { id: '0012', status: 'rejected', reason: 'FF01' },
  ]);
});

test('a status that we do not know, or that is of a part, says nothing', () => {
  for (const code of ['PART', 'XXXX', '', 'constructor'])
    expect(pain002(reportOf(block(transfer('1', code))))).toEqual([]);
  expect(pain002(reportOf('', '<GrpSts>PART</GrpSts>'))).toEqual([]);
});

test('a report with prefixed names is read like any', () => {
  const text = reportOf(block(transfer('1', 'ACSC'))).replaceAll(/<(\/?)([A-Z])/g, '<$1p:$2');
  expect(text).toContain('<p:TxSts>');
  expect(pain002(text)).toEqual([{ id: '1', status: 'settled', reason: '' }]);
});

test.each([
  '',
  'no xml',
  '<Document>',
  '<Document><CstmrPmtStsRpt/></Document>',
  '<Document/>',
  reportOf('').slice(0, -5),
  `<!DOCTYPE x [<!ENTITY a "b">]>${reportOf(block(transfer('1', 'ACSC')))}`,
  '<!doctype x SYSTEM "file:///etc/passwd"><Document/>',
])('what is no report is unreadable: %s', (text) => {
  expect(() => pain002(text)).toThrow(UnreadableReport);
});

test('reasons are hard where the account is gone and soft where it may change', () => {
  for (const code of ['AC01', 'AC04', 'AC06', 'AG01', 'MD01', 'MD07', 'FR01', 'RR04'])
    expect(DECLINES[reasonOf(code)].hard, code).toBe(true);
  for (const code of ['AM04', 'AM14', 'MS02', 'MS03', 'XX99', '', 'constructor'])
    expect(DECLINES[reasonOf(code)].hard, code).toBe(false);
});
