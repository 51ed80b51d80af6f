import { startTestCore, type TestCore, type TestCoreOptions } from '../core.ts';
import { startTestSimulator, type TestSimulator } from '../simulator.ts';

/** A core and the provider that it calls, each a process of its own. */
export interface PaymentProcesses {
  readonly core: TestCore;
  readonly simulator: TestSimulator;
  stop(): Promise<void>;
}

export async function startPaymentProcesses(options: TestCoreOptions = {}): Promise<PaymentProcesses> {
  const simulator = await startTestSimulator();
  try {
    const env = { FLORIN_PROVIDERS: 'simulator', FLORIN_SIMULATOR_URL: simulator.url, ...options.env };
    const core = await startTestCore({ ...options, env });
    return {
      core,
      simulator,
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
