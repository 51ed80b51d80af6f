import { Adoptions } from '../../cli/operate/verify/adoptions.ts';
import { NOTHING_EXPECTED } from '../../cli/operate/verify/comparison.ts';
import { eachEventAt, type EventAt } from '../../cli/operate/verify/events.ts';
import { Findings, lineOf } from '../../cli/operate/verify/findings.ts';
import { foldEvent } from '../../cli/operate/verify/foldEvent.ts';
import { ShardFold } from '../../cli/operate/verify/shardFold.ts';
import type { Block } from '../../core/journal/block.ts';

/** What `florin verify` says to a journal: its own arithmetic of every payment, event by event. */
export function verified(blocks: readonly Block[], books: readonly number[] = [1]): string[] {
  const findings = new Findings();
  const options = { server: 0, expected: NOTHING_EXPECTED, findings, adoptions: new Adoptions() };
  const fold = new ShardFold({ shard: blocks[0]?.shard ?? 0, ...options });
  // The rig's shard has its book without the control shard's word.
  for (const book of books) fold.books.add(book);
  for (const { body, firstSeq, height, blockTimeUs } of blocks) {
    const bytes = Buffer.from(body);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const day = Math.floor(blockTimeUs / 86_400e6);
    const event: EventAt = { bytes, view, at: 0, length: 0, seq: firstSeq, height, blockTimeUs, day };
    eachEventAt(event, 0, bytes.length, () => foldEvent(fold, event));
  }
  return findings.list.map(lineOf);
}
