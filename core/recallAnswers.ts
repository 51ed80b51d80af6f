import type { Logger } from 'pino';
import type { PaymentProcesses } from './processes/payments.ts';
import { providerAnswers } from './readmodels/queries/providerAnswers.ts';
import type { Reader } from './readmodels/queries/reading.ts';

/**
 * Lets the routing know what providers answered before this process began. In the background: until it is done, and
 * where it fails, the routing goes by what it has seen itself.
 */
export async function recallAnswers(
  servers: readonly Reader[],
  processes: PaymentProcesses,
  { nowUs, log }: { nowUs: number; log: Pick<Logger, 'info' | 'warn'> },
): Promise<void> {
  try {
    const answers = await processes.recall(
      async (window) => (await Promise.all(servers.map((server) => providerAnswers(server, window)))).flat(),
      nowUs,
    );
    log.info({ answers }, 'routing.recalled');
  } catch (error) {
    log.warn({ err: error }, 'routing.recall.trouble');
  }
}
