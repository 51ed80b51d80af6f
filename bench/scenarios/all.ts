import { caughtup } from './caughtup.ts';
import type { Scenario } from './ground.ts';
import { hot } from './hot.ts';
import { large } from './large.ts';
import { payments } from './payments.ts';
import { restart } from './restart.ts';
import { batch64, bulk, coalesced, single } from './throughput.ts';

/** In the order in which METHOD.md lists them; restart comes last, for it kills the core that others need. */
export const scenarios: readonly Scenario[] = [
  bulk,
  hot,
  batch64,
  single,
  coalesced,
  caughtup,
  large,
  payments,
  restart,
];
