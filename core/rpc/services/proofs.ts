import { type GetBlockRequest, ProofService } from '../../../gen/florin/ledger/v1/proofs_pb.ts';
import { CallRefused } from '../../shard/service.ts';
import { type ServedService, serviceOf } from '../contract.ts';
import { BadField } from '../errors/badField.ts';
import type { BlockRow } from '../reads.ts';
import { queriedNumber } from '../translate/queries.ts';
import { timestamp } from '../translate/rows.ts';
import type { Grounds } from './grounds.ts';

export function proofService({ ledger, reads }: Grounds): ServedService {
  return serviceOf(ProofService, {
    getBlock: async (request) => {
      // The control shard's number follows those of the books' shards.
      if (request.shard < 0 || request.shard > ledger.shardCount)
        throw new BadField('shard', 'INVALID_VALUE');
      const block = await reads.block(request.shard, queriedBlock(request.block));
      if (block === null) throw new CallRefused('NOT_FOUND', { field: 'block' });
      return { header: header(block) };
    },
    getCheckpoint: async ({ number }) => {
      const row = await reads.checkpoint(number === 0n ? null : queriedNumber(number, 'number'));
      if (row === null) throw new CallRefused('NOT_FOUND', { field: 'number' });
      const { prevHash, hash, signature, publicKey } = row;
      const tips = row.tips.map((tip) => ({ shard: tip.shard, height: BigInt(tip.height), hash: tip.hash }));
      return {
        checkpoint: {
          number: BigInt(row.number),
          createdAt: timestamp(row.createdUs),
          prevHash,
          tips,
          hash,
          signature,
          publicKey,
        },
      };
    },
  });
}

function queriedBlock(block: GetBlockRequest['block']): { height: number } | { seq: number } {
  switch (block.case) {
    case 'height':
      return { height: queriedNumber(block.value, 'height') };
    case 'seq':
      return { seq: queriedNumber(block.value, 'seq') };
    case undefined:
      throw new BadField('block', 'MISSING_FIELD');
  }
}

function header(row: BlockRow) {
  return {
    shard: row.shard,
    height: BigInt(row.height),
    epoch: BigInt(row.epoch),
    firstSeq: BigInt(row.firstSeq),
    eventCount: row.eventCount,
    blockTime: timestamp(row.blockTimeUs),
    prevHash: row.prevHash,
    hash: row.hash,
    bodyBytes: BigInt(row.bodyBytes),
  };
}
