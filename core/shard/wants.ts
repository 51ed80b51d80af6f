import type { LedgerCommand, Uuid } from '../kernel/ledger/commands.ts';
import { wordsOf } from '../kernel/ledger/uuid.ts';
import type { Knowledge, Wanted } from './knowledge.ts';
import type { ShardWriter } from './writer.ts';

/** Adds to `wanted` what deciding the command would look at and memory does not hold. */
export function wantsOf(
  writer: ShardWriter,
  book: number,
  command: LedgerCommand,
  knowledge: Knowledge,
  wanted: Wanted,
): void {
  const seek = { writer, book, knowledge, wanted };
  if (command.op !== 'expire') wantsId(seek, command.id, wantsEvent);
  switch (command.op) {
    case 'create':
      for (const { debitAccount, creditAccount } of command.postings) {
        wantsAccount(seek, debitAccount);
        wantsAccount(seek, creditAccount);
      }
      return;
    case 'post':
    case 'void':
    case 'reverse':
    case 'expire':
      return wantsId(seek, command.target, wantsProgress);
    case 'openAccount':
      if (!knowledge.freeCodes.has(command.code) && !knowledge.takenCodes.has(command.code))
        wanted.codes.add(command.code);
      return;
    case 'changeAccount':
    case 'closeAccount':
      return wantsAccount(seek, command.account);
  }
}

export interface Seek {
  writer: ShardWriter;
  book: number;
  knowledge: Knowledge;
  wanted: Wanted;
}

export function wantsId(seek: Seek, id: Uuid, found: (seek: Seek, seq: number) => void): void {
  const { writer, book, knowledge, wanted } = seek;
  const seq = writer.seqOf(book, id, knowledge);
  if (seq > 0) return found(seek, seq);
  if (!knowledge.ids.has(id) && writer.state.ids.mayBeForgotten(book, ...wordsOf(id))) wanted.ids.add(id);
}

export function wantsEvent({ writer, knowledge, wanted }: Seek, seq: number): void {
  if (writer.eventOf(seq) === undefined && !knowledge.events.has(seq)) wanted.events.add(seq);
}

function wantsProgress({ writer, knowledge, wanted }: Seek, seq: number): void {
  const progress = writer.state.progress.get(seq);
  if (progress === undefined) {
    // Loaded once and still not there: the id is spent on something that is no transaction.
    if (!knowledge.notTransactions.has(seq)) wanted.progress.add(seq);
    return;
  }
  for (const { debit, credit } of progress.postings) {
    if (writer.state.accounts.slotOf(debit) < 0) wanted.numbers.add(debit);
    if (writer.state.accounts.slotOf(credit) < 0) wanted.numbers.add(credit);
  }
}

function wantsAccount({ writer, book, knowledge, wanted }: Seek, id: Uuid): void {
  const [w0, w1, w2, w3] = wordsOf(id);
  if (writer.state.accounts.find(book, w0, w1, w2, w3) < 0 && !knowledge.absentAccounts.has(id))
    wanted.accounts.add(id);
}
