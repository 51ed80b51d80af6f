import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PUBLIC_KEY_FILE } from '../../../core/journal/checkpointKey.ts';
import { CONTROL_SHARD } from '../../../core/shard/control.ts';
import { Adoptions } from './adoptions.ts';
import { CheckpointClaims } from './checkpointClaims.ts';
import { checkCheckpoints, readKeys, readOutside } from './checkpointChain.ts';
import { takeAway, showDifferences, wantDifferences } from './compareTables.ts';
import { Fingerprints, type Expected } from './comparison.ts';
import { Differences } from './differences.ts';
import { Findings } from './findings.ts';
import { Invariants } from './invariants.ts';
import { replayShard, shardsOf, type Replayed } from './replay.ts';
import type { Report, Tail } from './report.ts';
import { Snapshot } from './snapshot.ts';

export interface VerifyOptions {
  /** The owner's URL of each server. */
  urls: readonly string[];
  /** Exported checkpoints. */
  checkpointFiles: readonly string[];
  /** Public keys in PEM; else `checkpoint.pub` of `secrets`, else the keys of the exported checkpoints are trusted. */
  keyFiles: readonly string[];
  secrets: string;
  /** Leaves the invariants in SQL out: they ask of the tables what the replay has proven of the journal. */
  isSqlLeftOut: boolean;
  onPhase: (phase: Phase) => Step;
}

/** What is under way, and how much of it there is (0: not known). */
export interface Phase {
  label: string;
  total: number;
}

export interface Step {
  update(done: number): void;
  end(): void;
}

/** There is no journal where one was to be verified. */
export class NothingToVerify extends Error {
  override readonly name = 'NothingToVerify';
}

/** Verifies all servers. Throws only where it could not run; whatever is broken stands in the report. */
export async function verify(options: VerifyOptions): Promise<Report> {
  const findings = new Findings();
  const claims = new CheckpointClaims(findings);
  const outside = readOutside(options.checkpointFiles, findings);
  const snapshots: Snapshot[] = [];
  const report: Report = {
    ok: false,
    servers: options.urls.length,
    shards: 0,
    blocks: 0,
    events: 0,
    transactions: 0,
    accounts: 0,
    rows: 0,
    invariants: 0,
    checkpoints: { stored: 0, outside: outside.length, trusted_keys: 0 },
    tails: [],
    findings: findings.list,
    findings_count: 0,
    seconds: 0,
  };
  const began = performance.now();
  try {
    const trusted = trustedKeys(
      options,
      outside.map((one) => one.checkpoint.publicKey),
    );
    report.checkpoints.trusted_keys = trusted.length;
    for (const [index, url] of options.urls.entries()) {
      const snapshot = await Snapshot.open(url, index + 1);
      snapshots.push(snapshot);
      if (!(await snapshot.hasJournal()))
        throw new NothingToVerify(`server ${index + 1} has no journal of Florin`);
      // Before the snapshots of further servers: what a checkpoint has seen is in them already.
      if (index === 0)
        report.checkpoints.stored = (
          await checkCheckpoints({ snapshot, outside, trusted, claims, findings })
        ).stored;
    }
    const seen = new Set<number>();
    const adoptions = new Adoptions();
    for (const snapshot of snapshots)
      await verifyServer(snapshot, { options, findings, claims, adoptions, report, seen });
    adoptions.compare(findings);
    for (const shard of claims.shards()) if (!seen.has(shard)) claims.end(shard, 0, undefined);
  } finally {
    for (const snapshot of snapshots) await snapshot.close();
  }
  report.findings_count = findings.count;
  report.ok = findings.count === 0;
  report.seconds = Math.round(performance.now() - began) / 1000;
  return report;
}

function trustedKeys(options: VerifyOptions, outside: readonly Uint8Array[]): readonly Uint8Array[] {
  if (options.keyFiles.length > 0) return readKeys(options.keyFiles);
  const own = join(options.secrets, PUBLIC_KEY_FILE);
  return existsSync(own) ? readKeys([own]) : outside;
}

interface Run {
  options: VerifyOptions;
  findings: Findings;
  claims: CheckpointClaims;
  adoptions: Adoptions;
  report: Report;
  /** Shards whose journal was found on a server. */
  seen: Set<number>;
}

async function verifyServer(snapshot: Snapshot, run: Run): Promise<void> {
  const url = run.options.urls[snapshot.server - 1];
  // In SQL at the same time: it is another process that works, and the same moment that it sees.
  const invariants = run.options.isSqlLeftOut ? null : await Invariants.begin(url, snapshot);
  try {
    await replayAndCompare(snapshot, run);
    if (invariants === null) return;
    const step = run.options.onPhase({ label: 'invariants in SQL', total: 0 });
    const broken = await invariants.finished(() => step.update(0));
    step.end();
    run.report.invariants += invariants.count;
    for (const finding of broken) run.findings.add(finding);
  } finally {
    await invariants?.close();
  }
}

async function replayAndCompare(snapshot: Snapshot, run: Run): Promise<void> {
  const { findings, report } = run;
  const fingerprints = new Fingerprints();
  const replayed = await replayServer(snapshot, run, fingerprints, { isSecondLook: false });
  for (const shard of replayed) {
    report.blocks += shard.blocks;
    report.events += shard.events;
    report.transactions += shard.transactions;
    report.accounts += shard.accounts;
    if (shard.blocks > 0) report.shards++;
    if (shard.blocks > 0 && run.seen.has(shard.shard))
      findings.add({
        rule: 'I8',
        server: snapshot.server,
        shard: shard.shard,
        message: 'another server has a journal of this shard too',
      });
    if (shard.blocks > 0) run.seen.add(shard.shard);
    if (shard.blocks > 0 && shard.shard === CONTROL_SHARD)
      run.adoptions.controlEnds({ ...shard, server: snapshot.server });
    const tail = tailOf(shard, run.claims, snapshot.server);
    if (tail !== null) report.tails.push(tail);
  }
  if (replayed.every((shard) => shard.isComplete)) await compareServer(snapshot, run, fingerprints);
  else
    findings.add({
      rule: 'I14',
      server: snapshot.server,
      message: 'the read models were not compared, since a journal could not be replayed whole',
    });
}

/** All shards of a server. The second look only collects rows: everything else was told the first time. */
async function replayServer(
  snapshot: Snapshot,
  run: Run,
  expected: Expected,
  { isSecondLook }: { isSecondLook: boolean },
): Promise<Replayed[]> {
  const tips = await snapshot.tips();
  const watermarks = await snapshot.watermarks();
  const findings = isSecondLook ? new Findings() : run.findings;
  const claims = isSecondLook ? new CheckpointClaims(findings) : run.claims;
  const adoptions = isSecondLook ? new Adoptions() : run.adoptions;
  const step = run.options.onPhase({
    label: isSecondLook ? 'journal again' : 'journal',
    total: tips.reduce((sum, tip) => sum + tip.seq, 0),
  });
  const replayed: Replayed[] = [];
  let done = 0;
  for (const shard of shardsOf(tips, watermarks)) {
    replayed.push(
      await replayShard({
        snapshot,
        shard,
        watermark: watermarks.get(shard),
        expected,
        findings,
        claims,
        adoptions,
        onProgress: (events) => step.update((done += events)),
      }),
    );
  }
  step.end();
  return replayed;
}

async function compareServer(snapshot: Snapshot, run: Run, fingerprints: Fingerprints): Promise<void> {
  const step = run.options.onPhase({ label: 'read models', total: 0 });
  run.report.rows += await takeAway(snapshot, fingerprints, () => step.update(0));
  step.end();
  const differences = new Differences(run.findings, snapshot.server);
  wantDifferences(fingerprints, differences);
  if (differences.isEmpty) return;
  await replayServer(snapshot, run, differences, { isSecondLook: true });
  await showDifferences(snapshot, differences);
}

/** What of a shard no checkpoint from outside covers. */
function tailOf(shard: Replayed, claims: CheckpointClaims, server: number): Tail | null {
  const covered = claims.coveredTo(shard.shard);
  if (shard.height <= covered) return null;
  return { server, shard: shard.shard, from_height: covered + 1, to_height: shard.height, to_seq: shard.seq };
}
