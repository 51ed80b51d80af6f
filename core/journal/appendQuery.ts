import type { Writable } from 'node:stream';
import type pg from 'pg';
import type { Block } from './block.ts';
import { appendStatement } from './sql.ts';

/** What of pg's connection is used here. */
interface Connection {
  readonly stream: Writable;
  readonly parsedStatements: Record<string, string | undefined>;
  parse(message: { name: string; text: string; types: number[] }): void;
  execute(message: { portal: string; rows: number }): void;
  sync(): void;
}

/** Bytes of one block's parameters before its body: nine lengths, an i16, an i32, four i64 and two hashes. */
const HEAD_BYTES = 9 * 4 + 2 + 4 + 4 * 8 + 2 * 32;
const HASH_BYTES = 32;
/** Up to here a body is copied behind its head: one write less. */
const COPIED_BODY_BYTES_MAX = 16_384;
const BINARY = 1;

/**
 * The append as pg sends it, with its Bind message written by hand: pg would copy each body four times over and turn
 * every number into text. The bodies of big blocks go out as they are.
 */
export class AppendQuery implements pg.Submittable {
  readonly name: string;
  readonly text: string;
  readonly #blocks: readonly Block[];
  readonly #appended = new Set<number>();
  /** pg puts its own around it where the query has a time limit. */
  callback: (error: Error | null, appended?: ReadonlySet<number>) => void;

  constructor(
    blocks: readonly Block[],
    callback: (error: Error | null, appended?: ReadonlySet<number>) => void,
  ) {
    const { name, text } = appendStatement(blocks.length);
    this.name = name;
    this.text = text;
    this.#blocks = blocks;
    this.callback = callback;
  }

  submit(connected: pg.Connection): void {
    const connection = connected as unknown as Connection;
    const { stream } = connection;
    stream.cork();
    if (connection.parsedStatements[this.name] === undefined)
      connection.parse({ name: this.name, text: this.text, types: [] });
    for (const part of bindMessage(this.name, this.#blocks)) stream.write(part);
    connection.execute({ portal: '', rows: 0 });
    connection.sync();
    stream.uncork();
  }

  handleRowDescription(): void {}

  /** The first column is the shard, as text. */
  handleDataRow({ fields }: { fields: (string | Buffer | null)[] }): void {
    this.#appended.add(Number(fields[0]));
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.callback(null, this.#appended);
  }

  handleError(error: Error): void {
    this.callback(error);
  }
}

/** Bind of the unnamed portal, all parameters binary, in the order of BLOCK_COLUMNS; results as text. */
export function bindMessage(statement: string, blocks: readonly Block[]): Uint8Array[] {
  const parts: Uint8Array[] = [];
  const name = Buffer.from(statement, 'latin1');
  const first = Buffer.alloc(1 + 4 + 1 + name.length + 1 + 2 + 2 + 2);
  first.write('B', 0, 'latin1');
  name.copy(first, 6);
  let at = 6 + name.length + 1;
  at = first.writeInt16BE(1, at);
  at = first.writeInt16BE(BINARY, at);
  first.writeInt16BE(blocks.length * 9, at);
  parts.push(first);
  for (const block of blocks) {
    const isCopied = block.body.length <= COPIED_BODY_BYTES_MAX;
    const head = Buffer.allocUnsafe(HEAD_BYTES + (isCopied ? block.body.length : 0));
    putHead(head, block);
    parts.push(head);
    if (isCopied) head.set(block.body, HEAD_BYTES);
    else parts.push(block.body);
  }
  parts.push(Buffer.alloc(2));
  // The message's own letter does not count.
  first.writeInt32BE(parts.reduce((sum, part) => sum + part.length, 0) - 1, 1);
  return parts;
}

function putHead(head: Buffer, block: Block): void {
  let at = head.writeInt32BE(2, 0);
  at = head.writeInt16BE(block.shard, at);
  at = putInt64(head, block.height, at);
  at = putInt64(head, block.epoch, at);
  at = putInt64(head, block.firstSeq, at);
  at = head.writeInt32BE(4, at);
  at = head.writeInt32BE(block.eventCount, at);
  at = putInt64(head, block.blockTimeUs, at);
  for (const hash of [block.prevHash, block.hash]) {
    if (hash.length !== HASH_BYTES) throw new Error(`a hash of ${hash.length} bytes`);
    at = head.writeInt32BE(HASH_BYTES, at);
    head.set(hash, at);
    at += HASH_BYTES;
  }
  head.writeInt32BE(block.body.length, at);
}

function putInt64(head: Buffer, value: number, at: number): number {
  head.writeInt32BE(8, at);
  return head.writeBigInt64BE(BigInt(value), at + 4);
}
