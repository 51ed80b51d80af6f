import { connectPayments, openShop } from '../support/payments/client.ts';
import { startPaymentProcesses } from '../support/payments/processes.ts';
import { raceConfirms, raceRefunds } from '../support/payments/races.ts';
import { type Truth, truthOf } from '../support/payments/truth.ts';
import { verifyFindings } from '../support/payments/verified.ts';

export interface RaceOptions {
  /** Payments that are confirmed, each by so many callers at once, all under one id. */
  readonly keys: number;
  readonly callers: number;
  /** Payments of 100 of which two refunds of 60 are asked for at once. */
  readonly refundRounds: number;
  /** A line for a person. */
  readonly tell: (line: string) => void;
}

export interface RaceReport {
  /** Everything that is not as it should be. */
  readonly findings: string[];
  /** How it stood at the end. */
  readonly truth: Truth;
  readonly confirmsMs: number;
  readonly refundsMs: number;
}

/** Callers that do the same at once, against whole processes; then the provider's truth, the invariants and verify. */
export async function races({ keys, callers, refundRounds, tell }: RaceOptions): Promise<RaceReport> {
  const processes = await startPaymentProcesses({ isEmbedded: true });
  const { core, simulator } = processes;
  try {
    const client = connectPayments({ target: core.target });
    const confirmed = await openShop(client, 'confirmed');
    const refunded = await openShop(client, 'refunded', { feesReturned: true, settlementDays: 0 });
    client.close();
    const course = { target: core.target, simulator };
    const began = performance.now();
    const confirms = await raceConfirms(
      { ...course, shop: confirmed, tell: (over) => tell(`${over} of ${keys} keys`) },
      { keys, callers },
    );
    const between = performance.now();
    const refunds = await raceRefunds(
      { ...course, shop: refunded, tell: (over) => tell(`${over} of ${refundRounds} refund rounds`) },
      { rounds: refundRounds },
    );
    const ended = performance.now();
    tell('compared with the provider, the invariants and verify');
    const truth = await truthOf(core.databaseUrl, simulator);
    const findings = [...confirms, ...refunds, ...truth.findings, ...(await verifyFindings(core))];
    return { findings, truth, confirmsMs: between - began, refundsMs: ended - between };
  } finally {
    await processes.stop();
  }
}
