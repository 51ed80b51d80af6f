import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { Block } from './block.ts';
import { BLOCK_COLUMNS } from './sql.ts';

/** The signature of Postgres's binary COPY, its flags and the length of its extension: 19 bytes, then the rows. */
const HEAD_BYTES = 19;
/** Bytes that gather before they are handed on: one load of accounts a time, and the server fills its sockets meanwhile. */
const CHUNK_BYTES = 4 * 1024 * 1024;
/** A block has at most 6 MiB, one event more, and its columns. */
const BUFFER_BYTES = 12 * 1024 * 1024;

/**
 * Hands the blocks of a shard between two heights on in order, some at a time, by one binary COPY: while `visit` works
 * on some, the server reads the next. All lie in one buffer that is filled again and again, since touching new memory
 * costs more than the copy: a block is valid only until its `visit` has settled.
 */
export async function streamBlocks(
  client: pg.ClientBase,
  { shard, from, to }: { shard: number; from: number; to: number },
  visit: (blocks: readonly Block[]) => Promise<void>,
): Promise<void> {
  for (const bound of [shard, from, to])
    if (!Number.isSafeInteger(bound)) throw new RangeError(`${bound} is no height`);
  const select = `SELECT ${BLOCK_COLUMNS} FROM florin.journal WHERE shard = ${shard} AND height BETWEEN ${from} AND ${to} ORDER BY height`;
  const rows = new Rows();
  let skip = HEAD_BYTES;
  for await (const chunk of client.query(copyTo(`COPY (${select}) TO STDOUT (FORMAT binary)`))) {
    const bytes = chunk as Buffer;
    const skipped = Math.min(skip, bytes.length);
    skip -= skipped;
    rows.add(bytes.subarray(skipped));
    if (rows.filled < CHUNK_BYTES) continue;
    await visitWhole(rows, visit);
  }
  await visitWhole(rows, visit);
}

async function visitWhole(rows: Rows, visit: (blocks: readonly Block[]) => Promise<void>): Promise<void> {
  const blocks = rows.whole();
  if (blocks.length > 0) await visit(blocks);
  rows.drop();
}

/** The bytes of rows as they come. */
class Rows {
  #bytes: Buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #read = 0;
  filled = 0;

  add(bytes: Buffer): void {
    if (this.filled + bytes.length > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.filled + bytes.length));
      this.#bytes.copy(larger, 0, 0, this.filled);
      this.#bytes = larger;
    }
    bytes.copy(this.#bytes, this.filled);
    this.filled += bytes.length;
  }

  /** The blocks that are there to their last byte. */
  whole(): Block[] {
    const blocks: Block[] = [];
    for (let end = this.#endOfRow(this.#read); end > 0; end = this.#endOfRow(this.#read)) {
      blocks.push(blockAt(this.#bytes, this.#read));
      this.#read = end;
    }
    return blocks;
  }

  /** Forgets what was read, and moves the beginning of the next row to the front. */
  drop(): void {
    this.#bytes.copyWithin(0, this.#read, this.filled);
    this.filled -= this.#read;
    this.#read = 0;
  }

  /** Where the row that begins here ends; 0 where it is not whole, or is the end mark. */
  #endOfRow(start: number): number {
    if (start + 2 > this.filled) return 0;
    const fields = this.#bytes.readInt16BE(start);
    if (fields < 0) return 0;
    let at = start + 2;
    for (let field = 0; field < fields; field++) {
      if (at + 4 > this.filled) return 0;
      at += 4 + this.#bytes.readInt32BE(at);
    }
    return at <= this.filled ? at : 0;
  }
}

/** The block of the row that begins there, its bytes not copied. */
export function blockAt(bytes: Buffer, start: number): Block {
  let at = start + 2;
  const field = (): Buffer => {
    const length = bytes.readInt32BE(at);
    at += 4 + length;
    return bytes.subarray(at - length, at);
  };
  const integer = (): number => Number(field().readBigInt64BE());
  return {
    shard: field().readInt16BE(),
    height: integer(),
    epoch: integer(),
    firstSeq: integer(),
    eventCount: field().readInt32BE(),
    blockTimeUs: integer(),
    prevHash: field(),
    hash: field(),
    body: field(),
  };
}
