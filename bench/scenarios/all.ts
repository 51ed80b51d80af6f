import { caughtup } from './caughtup.ts';
import type { Scenario } from './ground.ts';
import { hot } from './hot.ts';
import { large } from './large.ts';
import { payments } from './payments.ts';
import { paymentsOutage } from './paymentsOutage.ts';
import { paymentsRestart } from './paymentsRestart.ts';
import { relay } from './relay.ts';
import { restart } from './restart.ts';
import { webhooks } from './webhooks.ts';
import { batch64, bulk, coalesced, single } from './throughput.ts';

/** In the order in which METHOD.md lists them; the ones that kill the core come last. */
export const scenarios: readonly Scenario[] = [
  bulk,
  hot,
  batch64,
  single,
  coalesced,
  caughtup,
  large,
  payments,
  paymentsOutage,
  webhooks,
  relay,
  restart,
  paymentsRestart,
];
