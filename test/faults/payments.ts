import { setTimeout as wait } from 'node:timers/promises';
import { Draw } from '../support/load/draw.ts';
import { connectPayments, openShop, type Shop } from '../support/payments/client.ts';
import { PaymentLedger } from '../support/payments/ledger.ts';
import { listsTaken } from '../support/payments/lists.ts';
import { startPaymentLoad } from '../support/payments/load.ts';
import { type PaymentProcesses, startPaymentProcesses } from '../support/payments/processes.ts';
import { type Truth, truthOf } from '../support/payments/truth.ts';
import { verifyFindings } from '../support/payments/verified.ts';
import { Killer, type Kills, VICTIM_NAMES, VICTIMS } from './killer.ts';
import { openOf } from './postgres.ts';

export interface CampaignOptions {
  /** What it draws by; it repeats what is drawn, and not when the machine comes to it. */
  readonly seed: number;
  /** Begins no round after so long. */
  readonly forMs: number;
  /** Rounds at most. Default: as many as there is time for. */
  readonly rounds?: number;
  /** How long load is put on in each round, milliseconds. */
  readonly loadMs: readonly [least: number, most: number];
  /** How long what is open may take to be resolved once nothing goes wrong any more, milliseconds. */
  readonly healMsMax: number;
  /** A line for a person. */
  readonly tell: (line: string) => void;
}

export interface CampaignReport {
  rounds: number;
  readonly kills: Kills;
  /** Events of which no webhook told. */
  lost: number;
  /** Everything that is not as it should be. */
  readonly findings: string[];
  readonly ledger: PaymentLedger;
  /** How it stood at the end. */
  truth: Truth | null;
  /** What the core printed last, where something was found. */
  output: string;
}

const CALLERS = 10;
/** What is lost of a provider's webhooks is learnt by asking; each second, so that a run need not wait a minute for it. */
export const ASKING = { FLORIN_PROVIDER_EVENTS_POLL_SECONDS: '1' };
/** What is still open after a round is looked at again after the next one. */
const ROUND_HEAL_MS = 8_000;
const SHOWN = 20;
const OUTPUT_SHOWN = 10_000;

/**
 * Payments over gRPC while core, provider and Postgres are killed and the provider answers wrongly, late or not at all;
 * afterwards nothing goes wrong any more, and what the provider did is compared with the books.
 */
export async function paymentFaults(options: CampaignOptions): Promise<CampaignReport> {
  const processes = await startPaymentProcesses({ isEmbedded: true, env: ASKING });
  const campaign = new Campaign(processes, options);
  try {
    await campaign.open();
    const began = performance.now();
    const most = options.rounds ?? Infinity;
    while (campaign.report.rounds < most && performance.now() - began < options.forMs) await campaign.round();
    await campaign.heal();
    return campaign.report;
  } finally {
    await processes.stop();
  }
}

class Campaign {
  readonly report: CampaignReport = {
    rounds: 0,
    kills: { core: 0, simulator: 0, postgres: 0, appender: 0 },
    lost: 0,
    findings: [],
    ledger: new PaymentLedger(),
    truth: null,
    output: '',
  };
  readonly #processes: PaymentProcesses;
  readonly #options: CampaignOptions;
  readonly #draw: Draw;
  #shops: Shop[] = [];
  readonly #killer: Killer;
  #faults: Record<string, unknown> = {};

  constructor(processes: PaymentProcesses, options: CampaignOptions) {
    this.#processes = processes;
    this.#options = options;
    this.#draw = new Draw(options.seed);
    this.#killer = new Killer(processes, {
      draw: this.#draw,
      kills: this.report.kills,
      faults: () => this.#faults,
    });
  }

  async open(): Promise<void> {
    const client = connectPayments({ target: this.#processes.core.target });
    this.#shops = [
      await openShop(client, 'north', { shard: 3, attemptsMax: 10 }),
      await openShop(client, 'south', { shard: 40, feesReturned: true, settlementDays: 0 }),
    ];
    client.close();
  }

  async round(): Promise<void> {
    const { report } = this;
    const { core, simulator } = this.#processes;
    const draw = this.#draw;
    report.rounds++;
    const before = { ...report.kills, payments: report.ledger.payments };
    this.#faults = faultsOf(draw);
    await simulator.faults(this.#faults);
    const load = startPaymentLoad({
      target: core.target,
      shops: this.#shops,
      ledger: report.ledger,
      draw: new Draw(draw.from(0, 2 ** 31)),
      callers: CALLERS,
    });
    try {
      const until = performance.now() + draw.from(...this.#options.loadMs);
      do {
        await wait(draw.from(300, 2_500));
        const first = draw.oneOf(VICTIMS);
        const second = draw.oneOf(VICTIMS);
        await (draw.unit() < 0.25 && first !== second
          ? Promise.all([this.#killer.kill(first), this.#killer.kill(second)])
          : this.#killer.kill(first));
        await this.#contest();
      } while (performance.now() < until);
      await wait(draw.from(200, 1_000));
    } finally {
      await load.stop();
    }
    this.#faults = {};
    await simulator.faults({});
    await this.#untilNothingIsOpen(ROUND_HEAL_MS);
    const isTold = await listsTaken(core.opsUrl, ROUND_HEAL_MS);
    const truth = await this.#checked();
    const untaken = await simulator.untaken();
    const lost = await simulator.lost();
    const kills = VICTIM_NAMES.map((name) => `${name} ${report.kills[name] - before[name]}`).join(', ');
    this.#options.tell(
      `round ${report.rounds}: ${report.ledger.payments - before.payments} payments; killed: ${kills}; ` +
        `open ${truth.open}, events not taken ${untaken}, lost so far ${lost}, with an operator ${truth.owned}, findings ${truth.findings.length}`,
    );
    // What the provider tells by an event only is looked at after the next round, or at the end.
    if (untaken === 0 && isTold) this.#found(truth.findings);
  }

  /** Waits until nothing is open any more, and compares everything. */
  async heal(): Promise<void> {
    const { report } = this;
    const { core, simulator } = this.#processes;
    await simulator.faults({});
    await this.#untilNothingIsOpen(this.#options.healMsMax);
    if (!(await listsTaken(core.opsUrl, this.#options.healMsMax)))
      this.#found([
        'the list of the provider’s events was never read to its end, or some of it matches nothing',
      ]);
    report.lost = await simulator.lost();
    const truth = await this.#checked();
    report.truth = truth;
    this.#found(truth.findings);
    if (truth.open > 0) this.#found([`${truth.open} operations are still open`]);
    const untaken = await simulator.untaken();
    if (untaken > 0) this.#found([`${untaken} events were never taken`]);
    this.#found(await report.ledger.findings(core.databaseUrl));
    this.#found(await verifyFindings(core));
  }

  #found(findings: readonly string[]): void {
    for (const finding of findings.slice(0, SHOWN)) this.#options.tell(`  ${finding}`);
    this.report.findings.push(...findings);
    if (findings.length > 0) this.report.output = this.#processes.core.output().slice(-OUTPUT_SHOWN);
  }

  async #untilNothingIsOpen(withinMs: number): Promise<void> {
    const until = performance.now() + withinMs;
    await this.#processes.core.ready();
    const { core, simulator } = this.#processes;
    while (performance.now() < until) {
      const open = await openOf(core.databaseUrl).catch(() => Infinity);
      // What the provider takes back, it tells by an event only.
      if (open === 0 && (await simulator.untaken()) === 0) return;
      await wait(500);
    }
  }

  /** A payer's bank opens a dispute, and ends most of them so soon that the events overtake each other. */
  async #contest(): Promise<void> {
    const { simulator } = this.#processes;
    const draw = this.#draw;
    const charges = (await simulator.report()).filter(
      ({ kind, status }) => status === 'succeeded' && (kind === 'sale' || kind === 'capture'),
    );
    if (charges.length === 0) return;
    const { payment } = draw.oneOf(charges);
    const end = draw.unit() < 0.5 ? 'won' : 'lost';
    await simulator.dispute(payment, 'opened');
    if (draw.unit() < 0.8) await simulator.dispute(payment, end);
  }

  /** What the provider does by itself while it is looked at may be seen on one side only: it is looked at again then. */
  async #checked(): Promise<Truth> {
    const { core, simulator } = this.#processes;
    for (let tries = 0; ; tries++) {
      const truth = await truthOf(core.databaseUrl, simulator);
      if (truth.findings.length === 0 || tries >= 5) return truth;
      await wait(1_000);
    }
  }
}

/** What goes wrong at the provider in a round. Its queries see within its window of consistency what was done. */
export function faultsOf(draw: Draw): Record<string, unknown> {
  const rate = (most: number): number => (draw.unit() < 0.6 ? Math.round(draw.unit() * most * 1e4) / 1e4 : 0);
  const p50 = draw.from(1, 40);
  return {
    seed: draw.from(0, 2 ** 31),
    latency_ms: { p50, p95: p50 * draw.from(2, 8) },
    rate_limited: rate(0.04),
    unavailable: rate(0.04),
    error_before: rate(0.04),
    hang_before: rate(0.01),
    error_after: rate(0.06),
    lost_reply: rate(0.06),
    hang_after: rate(0.01),
    visible_after_ms: draw.unit() < 0.3 ? draw.from(0, 1_500) : 0,
    // Together at most 1. What is lost is in the provider's list, where some of it comes late.
    webhook_lost: Math.round((0.02 + draw.unit() * 0.28) * 1e4) / 1e4,
    webhook_twice: rate(0.2),
    webhook_late: rate(0.2),
    webhook_late_ms: draw.from(200, 6_000),
    webhook_reordered: rate(0.3),
    listed_late: rate(0.3),
    listed_late_ms: draw.from(200, 6_000),
  };
}
