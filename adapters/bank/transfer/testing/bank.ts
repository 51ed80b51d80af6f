import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { XMLParser } from 'fast-xml-parser';

/** A transfer as the bank has read it. */
export interface Fetched {
  readonly messageId: string;
  readonly endToEndId: string;
  /** As written: "10.50". */
  readonly amount: string;
  readonly currency: string;
  readonly from: string;
  readonly to: string;
  readonly creditor: string;
}

/** A bank behind a folder: fetches messages from `out`, does what is in them once, and reports in `in`. */
export class SimulatedBank {
  /** Every transfer that it has read, in order: its own truth. */
  readonly fetched: Fetched[] = [];
  readonly #folder: string;
  #reports = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async fetch(): Promise<Fetched[]> {
    const out = join(this.#folder, 'out');
    const archive = join(this.#folder, 'bank');
    await mkdir(archive, { recursive: true });
    const found: Fetched[] = [];
    for (const name of (await readdir(out)).toSorted()) {
      await rename(join(out, name), join(archive, name));
      found.push(read(await readFile(join(archive, name), 'utf8')));
    }
    this.fetched.push(...found);
    return found;
  }

  /** A report about one transfer, as pain.002.001.10. */
  async report({ messageId, endToEndId }: Fetched, status: string, reason = ''): Promise<void> {
    const because = reason === '' ? '' : `<StsRsnInf><Rsn><Cd>${reason}</Cd></Rsn></StsRsnInf>`;
    await this.drop(
      `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
<GrpHdr><MsgId>R${this.#reports}</MsgId><CreDtTm>2026-09-17T08:00:00Z</CreDtTm></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>${messageId}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId></OrgnlGrpInfAndSts>
<OrgnlPmtInfAndSts><OrgnlPmtInfId>${messageId}</OrgnlPmtInfId><TxInfAndSts>
<OrgnlEndToEndId>${endToEndId}</OrgnlEndToEndId><TxSts>${status}</TxSts>${because}
</TxInfAndSts></OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>`,
    );
  }

  async drop(text: string): Promise<void> {
    const name = `report-${String(++this.#reports).padStart(6, '0')}.xml`;
    await writeFile(join(this.#folder, 'in', name), text);
  }
}

const parser = new XMLParser({ ignoreAttributes: false, parseTagValue: false, attributeNamePrefix: '' });

function read(text: string): Fetched {
  const { Document } = parser.parse(text) as { Document: { CstmrCdtTrfInitn: Initiation; xmlns: string } };
  const { GrpHdr, PmtInf } = Document.CstmrCdtTrfInitn;
  const { CdtTrfTxInf } = PmtInf;
  if (Document.xmlns !== 'urn:iso:std:iso:20022:tech:xsd:pain.001.001.09') throw new Error('another message');
  if (GrpHdr.NbOfTxs !== '1' || GrpHdr.CtrlSum !== CdtTrfTxInf.Amt.InstdAmt['#text'])
    throw new Error('the sum does not match');
  return {
    messageId: GrpHdr.MsgId,
    endToEndId: CdtTrfTxInf.PmtId.EndToEndId,
    amount: CdtTrfTxInf.Amt.InstdAmt['#text'],
    currency: CdtTrfTxInf.Amt.InstdAmt.Ccy,
    from: PmtInf.DbtrAcct.Id.IBAN,
    to: CdtTrfTxInf.CdtrAcct.Id.IBAN,
    creditor: CdtTrfTxInf.Cdtr.Nm,
  };
}

interface Initiation {
  readonly GrpHdr: { readonly MsgId: string; readonly NbOfTxs: string; readonly CtrlSum: string };
  readonly PmtInf: {
    readonly DbtrAcct: { readonly Id: { readonly IBAN: string } };
    readonly CdtTrfTxInf: {
      readonly PmtId: { readonly EndToEndId: string };
      readonly Amt: { readonly InstdAmt: { readonly '#text': string; readonly Ccy: string } };
      readonly Cdtr: { readonly Nm: string };
      readonly CdtrAcct: { readonly Id: { readonly IBAN: string } };
    };
  };
}
