import { Adoptions } from '../../cli/operate/verify/adoptions.ts';
import { NOTHING_EXPECTED } from '../../cli/operate/verify/comparison.ts';
import { eachEventAt, type EventAt } from '../../cli/operate/verify/events.ts';
import { Findings } from '../../cli/operate/verify/findings.ts';
import { foldEvent } from '../../cli/operate/verify/foldEvent.ts';
import { ShardFold } from '../../cli/operate/verify/shardFold.ts';
import type { Block } from '../../core/journal/block.ts';

/** What verify makes of the events of a shard, without chain and tables. */
export function foldOf(shard: number, blocks: readonly Block[]): { fold: ShardFold; findings: Findings } {
  const findings = new Findings();
  const fold = new ShardFold({
    shard,
    server: 1,
    expected: NOTHING_EXPECTED,
    findings,
    adoptions: new Adoptions(),
  });
  for (const block of blocks) {
    const bytes = Buffer.from(block.body);
    const event: EventAt = {
      bytes,
      view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
      at: 0,
      length: 0,
      seq: block.firstSeq,
      height: block.height,
      blockTimeUs: block.blockTimeUs,
      day: Math.floor(block.blockTimeUs / 86_400e6),
    };
    eachEventAt(event, 0, bytes.length, () => foldEvent(fold, event));
  }
  return { fold, findings };
}
