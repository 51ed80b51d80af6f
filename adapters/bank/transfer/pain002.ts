import { XMLParser, XMLValidator } from 'fast-xml-parser';

/** What a bank reports about one of our orders. */
export interface Report {
  /** Of the order: the id that we gave it. */
  readonly id: string;
  readonly status: 'taken' | 'settled' | 'rejected';
  /** ISO external status reason ("AC04"); '' where none is given. */
  readonly reason: string;
}

/** The file is no status report that can be read. */
export class UnreadableReport extends Error {
  override readonly name = 'UnreadableReport';
}

/** ISO external payment statuses; what is not in here (a part, a change of state of the file) says nothing final. */
const STATUSES: Readonly<Record<string, Report['status']>> = {
  RCVD: 'taken',
  ACTC: 'taken',
  ACCP: 'taken',
  ACSP: 'taken',
  ACWC: 'taken',
  ACWP: 'taken',
  PDNG: 'taken',
  ACSC: 'settled',
  ACCC: 'settled',
  RJCT: 'rejected',
};

const REPORT_CHARACTERS_MAX = 64 * 1024 * 1024;

type Node = ReadonlyMap<string, unknown>;

const parser = new XMLParser({
  removeNSPrefix: true,
  ignoreAttributes: true,
  // "0012" is an id and no number; nothing but text is wanted.
  parseTagValue: false,
  // The five of XML; a document type may not declare more.
  processEntities: true,
});

/**
 * The transfers that a payment status report (pain.002, any version) tells about. A status of a group or block stands for
 * all in it that the report does not name one by one.
 */
export function pain002(text: string): Report[] {
  if (text.length > REPORT_CHARACTERS_MAX) throw new UnreadableReport('the report is too large');
  // Entities of a document's own could make a few lines into gigabytes.
  if (/<!DOCTYPE/i.test(text)) throw new UnreadableReport('a report has no document type');
  if (XMLValidator.validate(text) !== true) throw new UnreadableReport('the report is no XML');
  const report = child(child(nodeOf(parser.parse(text)), 'Document'), 'CstmrPmtStsRpt');
  const group = child(report, 'OrgnlGrpInfAndSts');
  if (report === undefined || group === undefined) throw new UnreadableReport('it is no pain.002');
  const reports: Report[] = [];
  for (const block of children(report, 'OrgnlPmtInfAndSts')) {
    const transfers = children(block, 'TxInfAndSts');
    for (const transfer of transfers)
      add(reports, textOf(transfer, 'OrgnlEndToEndId'), transfer, textOf(transfer, 'TxSts'));
    if (transfers.length === 0)
      add(reports, textOf(block, 'OrgnlPmtInfId'), block, textOf(block, 'PmtInfSts'));
  }
  // One order a message, so the message's id is the order's.
  if (reports.length === 0) add(reports, textOf(group, 'OrgnlMsgId'), group, textOf(group, 'GrpSts'));
  return reports;
}

function add(reports: Report[], id: string, node: Node, code: string): void {
  if (id === '' || !Object.hasOwn(STATUSES, code)) return;
  const [first] = children(node, 'StsRsnInf');
  const reason = first === undefined ? undefined : child(first, 'Rsn');
  const given = reason === undefined ? '' : textOf(reason, 'Cd') || textOf(reason, 'Prtry');
  reports.push({ id, status: STATUSES[code], reason: given.slice(0, 35) });
}

function nodeOf(value: unknown): Node | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? new Map(Object.entries(value))
    : undefined;
}

function child(node: Node | undefined, name: string): Node | undefined {
  return nodeOf(node?.get(name));
}

/** One child is an object, several are a list. */
function children(node: Node, name: string): Node[] {
  const value = node.get(name);
  return (Array.isArray(value) ? value : [value]).map(nodeOf).filter((one) => one !== undefined);
}

function textOf(node: Node, name: string): string {
  const value = node.get(name);
  return typeof value === 'string' ? value.trim() : '';
}
