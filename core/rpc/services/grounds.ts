import type { Deliveries } from '../../deliveries/deliveries.ts';
import type { RequestLogs } from '../../readmodels/requestLogs.ts';
import type { Clock } from '../../shard/ports.ts';
import type { LedgerService, PaymentsService } from '../../shard/service.ts';
import type { EventFeed } from '../eventFeed.ts';
import type { ProviderReads } from '../providerReads.ts';
import type { PaymentReads, Reads } from '../reads.ts';
import type { ToldReads } from '../toldReads.ts';
import type { TakeWebhook } from '../webhookIntake.ts';
import type { RpcMetrics } from '../serve/observer.ts';

/** What the services stand on. */
export interface Grounds {
  ledger: LedgerService;
  payments: PaymentsService;
  reads: Reads & PaymentReads;
  told: ToldReads;
  deliveries: Pick<Deliveries, 'lease' | 'release' | 'log'>;
  feed: EventFeed;
  requestLogs: Pick<RequestLogs, 'write' | 'list' | 'get'>;
  providers: ProviderReads;
  takeWebhook: TakeWebhook;
  clock: Clock;
  metrics: Pick<RpcMetrics, 'refused'>;
  /** Aborts when the server begins to drain: whoever waits for something else than its own work ends now. */
  draining: AbortSignal;
}
