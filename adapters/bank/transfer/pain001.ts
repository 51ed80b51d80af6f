import type { Account } from './account.ts';

/** One credit transfer, in a message of its own: so a file is sent once or not at all. */
export interface TransferOrder {
  /** At most 35 characters: names the message, its payment block and the transfer. */
  readonly id: string;
  /** Euro cents. */
  readonly amount: bigint;
  readonly debtor: Account;
  readonly creditor: Account;
  /** What the creditor's statement shows, at most 140 characters of the plain set. */
  readonly remittance: string;
  /** Who sends the message. */
  readonly initiator: string;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
}

/** A customer credit transfer initiation, pain.001.001.09, under the SEPA rules: euro, shared charges, by IBAN alone. */
export function pain001(order: TransferOrder): string {
  const { id, debtor, creditor, remittance, initiator, createdMs } = order;
  const amount = decimalOf(order.amount);
  const created = new Date(createdMs).toISOString();
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09">',
    '<CstmrCdtTrfInitn>',
    '<GrpHdr>',
    `<MsgId>${escaped(id)}</MsgId>`,
    `<CreDtTm>${created.slice(0, 19)}Z</CreDtTm>`,
    `<NbOfTxs>1</NbOfTxs><CtrlSum>${amount}</CtrlSum>`,
    `<InitgPty><Nm>${escaped(initiator)}</Nm></InitgPty>`,
    '</GrpHdr>',
    '<PmtInf>',
    `<PmtInfId>${escaped(id)}</PmtInfId>`,
    '<PmtMtd>TRF</PmtMtd>',
    `<NbOfTxs>1</NbOfTxs><CtrlSum>${amount}</CtrlSum>`,
    '<PmtTpInf><SvcLvl><Cd>SEPA</Cd></SvcLvl></PmtTpInf>',
    `<ReqdExctnDt><Dt>${created.slice(0, 10)}</Dt></ReqdExctnDt>`,
    `<Dbtr><Nm>${escaped(debtor.name)}</Nm></Dbtr>`,
    `<DbtrAcct><Id><IBAN>${escaped(debtor.iban)}</IBAN></Id><Ccy>EUR</Ccy></DbtrAcct>`,
    '<DbtrAgt><FinInstnId><Othr><Id>NOTPROVIDED</Id></Othr></FinInstnId></DbtrAgt>',
    '<ChrgBr>SLEV</ChrgBr>',
    '<CdtTrfTxInf>',
    `<PmtId><InstrId>${escaped(id)}</InstrId><EndToEndId>${escaped(id)}</EndToEndId></PmtId>`,
    `<Amt><InstdAmt Ccy="EUR">${amount}</InstdAmt></Amt>`,
    `<Cdtr><Nm>${escaped(creditor.name)}</Nm></Cdtr>`,
    `<CdtrAcct><Id><IBAN>${escaped(creditor.iban)}</IBAN></Id></CdtrAcct>`,
    ...(remittance === '' ? [] : [`<RmtInf><Ustrd>${escaped(remittance)}</Ustrd></RmtInf>`]),
    '</CdtTrfTxInf>',
    '</PmtInf>',
    '</CstmrCdtTrfInitn>',
    '</Document>',
    '',
  ].join('\n');
}

/** Euro cents as people write them: "0.05". */
export function decimalOf(cents: bigint): string {
  const digits = cents.toString().padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** For text between tags. What XML 1.0 has no place for at all (control characters, lone surrogates) is dropped. */
export function escaped(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFD\uFFFE\uFFFF]/g, '')
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character]);
}
