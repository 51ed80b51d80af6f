import type { PspAdapter } from '../../core/processes/psp.ts';
import { TransferAdapter } from '../bank/transfer/adapter.ts';
import { wallMs } from '../bank/transfer/clock.ts';
import { AdyenAdapter } from './adyen/adapter.ts';
import type { ProvidersConfig } from './config.ts';
import { SimulatorAdapter } from './simulator/adapter.ts';
import { StripeAdapter } from './stripe/adapter.ts';

/** A provider and what it takes: parts per million of an amount, and minor units a payment. */
export interface Registered {
  /** What the environment calls it. */
  readonly kind: string;
  readonly adapter: PspAdapter;
  readonly cost: { readonly ppm: number; readonly fixed: bigint };
}

/** The message is one line that says what may be named, or which setting of one that is named cannot be used. */
export class UnknownProvider extends Error {
  override readonly name = 'UnknownProvider';
}

/** Every provider there is: a new one is a folder beside this file, and a line in here. */
const PROVIDERS: Readonly<Record<string, (config: ProvidersConfig) => Omit<Registered, 'kind'>>> = {
  simulator: ({ simulatorUrl, simulatorSecret }) => ({
    adapter: new SimulatorAdapter({
      url: simulatorUrl,
      secrets: simulatorSecret === '' ? [] : [simulatorSecret],
      connections: 256,
    }),
    cost: { ppm: 12_000, fixed: 10n },
  }),
  // A fee for each payment and a percentage on top; what cards cost depends on the contract.
  adyen: ({ adyen }) => ({ adapter: new AdyenAdapter(adyen), cost: { ppm: 14_000, fixed: 11n } }),
  bank_transfer: ({ bank }) => ({ adapter: bankOf(bank), cost: { ppm: 0, fixed: 20n } }),
  stripe: ({ stripe }) => ({ adapter: stripeOf(stripe), cost: { ppm: 29_000, fixed: 30n } }),
};

/** A mode that is misspelt is none: guessed at, play money would go to a real bank or the reverse. */
function bankOf({ mode, ...config }: ProvidersConfig['bank']): TransferAdapter {
  if (mode !== 'test' && mode !== 'live') throw new RangeError('FLORIN_BANK_MODE has to be test or live');
  return new TransferAdapter({ ...config, isLive: mode === 'live', nowMs: wallMs });
}

function stripeOf(config: ProvidersConfig['stripe']): StripeAdapter {
  if (config.secretKey !== '') return new StripeAdapter({ ...config, connections: 64 });
  throw new RangeError('FLORIN_STRIPE_SECRET_KEY is not set');
}

/** The providers that the environment names. Throws UnknownProvider where it names one that there is not, or cannot be. */
export function configuredProviders(config: ProvidersConfig): Registered[] {
  return config.names.map((name) => {
    const make = Object.hasOwn(PROVIDERS, name) ? PROVIDERS[name] : undefined;
    if (make === undefined)
      throw new UnknownProvider(
        `FLORIN_PROVIDERS names "${name}": there are ${Object.keys(PROVIDERS).join(', ')}, and "none".`,
      );
    try {
      return { kind: name, ...make(config) };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new UnknownProvider(`FLORIN_PROVIDERS names "${name}": ${error.message}.`);
    }
  });
}
