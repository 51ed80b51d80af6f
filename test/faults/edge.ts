import { setTimeout as wait } from 'node:timers/promises';
import { Draw } from '../support/load/draw.ts';
import {
  makeKey,
  merchantAt,
  newKeyFile,
  startTestDeliverer,
  startTestEdge,
  type TestEdge,
  type TestProcess,
} from '../support/edge.ts';
import { EdgeLedger, insist, isKept, startEdgeLoad } from '../support/edgeLoad.ts';
import { connectPayments, openShop } from '../support/payments/client.ts';
import { type PaymentProcesses, startPaymentProcesses } from '../support/payments/processes.ts';
import { type Truth, truthOf } from '../support/payments/truth.ts';
import { hasNats } from '../support/nats.ts';
import { verifyFindings } from '../support/payments/verified.ts';
import { Bus, type BusKills } from './bus.ts';
import { Killer, type Kills, VICTIMS } from './killer.ts';
import { MerchantServer } from './merchantServer.ts';
import { listsTaken } from '../support/payments/lists.ts';
import { ASKING, faultsOf } from './payments.ts';
import { openOf } from './postgres.ts';

export interface EdgeCampaignOptions {
  /** What it draws by; it repeats what is drawn, and not when the machine comes to it. */
  readonly seed: number;
  /** Begins no kill after so long. */
  readonly forMs: number;
  /** How long what is open may take to be resolved once nothing goes wrong any more, milliseconds. */
  readonly healMsMax: number;
  /** A line for a person. */
  readonly tell: (line: string) => void;
}

export interface EdgeCampaignReport {
  readonly kills: Kills & BusKills & { edge: number; deliverer: number; receiver: number };
  /** Events in the inboxes behind NATS; 0 where there is no nats-server. */
  readonly inboxes: number;
  readonly webhooks: { readonly events: number; readonly deliveries: number };
  readonly ledger: EdgeLedger;
  /** Everything that is not as it should be. */
  readonly findings: string[];
  readonly truth: Truth;
}

const CALLERS = 16;
/** Every key is asked for its answer again by so many at once. */
const ASKERS = 32;

/**
 * Merchants pay by REST at two edges while edges, core, provider, Postgres and what delivers webhooks are killed, their own
 * server goes away, and the provider answers wrongly, late or not at all. Afterwards every key is asked again: what it was
 * told stays, the provider was asked for each thing once, the books say what the provider says, every event of the
 * merchants' lists has come to their server, and nothing else, and every event of the journal is once in an inbox behind
 * NATS, whose server, store and streams, and the relays before it, were killed meanwhile too.
 */
export async function edgeFaults(options: EdgeCampaignOptions): Promise<EdgeCampaignReport> {
  const { seed, forMs, healMsMax, tell } = options;
  // An edge takes what the provider sends, and the core listens for nobody.
  const processes = await startPaymentProcesses({
    isEmbedded: true,
    env: { ...ASKING, FLORIN_PROVIDER_WEBHOOKS: '0' },
  });
  const edges: TestEdge[] = [];
  const deliverers: TestProcess[] = [];
  const draw = new Draw(seed);
  let bus: Bus | undefined;
  const server = new MerchantServer(new Draw(draw.from(0, 2 ** 31)));
  try {
    const { target } = processes.core;
    const keyFile = newKeyFile();
    const inbound = { FLORIN_PROVIDER_WEBHOOK_PORT: new URL(processes.webhookUrl).port };
    edges.push(await startTestEdge(target, keyFile, inbound), await startTestEdge(target, keyFile));
    deliverers.push(await startTestDeliverer(target, keyFile), await startTestDeliverer(target, keyFile));
    const secrets = await openMerchants(target);
    await server.start();
    for (const [index, secret] of secrets.entries())
      await server.welcome(`merchant-${index}`, merchantAt(edges[0], secret));
    if (hasNats()) bus = await Bus.start(processes.core, new Draw(draw.from(0, 2 ** 31)));
    const ledger = new EdgeLedger();
    const kills = { core: 0, simulator: 0, postgres: 0, appender: 0, edge: 0, deliverer: 0, receiver: 0 };
    const faults = faultsOf(draw);
    await processes.simulator.faults(faults);
    const killer = new Killer(processes, { draw, kills, faults: () => faults });
    const load = startEdgeLoad({
      edges,
      secrets,
      ledger,
      draw: new Draw(draw.from(0, 2 ** 31)),
      callers: CALLERS,
    });
    const until = performance.now() + forMs;
    try {
      while (performance.now() < until) {
        await wait(draw.from(300, 2_500));
        const lot = draw.unit();
        if (bus !== undefined && draw.unit() < 0.4) await bus.hurt();
        else if (lot < 0.3) {
          const edge = draw.oneOf(edges);
          await edge.kill();
          await edge.restart();
          kills.edge++;
        } else if (lot < 0.45) {
          const deliverer = draw.oneOf(deliverers);
          await deliverer.kill();
          await deliverer.restart();
          kills.deliverer++;
        } else if (lot < 0.55) {
          await server.goAway();
          kills.receiver++;
        } else await killer.kill(draw.oneOf(VICTIMS));
        tell(
          `${ledger.requests.length} requests; killed: ${Object.entries({ ...kills, ...bus?.kills })
            .flat()
            .join(' ')}`,
        );
      }
    } finally {
      await load.stop();
    }
    await processes.simulator.faults({});
    await untilNothingIsOpen(processes, healMsMax);
    await askAgain({ edges, secrets, ledger, draw });
    await untilNothingIsOpen(processes, healMsMax);
    const untold = await server.hold(healMsMax);
    const truth = await truthOf(processes.core.databaseUrl, processes.simulator);
    const open = truth.open > 0 ? [`${truth.open} operations are still open`] : [];
    const verified = await verifyFindings(processes.core);
    const unheard = (await bus?.findings(healMsMax)) ?? [];
    const findings = [...ledger.findings, ...untold, ...unheard, ...truth.findings, ...open, ...verified];
    const { events, deliveries } = server;
    const inboxes = bus?.handled ?? 0;
    const noBus = { relay: 0, nats: 0, store: 0, stream: 0, consumer: 0 };
    return {
      kills: { ...kills, ...(bus?.kills ?? noBus) },
      ledger,
      truth,
      webhooks: { events, deliveries },
      inboxes,
      findings,
    };
  } finally {
    await bus?.stop();
    for (const one of [...deliverers, ...edges]) await one.stop();
    await server.stop();
    await processes.stop();
  }
}

/** Two merchants, each with a key; secrets in the order of the callers who use them. */
async function openMerchants(target: string): Promise<string[]> {
  const client = connectPayments({ target });
  try {
    const shops = [
      await openShop(client, 'north', { shard: 3, attemptsMax: 10, settlementDays: 0 }),
      await openShop(client, 'south', { shard: 40, feesReturned: true, settlementDays: 0 }),
    ];
    return await Promise.all(shops.map(async (shop) => (await makeKey(target, shop)).secret));
  } finally {
    client.close();
  }
}

/** Asks every key again, at the merchant who had it: keys that never learnt their answer learn it now. */
async function askAgain({
  edges,
  secrets,
  ledger,
  draw,
}: {
  edges: readonly TestEdge[];
  secrets: readonly string[];
  ledger: EdgeLedger;
  draw: Draw;
}): Promise<void> {
  const queue = [...ledger.requests];
  const asker = async (): Promise<void> => {
    for (let keyed = queue.pop(); keyed !== undefined; keyed = queue.pop()) {
      const at = edges.map((edge) => merchantAt(edge, secrets[keyed.merchant]));
      const was = keyed.kept;
      const answer = await insist(at, { keyed, ledger, draw, mayGo: () => true, givesUp: 0 });
      if (answer === undefined) ledger.findings.push(`${keyed.key} is never answered`);
      else if (was !== undefined && !isKept(answer.status))
        ledger.findings.push(
          `${keyed.path} under ${keyed.key} was told ${was.status} ${was.text}, and is now refused with ${answer.status} ${answer.text}`,
        );
    }
  };
  await Promise.all(Array.from({ length: ASKERS }, asker));
}

async function untilNothingIsOpen({ core, simulator }: PaymentProcesses, withinMs: number): Promise<void> {
  const until = performance.now() + withinMs;
  await core.ready();
  while (performance.now() < until) {
    const open = await openOf(core.databaseUrl).catch(() => Infinity);
    if (open === 0 && (await simulator.untaken()) === 0) break;
    await wait(500);
  }
  await listsTaken(core.opsUrl, withinMs);
}
