import { setTimeout as sleep } from 'node:timers/promises';
import { uuidv7 } from '../../client/index.ts';
import { Mode } from '../../gen/florin/access/v1/api_keys_pb.ts';
import { WITH_WEBHOOKS } from '../core/coreProcess.ts';
import { Arrivals } from '../load/arrivals.ts';
import { openMerchants } from '../load/merchants.ts';
import { WebhookReceiver } from '../load/receiver.ts';
import { nowMs } from '../measure/clock.ts';
import { median } from '../measure/median.ts';
import { figure } from '../report/table.ts';
import { type Ground, type Scenario, USUAL } from './ground.ts';
import { inBatches } from './paymentsGround.ts';

const BATCH = 500;
/** Events a round, as fast as they are taken. */
const EVENTS = 10_000;
const OPEN_PER_SECOND = 2_000;
const ALL_LIMIT_MS = 120_000;

interface Told {
  readonly merchant: string;
  readonly receiver: WebhookReceiver;
}

/** Each event is that of a customer who is created: what is measured is the telling, and not a payment. */
function customers({ client, book }: Ground, { merchant }: Told) {
  const item = () => ({ id: uuidv7(), merchantId: merchant, name: 'Mia Berg' });
  return {
    batch: async (count: number) => {
      const made = Array.from({ length: count }, item);
      await client.customers.createCustomers({ book, customers: made });
    },
    one: async () => {
      await client.customers.createCustomer(book, item());
    },
  };
}

async function untilAll(receiver: WebhookReceiver, events: number): Promise<void> {
  const untilMs = nowMs() + ALL_LIMIT_MS;
  while (receiver.events < events) {
    if (nowMs() > untilMs) throw new Error(`${receiver.events} of ${events} events came`);
    await sleep(5);
  }
}

/** Events a second, from the first that is booked to the last that comes. */
async function round(ground: Ground, told: Told, count: number): Promise<number> {
  const before = told.receiver.events;
  const began = nowMs();
  await inBatches(count, { most: BATCH, underWay: 2 }, customers(ground, told).batch);
  await untilAll(told.receiver, before + count);
  const perSecond = (count * 1_000) / (nowMs() - began);
  ground.tell(`${figure(perSecond)} deliveries/s`);
  return perSecond;
}

async function open(ground: Ground, told: Told, perSecond: number): Promise<number> {
  const { draw, sizes } = ground;
  told.receiver.takeLatencies();
  const before = told.receiver.events;
  let made = 0;
  await new Arrivals({ draw: draw.fork(), perSecond, forMs: 2 * sizes.roundMs }).each(async () => {
    made++;
    await customers(ground, told).one();
  });
  await untilAll(told.receiver, before + made);
  return made;
}

export const webhooks: Scenario = {
  name: 'webhooks',
  about: 'events to the endpoints of a merchant: as fast as they are taken, then at 2,000/s',
  projection: 'ran',
  sizes: { ...USUAL, payments: EVENTS },
  env: WITH_WEBHOOKS,
  run: async (ground) => {
    const { client, book, sizes, core, tell } = ground;
    const [merchant] = await openMerchants(client, { book, merchants: 1 });
    const receiver = await WebhookReceiver.start();
    try {
      const told = { merchant, receiver };
      await client.webhookEndpoints.createWebhookEndpoints({
        book,
        webhookEndpoints: [
          {
            id: uuidv7(),
            merchantId: merchant,
            url: receiver.url,
            mode: Mode.TEST,
            events: ['customer.created'],
            apiVersion: '2026-12-01',
          },
        ],
      });
      await round(ground, told, Math.min(sizes.payments, 2_000));
      const rounds: number[] = [];
      for (let i = 0; i < sizes.rounds; i++) rounds.push(await round(ground, told, sizes.payments));
      const made = await open(ground, told, OPEN_PER_SECOND);
      const latencies = receiver.takeLatencies();
      const [p50, p99] = [0.5, 0.99].map((share) => latencies.percentile(share));
      tell(`${figure(made)} events at ${OPEN_PER_SECOND}/s: p50 ${figure(p50)} ms, p99 ${figure(p99)} ms`);
      const most = median(rounds);
      return {
        scenario: 'webhooks',
        figures: {
          deliveries_per_s: most,
          rounds,
          p50_ms: p50,
          p99_ms: p99,
          arrivals_per_s: OPEN_PER_SECOND,
          arrivals: made,
          events: receiver.events,
          deliveries: receiver.deliveries,
          rss_bytes: core.peakBytes(),
        },
        bars: [
          { what: 'deliveries a second', value: most, least: 2_000 },
          { what: 'p99 of the first attempt after the commit at 2,000/s, ms', value: p99, most: 1_000 },
          { what: 'deliveries of an event', value: receiver.deliveries / receiver.events, most: 1 },
        ],
      };
    } finally {
      await receiver.stop();
    }
  },
};
