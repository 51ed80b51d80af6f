import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';

/** PGCOPY\n\377\r\n\0, u32 flags, u32 length of an extension that nobody has defined. */
const HEADER_BYTES = 19;
const TRAILER = -1;

/** The rows of a COPY, where they lie in a buffer that is used again for the next ones. */
export interface Tuples {
  bytes: Buffer;
  view: DataView;
}

/**
 * Streams `COPY (..) TO STDOUT (FORMAT binary)` and calls back for each row, from its i16 count of fields at `at` to
 * `end`. The callback is synchronous, so the server waits for it and memory stays bounded by the largest row.
 */
export async function scanCopy(
  client: pg.ClientBase,
  select: string,
  onTuple: (tuples: Tuples, at: number, end: number) => void,
): Promise<number> {
  const stream = client.query(copyTo(`COPY (${select}) TO STDOUT (FORMAT binary)`));
  const window = new Window();
  let rows = 0,
    isHeaderRead = false;
  await new Promise<void>((resolve, reject) => {
    stream.once('error', reject);
    stream.once('end', resolve);
    stream.on('data', (chunk: Buffer) => {
      try {
        window.append(chunk);
        if (!isHeaderRead && window.length < HEADER_BYTES) return;
        if (!isHeaderRead) window.start += HEADER_BYTES;
        isHeaderRead = true;
        for (let end = window.tupleEnd(); end > 0; end = window.tupleEnd()) {
          onTuple(window, window.start, end);
          window.start = end;
          rows++;
        }
      } catch (error) {
        stream.destroy();
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  });
  return rows;
}

/** Bytes that have come and are not used yet. */
class Window implements Tuples {
  bytes = Buffer.allocUnsafeSlow(1 << 20);
  view = new DataView(this.bytes.buffer);
  start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.start;
  }

  append(chunk: Buffer): void {
    if (this.#end + chunk.length > this.bytes.length) this.#makeRoom(chunk.length);
    this.bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** Where the row at `start` ends; 0 where it has not come whole, or there is none any more. */
  tupleEnd(): number {
    const { view } = this;
    let at = this.start + 2;
    if (at > this.#end) return 0;
    const fields = view.getInt16(this.start);
    if (fields === TRAILER) return 0;
    for (let field = 0; field < fields; field++) {
      if (at + 4 > this.#end) return 0;
      const length = view.getInt32(at);
      at += length < 0 ? 4 : 4 + length;
    }
    return at > this.#end ? 0 : at;
  }

  #makeRoom(bytes: number): void {
    const needed = this.length + bytes;
    const to = needed * 2 > this.bytes.length ? Buffer.allocUnsafeSlow(needed * 2) : this.bytes;
    this.bytes.copy(to, 0, this.start, this.#end);
    this.#end -= this.start;
    this.start = 0;
    if (to === this.bytes) return;
    this.bytes = to;
    this.view = new DataView(to.buffer);
  }
}
