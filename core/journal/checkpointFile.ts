import * as fs from 'node:fs';
import { BadCheckpoint, openCheckpoint, type SignedCheckpoint } from './checkpoint.ts';
import { publicPem, writeDurably } from './checkpointKey.ts';

export const FILE_FORMAT = 'florin checkpoint 1';

/** What `florin checkpoint export` writes. Binary is base64, hashes are hexadecimal. */
export interface CheckpointFile {
  format: typeof FILE_FORMAT;
  number: number;
  created_at: string;
  prev_hash: string;
  hash: string;
  tips: { shard: number; height: number; hash: string }[];
  /** What was hashed and signed; everything above is only a translation of it. */
  body: string;
  signature: string;
  public_key: string;
  public_key_pem: string;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

export function fileOf(checkpoint: SignedCheckpoint): CheckpointFile {
  return {
    format: FILE_FORMAT,
    number: checkpoint.number,
    created_at: momentOf(checkpoint.createdUs),
    prev_hash: hex(checkpoint.prevHash),
    hash: hex(checkpoint.hash),
    tips: checkpoint.tips
      .filter((tip) => tip.height > 0)
      .map((tip) => ({ shard: tip.shard, height: tip.height, hash: hex(tip.hash) })),
    body: base64(checkpoint.body),
    signature: base64(checkpoint.signature),
    public_key: base64(checkpoint.publicKey),
    public_key_pem: publicPem(checkpoint.publicKey),
  };
}

/** "2026-01-31T12:00:00.123456Z". */
export function momentOf(microseconds: number): string {
  const seconds = new Date(Math.floor(microseconds / 1e6) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(microseconds % 1e6).padStart(6, '0')}Z`;
}

/** The checkpoint in the text of a file; throws `BadCheckpoint`. The translated fields must say what the body says. */
export function checkpointFromText(text: string): SignedCheckpoint {
  const file = parse(text);
  const bytes = (field: keyof CheckpointFile, encoding: 'base64' | 'hex'): Uint8Array => {
    const value = file[field];
    if (typeof value !== 'string') throw new BadCheckpoint(`"${field}" is missing`);
    return Buffer.from(value, encoding);
  };
  const checkpoint = openCheckpoint({
    body: bytes('body', 'base64'),
    hash: bytes('hash', 'hex'),
    signature: bytes('signature', 'base64'),
    publicKey: bytes('public_key', 'base64'),
  });
  const again = fileOf(checkpoint);
  for (const field of ['number', 'created_at', 'prev_hash', 'tips'] as const) {
    if (JSON.stringify(file[field]) !== JSON.stringify(again[field]))
      throw new BadCheckpoint(`"${field}" is not what the signed body says`);
  }
  return checkpoint;
}

function parse(text: string): Partial<Record<keyof CheckpointFile, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new BadCheckpoint('this is no JSON');
  }
  if (typeof value !== 'object' || value === null || !('format' in value) || value.format !== FILE_FORMAT) {
    throw new BadCheckpoint(`this is no "${FILE_FORMAT}" file`);
  }
  return value;
}

/** Keeps the newest checkpoint outside the database: what a restored older backup has forgotten is then still known. */
export function keepCheckpointCopy(file: string, checkpoint: SignedCheckpoint): void {
  writeDurably(file, `${JSON.stringify(fileOf(checkpoint), null, 2)}\n`, 0o644);
}

/** The kept copy; null where there is none. Throws `BadCheckpoint` where it was changed. */
export function readCheckpointCopy(file: string): SignedCheckpoint | null {
  return fs.existsSync(file) ? checkpointFromText(fs.readFileSync(file, 'utf8')) : null;
}
