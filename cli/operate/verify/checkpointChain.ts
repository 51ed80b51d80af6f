import { readFileSync } from 'node:fs';
import { BadCheckpoint, breakBetween, type SignedCheckpoint } from '../../../core/journal/checkpoint.ts';
import { checkpointFromText } from '../../../core/journal/checkpointFile.ts';
import { publicKeyFromPem } from '../../../core/journal/checkpointKey.ts';
import {
  CHECKPOINTS_FROM,
  checkpointOfRow,
  type CheckpointRow,
} from '../../../core/journal/checkpointStore.ts';
import { sameHash } from '../../../core/journal/hash.ts';
import { cannotRun } from '../../problem.ts';
import type { CheckpointClaims } from './checkpointClaims.ts';
import type { Findings } from './findings.ts';
import type { Snapshot } from './snapshot.ts';

const RULE = 'checkpoint';
const PAGE = 1_000;

/** A checkpoint that somebody kept outside the database. */
export interface OutsideCheckpoint {
  file: string;
  checkpoint: SignedCheckpoint;
}

/** Reads exported checkpoints. One whose signature is not that of its bytes is a finding; one that cannot be read ends the run. */
export function readOutside(files: readonly string[], findings: Findings): OutsideCheckpoint[] {
  const outside: OutsideCheckpoint[] = [];
  for (const file of files) {
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (error) {
      throw cannotRun(
        `the checkpoint ${file} cannot be read (${error instanceof Error && 'code' in error ? String(error.code) : String(error)}).`,
      );
    }
    try {
      outside.push({ file, checkpoint: checkpointFromText(text) });
    } catch (error) {
      if (!(error instanceof BadCheckpoint)) throw error;
      findings.add({ rule: RULE, key: file, message: error.message });
    }
  }
  return outside;
}

/** The public keys in these PEM files. */
export function readKeys(files: readonly string[]): Uint8Array[] {
  return files.map((file) => {
    let pem: string;
    try {
      pem = readFileSync(file, 'utf8');
    } catch (error) {
      throw cannotRun(
        `the key ${file} cannot be read (${error instanceof Error && 'code' in error ? String(error.code) : String(error)}).`,
      );
    }
    const key = publicKeyFromPem(pem);
    if (key === null) throw cannotRun(`${file} is no Ed25519 public key in PEM.`);
    return key;
  });
}

/** Walks the stored chain, compares it with the checkpoints from outside, and collects what all of them claim. */
export async function checkCheckpoints(options: {
  snapshot: Snapshot;
  outside: readonly OutsideCheckpoint[];
  /** Empty: whatever key the checkpoints bear is taken, and only their consistency is checked. */
  trusted: readonly Uint8Array[];
  claims: CheckpointClaims;
  findings: Findings;
}): Promise<{ stored: number }> {
  const { snapshot, outside, claims, findings } = options;
  const isTrusted = trustOf(options.trusted);
  const wanted = new Map<number, OutsideCheckpoint[]>();
  for (const one of outside) {
    wanted.set(one.checkpoint.number, [...(wanted.get(one.checkpoint.number) ?? []), one]);
    if (!isTrusted(one.checkpoint))
      findings.add({
        rule: RULE,
        key: one.file,
        message: 'is signed by a key that is not the trusted one: it is forged',
      });
    else
      claims.add(one.checkpoint, {
        source: `checkpoint ${one.checkpoint.number} (${one.file})`,
        isOutside: true,
      });
  }
  let before: SignedCheckpoint | null = null,
    stored = 0;
  for (let number = 1; ;) {
    const page: { rows: (CheckpointRow & { number: string })[] } = await snapshot.client.query(
      CHECKPOINTS_FROM,
      [number, PAGE],
    );
    for (const row of page.rows) {
      stored++;
      number = Number(row.number) + 1;
      const tell = (message: string): void =>
        findings.add({
          rule: RULE,
          server: snapshot.server,
          table: 'florin.checkpoints',
          key: `number ${row.number}`,
          message,
        });
      const checkpoint = opened(row, tell);
      if (checkpoint === null) continue;
      const broken = breakBetween(before, checkpoint);
      if (broken !== null) tell(broken);
      before = checkpoint;
      if (isTrusted(checkpoint))
        claims.add(checkpoint, { source: `checkpoint ${row.number}`, isOutside: false });
      else
        tell('is signed by a key that is not the trusted one: it is forged, or --key must name that key too');
      for (const { file, checkpoint: kept } of wanted.get(Number(row.number)) ?? []) {
        if (!sameHash(kept.hash, checkpoint.hash)) tell(`is not the one that was exported to ${file}`);
      }
      wanted.delete(Number(row.number));
    }
    if (page.rows.length < PAGE) break;
  }
  for (const number of wanted.keys()) {
    for (const { file } of wanted.get(number) ?? [])
      findings.add({
        rule: RULE,
        server: snapshot.server,
        table: 'florin.checkpoints',
        key: `number ${number}`,
        message: `is not there, but was exported to ${file}`,
      });
  }
  return { stored };
}

function opened(
  row: CheckpointRow & { number: string },
  tell: (message: string) => void,
): SignedCheckpoint | null {
  try {
    const checkpoint = checkpointOfRow(row);
    if (checkpoint.number === Number(row.number)) return checkpoint;
    tell(`holds the signed bytes of checkpoint ${checkpoint.number}`);
  } catch (error) {
    if (!(error instanceof BadCheckpoint)) throw error;
    tell(error.message);
  }
  return null;
}

function trustOf(keys: readonly Uint8Array[]): (checkpoint: SignedCheckpoint) => boolean {
  return (checkpoint) => keys.length === 0 || keys.some((key) => sameHash(key, checkpoint.publicKey));
}
