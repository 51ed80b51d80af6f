type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment says about payment providers. No other file of the adapters' own reads it. */
export interface ProvidersConfig {
  /** FLORIN_PROVIDERS: names, comma separated, in the order in which they are tried where nothing else decides. */
  readonly names: readonly string[];
  /** FLORIN_SIMULATOR_URL; default http://127.0.0.1 at FLORIN_SIMULATOR_PORT (7430). */
  readonly simulatorUrl: string;
  /** FLORIN_SIMULATOR_WEBHOOK_SECRET; '' where unset: webhooks of the simulator are not taken then. */
  readonly simulatorSecret: string;
}

/** Reads all settings. An empty value counts as unset. */
export function readProvidersConfig(env: Environment = process.env): ProvidersConfig {
  const names = (env.FLORIN_PROVIDERS || 'simulator')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'none');
  return {
    names,
    simulatorUrl: env.FLORIN_SIMULATOR_URL || `http://127.0.0.1:${env.FLORIN_SIMULATOR_PORT || '7430'}`,
    simulatorSecret: env.FLORIN_SIMULATOR_WEBHOOK_SECRET || '',
  };
}
