import type { Clock } from '../../shard/ports.ts';
import type { LedgerService } from '../../shard/service.ts';
import type { Reads } from '../reads.ts';
import type { RpcMetrics } from '../serve/observer.ts';

/** What the services stand on. */
export interface Grounds {
  ledger: LedgerService;
  reads: Reads;
  clock: Clock;
  metrics: Pick<RpcMetrics, 'refused'>;
}
