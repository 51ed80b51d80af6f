import pg from 'pg';
import type { Block } from '../../core/journal/block.ts';
import { hashBlock } from '../../core/journal/hash.ts';
import { appendStatement } from '../../core/journal/sql.ts';
import type { Tip } from '../../core/journal/store.ts';

/** Long enough that what does not wait has been answered. */
const A_WHILE_MS = 300;

/** A block of one event behind a tip, whatever its body means. */
export function blockBehind(tip: Tip, { shard, epoch }: { shard: number; epoch: number }): Block {
  const block = {
    shard,
    height: tip.height + 1,
    epoch,
    firstSeq: tip.seq + 1,
    eventCount: 1,
    blockTimeUs: tip.blockTimeUs + 1,
    prevHash: tip.hash,
    body: new TextEncoder().encode(`shard ${shard}, height ${tip.height + 1}, epoch ${epoch}`),
  };
  return { ...block, hash: hashBlock(block) };
}

/** The append as text and values, for whoever sends it another way. */
export function appendSql(blocks: readonly Block[]): { text: string; values: unknown[] } {
  const values = blocks.flatMap((block) => [
    block.shard,
    block.height,
    block.epoch,
    block.firstSeq,
    block.eventCount,
    block.blockTimeUs,
    Buffer.from(block.prevHash),
    Buffer.from(block.hash),
    Buffer.from(block.body),
  ]);
  return { text: appendStatement(blocks.length).text, values };
}

/** What pg's connection says to the server, message by message. */
interface Messages {
  parse(message: { name: string; text: string }): void;
  bind(message: { values: unknown[] }): void;
  describe(message: { type: 'P' }): void;
  execute(message: object): void;
  flush(): void;
  sync(): void;
}

export interface Half {
  /** Sends what is missing; settles when the server has committed. */
  finish(): Promise<void>;
  /** Settles when the server has ended the connection, with its words. */
  readonly ended: Promise<string>;
  close(): Promise<void>;
}

interface HalfOptions {
  /** Default: florin append. */
  application?: string;
  /** Settings of the session, as `-c name=value`. */
  settings?: string;
}

/**
 * A statement whose client stops between Execute and Sync: it is done, its locks are held, and the server waits for
 * the client before it commits.
 */
export async function stopHalfway(
  url: string,
  statement: { text: string; values: unknown[] },
  { application = 'florin append', settings = '' }: HalfOptions = {},
): Promise<Half> {
  const client = new pg.Client({
    connectionString: url,
    application_name: application,
    options: settings,
  });
  client.on('error', () => undefined);
  await client.connect();
  const half = new HalfQuery(statement);
  client.query(half);
  await half.executed;
  return { ended: half.ended, finish: () => half.finish(), close: () => client.end() };
}

/** An append that stops so: its blocks are inserted and its epochs locked. */
export function appendHalf(url: string, blocks: readonly Block[], options?: HalfOptions): Promise<Half> {
  return stopHalfway(url, appendSql(blocks), options);
}

/** A query of pg that leaves its last message out, until it is told to send it. */
class HalfQuery implements pg.Submittable {
  readonly executed: Promise<void>;
  readonly ended: Promise<string>;
  readonly #statement: { text: string; values: unknown[] };
  #connection: Messages | undefined;
  #onExecuted: () => void = () => {};
  #onReady: () => void = () => {};
  #fail: (error: Error) => void = () => {};
  #onEnded: (words: string) => void = () => {};

  constructor(statement: { text: string; values: unknown[] }) {
    this.#statement = statement;
    this.executed = new Promise((settle, fail) => {
      this.#onExecuted = settle;
      this.#fail = fail;
    });
    this.ended = new Promise((settle) => {
      this.#onEnded = settle;
    });
  }

  submit(connection: pg.Connection): void {
    const messages = connection as unknown as Messages;
    const { text, values } = this.#statement;
    messages.parse({ name: '', text });
    messages.bind({ values: values.map((value) => (typeof value === 'number' ? String(value) : value)) });
    messages.describe({ type: 'P' });
    messages.execute({});
    messages.flush();
    this.#connection = messages;
  }

  finish(): Promise<void> {
    return new Promise((settle) => {
      this.#onReady = settle;
      this.#connection?.sync();
    });
  }

  handleRowDescription(): void {}
  handleDataRow(): void {}

  handleCommandComplete(): void {
    this.#onExecuted();
  }

  handleReadyForQuery(): void {
    this.#onReady();
  }

  handleError(error: Error): void {
    this.#fail(error);
    this.#onEnded(error.message);
  }
}

/** Whether it is still open after a while. */
export async function isWaiting(task: Promise<unknown>): Promise<boolean> {
  const ended = task.then(
    () => false,
    () => false,
  );
  const waited = new Promise<boolean>((settle) => {
    setTimeout(() => settle(true), A_WHILE_MS);
  });
  return Promise.race([ended, waited]);
}

/**
 * Another session in the middle of inserting this block: an append of the same height waits for what becomes of it,
 * with its epoch locked already.
 */
export async function rivalOf(url: string, block: Block): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('BEGIN');
  const { text, values } = appendSql([block]);
  // Not under the fence: this session shall hold nothing but the height.
  const unfenced = text.replace(' JOIN fence ON fence.shard = block.shard', '').replace('FOR SHARE OF e', '');
  await client.query(unfenced, values);
  return client;
}
