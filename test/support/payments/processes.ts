import { freePort } from '../ports.ts';
import { startTestCore, type TestCore, type TestCoreOptions } from '../core.ts';
import { startTestSimulator, type TestSimulator } from '../simulator.ts';

/** A core, and the provider that it calls and that tells it of events, each a process of its own. */
export interface PaymentProcesses {
  readonly core: TestCore;
  readonly simulator: TestSimulator;
  /** Where providers send webhooks to: "http://127.0.0.1:41234", and behind it their name. */
  readonly webhookUrl: string;
  stop(): Promise<void>;
}

export async function startPaymentProcesses(options: TestCoreOptions = {}): Promise<PaymentProcesses> {
  const port = await freePort();
  const secret = 'a secret of this test run';
  const simulator = await startTestSimulator({ url: `http://127.0.0.1:${port}/simulator`, secret });
  try {
    const env = {
      FLORIN_PROVIDERS: 'simulator',
      FLORIN_SIMULATOR_URL: simulator.url,
      FLORIN_SIMULATOR_WEBHOOK_SECRET: secret,
      FLORIN_PROVIDER_WEBHOOK_PORT: String(port),
      ...options.env,
    };
    const core = await startTestCore({ ...options, env });
    return {
      core,
      simulator,
      webhookUrl: `http://127.0.0.1:${port}`,
      stop: async () => {
        await core.stop();
        await simulator.stop();
      },
    };
  } catch (error) {
    await simulator.stop();
    throw error;
  }
}
