import type pg from 'pg';

/** Bytes a message: the server works on one while the next is on its way. */
const CHUNK_BYTES = 128 * 1024;
/** Messages of Postgres's protocol: their letter, then their length with these four bytes. */
const COPY_DATA = 0x64;
const COPY_DONE = Buffer.from([0x63, 0, 0, 0, 4]);

/** A statement and what goes with it: parameters (buffers are binary, the others text), or the rows of a `COPY .. FROM STDIN (FORMAT binary)`. */
export type Statement =
  | { readonly text: string; readonly values: readonly (Buffer | string)[] }
  | { readonly text: string; readonly rows: Buffer };

/**
 * Sends statements one behind the other without waiting for the answers in between, so that a busy event loop costs one
 * round trip and not two a statement. When one fails, Postgres skips the others. The bytes must stay as they are until then.
 */
export function runSeries(client: pg.ClientBase, statements: readonly Statement[]): Promise<SeriesResult> {
  return new Promise((resolve) => {
    client.query(new Series(statements, resolve));
  });
}

export interface SeriesResult {
  /** The rows that each statement touched, as far as they came. */
  readonly counts: readonly number[];
  /** What ended the series. */
  readonly error?: Error;
}

/** What `pg` submits, and tells of what comes back, see pg/lib/client.js. */
class Series implements pg.Submittable {
  readonly #statements: readonly Statement[];
  readonly #settle: (result: SeriesResult) => void;
  readonly #counts: number[] = [];

  constructor(statements: readonly Statement[], settle: (result: SeriesResult) => void) {
    this.#statements = statements;
    this.#settle = settle;
  }

  submit(connection: pg.Connection): void {
    const { stream } = connection;
    stream.cork();
    for (const statement of this.#statements) {
      connection.parse({ name: '', text: statement.text, types: [] }, true);
      connection.bind({ values: 'values' in statement ? [...statement.values] : [] }, true);
      connection.execute({}, true);
      if ('values' in statement) continue;
      const { rows } = statement;
      for (let at = 0; at < rows.length; at += CHUNK_BYTES) {
        const chunk = rows.subarray(at, at + CHUNK_BYTES);
        const head = Buffer.alloc(5);
        head[0] = COPY_DATA;
        head.writeUInt32BE(chunk.length + 4, 1);
        stream.write(head);
        stream.write(chunk);
      }
      stream.write(COPY_DONE);
    }
    connection.sync();
    stream.uncork();
  }

  handleCommandComplete({ text }: { text: string }): void {
    this.#counts.push(Number(/\d+$/.exec(text)?.[0] ?? 0));
  }

  handleError(error: Error): void {
    this.#settle({ counts: this.#counts, error });
  }

  handleReadyForQuery(): void {
    this.#settle({ counts: this.#counts });
  }

  handleCopyInResponse(): void {
    // The rows are on their way already.
  }
}
