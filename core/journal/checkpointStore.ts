import type pg from 'pg';
import { openCheckpoint, type SignedCheckpoint } from './checkpoint.ts';

/** The checkpoints that the first server keeps. */
export interface CheckpointStore {
  latest(): Promise<SignedCheckpoint | null>;
  byNumber(number: number): Promise<SignedCheckpoint | null>;
  /** False where a checkpoint of that number is there already. */
  append(checkpoint: SignedCheckpoint): Promise<boolean>;
}

export interface CheckpointRow {
  body: Buffer;
  hash: Buffer;
  signature: Buffer;
  public_key: Buffer;
}

const COLUMNS = 'body, hash, signature, public_key';
const LATEST = `SELECT ${COLUMNS} FROM florin.checkpoints ORDER BY number DESC LIMIT 1`;
const BY_NUMBER = `SELECT ${COLUMNS} FROM florin.checkpoints WHERE number = $1`;
const APPEND = `
INSERT INTO florin.checkpoints (number, ${COLUMNS}, created_at)
VALUES ($1, $2, $3, $4, $5, to_timestamp($6::bigint / 1000000) + $6::bigint % 1000000 * interval '1 microsecond')
ON CONFLICT (number) DO NOTHING`;
/** In order, some at a time. */
export const CHECKPOINTS_FROM = `SELECT number, ${COLUMNS} FROM florin.checkpoints WHERE number >= $1 ORDER BY number LIMIT $2`;

/** florin.checkpoints, read and written over a connection that the caller owns. Rows are checked when they are read. */
export class PgCheckpointStore implements CheckpointStore {
  readonly #client: pg.Pool | pg.ClientBase;

  constructor(client: pg.Pool | pg.ClientBase) {
    this.#client = client;
  }

  async latest(): Promise<SignedCheckpoint | null> {
    const result = await this.#client.query<CheckpointRow>(LATEST);
    return result.rows.length === 0 ? null : checkpointOfRow(result.rows[0]);
  }

  async byNumber(number: number): Promise<SignedCheckpoint | null> {
    const result = await this.#client.query<CheckpointRow>(BY_NUMBER, [number]);
    return result.rows.length === 0 ? null : checkpointOfRow(result.rows[0]);
  }

  async append(checkpoint: SignedCheckpoint): Promise<boolean> {
    const { number, body, hash, signature, publicKey, createdUs } = checkpoint;
    const result = await this.#client.query(APPEND, [
      number,
      Buffer.from(body),
      Buffer.from(hash),
      Buffer.from(signature),
      Buffer.from(publicKey),
      createdUs,
    ]);
    return result.rowCount === 1;
  }
}

/** Throws `BadCheckpoint` where the row is not what was signed. */
export function checkpointOfRow(row: CheckpointRow): SignedCheckpoint {
  return openCheckpoint({
    body: row.body,
    hash: row.hash,
    signature: row.signature,
    publicKey: row.public_key,
  });
}
