type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment says about payment providers. No other file of the adapters' own reads it. */
export interface ProvidersConfig {
  /**
   * FLORIN_PROVIDERS: names, comma separated, in the order in which they are tried where nothing else decides; 'none'.
   * Default: the simulator on the embedded Postgres, none on a database of somebody's own.
   */
  readonly names: readonly string[];
  /**
   * Whether the simulator is started along: where it is a provider, the database is the embedded one, and neither
   * FLORIN_SIMULATOR_URL names another nor FLORIN_SIMULATOR=0 says no.
   */
  readonly runsSimulator: boolean;
  /** FLORIN_SIMULATOR_URL; default http://127.0.0.1 at FLORIN_SIMULATOR_PORT (7430). */
  readonly simulatorUrl: string;
  /** FLORIN_SIMULATOR_WEBHOOK_SECRET; '' where unset: webhooks of the simulator are not taken then. */
  readonly simulatorSecret: string;
  readonly adyen: {
    /** FLORIN_ADYEN_URL, with the version; default Adyen's test platform. */
    readonly url: string;
    /** FLORIN_ADYEN_API_KEY. A secret. */
    readonly apiKey: string;
    /** FLORIN_ADYEN_MERCHANT_ACCOUNT. */
    readonly merchantAccount: string;
    /** FLORIN_ADYEN_HMAC_KEYS, comma separated; none: webhooks of Adyen are not taken. Secrets. */
    readonly hmacKeys: readonly string[];
  };
  readonly bank: {
    /** FLORIN_BANK_FOLDER: shared with the bank. */
    readonly folder: string;
    /** FLORIN_BANK_ACCOUNT: "IBAN/name". */
    readonly account: string;
    /** FLORIN_BANK_MODE: test, which is the default, or live: there is a real bank behind it. */
    readonly mode: string;
  };
  readonly stripe: StripeConfig;
}

export interface StripeConfig {
  /** FLORIN_STRIPE_URL; default https://api.stripe.com. */
  readonly url: string;
  /** FLORIN_STRIPE_SECRET_KEY; '' where unset: Stripe cannot be a provider then. Never shown. */
  readonly secretKey: string;
  /** FLORIN_STRIPE_WEBHOOK_SECRETS, comma separated; none: webhooks of Stripe are not taken. */
  readonly webhookSecrets: readonly string[];
  /** FLORIN_STRIPE_RETURN_URL; '' where unset: payers whose payment names no address of its own are not challenged. */
  readonly returnUrl: string;
}

/** Reads all settings. An empty value counts as unset. */
export function readProvidersConfig(
  { isEmbedded }: { isEmbedded: boolean },
  env: Environment = process.env,
): ProvidersConfig {
  const names = listOf(env.FLORIN_PROVIDERS || (isEmbedded ? 'simulator' : 'none')).filter(
    (name) => name !== 'none',
  );
  return {
    names,
    runsSimulator:
      isEmbedded && names.includes('simulator') && !env.FLORIN_SIMULATOR_URL && env.FLORIN_SIMULATOR !== '0',
    simulatorUrl: env.FLORIN_SIMULATOR_URL || `http://127.0.0.1:${env.FLORIN_SIMULATOR_PORT || '7430'}`,
    simulatorSecret: env.FLORIN_SIMULATOR_WEBHOOK_SECRET || '',
    adyen: {
      url: env.FLORIN_ADYEN_URL || 'https://checkout-test.adyen.com/v71',
      apiKey: env.FLORIN_ADYEN_API_KEY || '',
      merchantAccount: env.FLORIN_ADYEN_MERCHANT_ACCOUNT || '',
      hmacKeys: listOf(env.FLORIN_ADYEN_HMAC_KEYS || ''),
    },
    bank: {
      folder: env.FLORIN_BANK_FOLDER || '',
      account: env.FLORIN_BANK_ACCOUNT || '',
      mode: env.FLORIN_BANK_MODE || 'test',
    },
    stripe: {
      url: env.FLORIN_STRIPE_URL || 'https://api.stripe.com',
      secretKey: env.FLORIN_STRIPE_SECRET_KEY || '',
      webhookSecrets: listOf(env.FLORIN_STRIPE_WEBHOOK_SECRETS || ''),
      returnUrl: env.FLORIN_STRIPE_RETURN_URL || '',
    },
  };
}

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}
