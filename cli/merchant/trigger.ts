import type { Command } from 'commander';
import { processTerminal } from '../print/terminal.ts';
import { readCliConfig } from '../config.ts';
import { cannotRun } from '../problem.ts';
import { type ApiOptions, MerchantApi } from './api.ts';
import { merchantCommand } from './shape.ts';

type Deed = (api: MerchantApi) => Promise<string>;

const CARD = { amount: 1_999, currency: 'eur', payment_method: 'pm_card_visa', confirm: true };

const payment =
  (more: object): Deed =>
  async (api) =>
    idOf(await api.post('/v1/payment_intents', { ...CARD, ...more }));
const refund =
  (token: string): Deed =>
  async (api) => {
    const paid = await payment({ payment_method: token })(api);
    return idOf(await api.post('/v1/refunds', { payment_intent: paid, amount: 500 }));
  };
const customer: Deed = async (api) => idOf(await api.post('/v1/customers', { name: 'Mia Berg' }));
const link: Deed = async (api) =>
  idOf(await api.post('/v1/payment_links', { amount: 1_999, currency: 'eur', description: 'A mug' }));
const attached: Deed = async (api) =>
  idOf(
    await api.post('/v1/payment_methods', {
      type: 'card',
      token: 'pm_card_visa',
      customer: await customer(api),
    }),
  );

/** What is really done so that the event happens, with the simulator's tokens; answers with the object's id. */
const DEEDS: Readonly<Record<string, Deed>> = {
  'payment_intent.created': async (api) =>
    idOf(await api.post('/v1/payment_intents', { amount: 1_999, currency: 'eur' })),
  'payment_intent.succeeded': payment({}),
  'payment_intent.payment_failed': payment({ payment_method: 'pm_card_chargeDeclined' }),
  'payment_intent.requires_action': payment({ payment_method: 'pm_card_authenticationRequired' }),
  'payment_intent.processing': payment({ payment_method: 'pm_sim_timeout_then_success' }),
  'payment_intent.amount_capturable_updated': payment({ capture_method: 'manual' }),
  'payment_intent.canceled': async (api) => {
    const id = await payment({ confirm: false })(api);
    await api.post(`/v1/payment_intents/${id}/cancel`, {});
    return id;
  },
  'refund.created': refund('pm_card_visa'),
  'refund.updated': refund('pm_card_visa'),
  'refund.failed': refund('pm_card_refundFail'),
  'dispute.created': payment({ payment_method: 'pm_card_createDispute' }),
  'customer.created': customer,
  'customer.updated': async (api) => {
    const id = await customer(api);
    await api.post(`/v1/customers/${id}`, { name: 'Mia Berg-Lund' });
    return id;
  },
  'payment_link.created': link,
  'payment_link.updated': async (api) => {
    const id = await link(api);
    await api.post(`/v1/payment_links/${id}`, { active: false });
    return id;
  },
  'payment_method.attached': attached,
  'payment_method.detached': async (api) => {
    const id = await attached(api);
    await api.post(`/v1/payment_methods/${id}/detach`, {});
    return id;
  },
};

export const TRIGGERS: readonly string[] = Object.keys(DEEDS);

export function addTrigger(program: Command): void {
  merchantCommand(program, 'trigger', {
    description: 'make an event happen: does with the simulator what it tells of',
    example: 'florin trigger payment_intent.succeeded',
    more: `Events: ${TRIGGERS.join(', ')}.`,
  })
    .argument('<event>', 'the type of the event')
    .action(async (event: string, options: ApiOptions) => {
      const deed = Object.hasOwn(DEEDS, event) ? DEEDS[event] : undefined;
      if (deed === undefined)
        throw cannotRun(`"${event}" cannot be made: it is one of ${TRIGGERS.join(', ')}.`);
      const id = await deed(new MerchantApi(options));
      await processTerminal(readCliConfig()).print(`${event}: ${id}`);
    });
}

function idOf({ id }: Readonly<Record<string, unknown>>): string {
  return String(id);
}
