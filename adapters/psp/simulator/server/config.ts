import { isAbsolute, join, resolve } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment says to the simulator of a payment provider. No other file of it reads the environment. */
export interface SimulatorConfig {
  /** FLORIN_SIMULATOR_PORT, always on 127.0.0.1; default 7430. */
  readonly port: number;
  /** FLORIN_DATA_DIR, absolute; default `.florin` in the working folder. Holds simulator.sqlite and simulator.secret. */
  readonly dataDir: string;
  /** simulator.sqlite in the data folder. */
  readonly file: string;
  /** FLORIN_SIMULATOR_WEBHOOK_URL: where webhooks go; unset: nowhere, they are only kept. */
  readonly webhookUrl: string | undefined;
  /** FLORIN_SIMULATOR_WEBHOOK_SECRET: signs webhooks; unset: simulator.secret in the data folder, made where missing. */
  readonly webhookSecret: string | undefined;
}

/** A setting that cannot be used. The message is one line that names the variable and says what it may be. */
export class SimulatorConfigError extends Error {
  override readonly name = 'SimulatorConfigError';
}

const SECRET_CHARACTERS_MIN = 16;

/** Reads and checks all settings. An empty value counts as unset. */
export function readSimulatorConfig(env: Environment = process.env): SimulatorConfig {
  const dataDir = env.FLORIN_DATA_DIR || '.florin';
  const folder = isAbsolute(dataDir) ? dataDir : resolve(dataDir);
  const port = env.FLORIN_SIMULATOR_PORT || '7430';
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535)
    throw new SimulatorConfigError(
      `FLORIN_SIMULATOR_PORT is "${port}": it must be a whole number from 1 to 65535.`,
    );
  const webhookUrl = env.FLORIN_SIMULATOR_WEBHOOK_URL || undefined;
  if (webhookUrl !== undefined && !/^https?:$/.test(URL.parse(webhookUrl)?.protocol ?? ''))
    throw new SimulatorConfigError('FLORIN_SIMULATOR_WEBHOOK_URL must be an http or https address.');
  const webhookSecret = env.FLORIN_SIMULATOR_WEBHOOK_SECRET || undefined;
  if (webhookSecret !== undefined && webhookSecret.length < SECRET_CHARACTERS_MIN)
    throw new SimulatorConfigError(
      `FLORIN_SIMULATOR_WEBHOOK_SECRET must have at least ${SECRET_CHARACTERS_MIN} characters.`,
    );
  return {
    port: Number(port),
    dataDir: folder,
    file: join(folder, 'simulator.sqlite'),
    webhookUrl,
    webhookSecret,
  };
}
