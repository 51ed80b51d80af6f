import { securedBy } from '../client/index.ts';
import { readCliConfig } from './config.ts';
import { cannotRun } from './problem.ts';

/** What a client of the core at that target is made with: in the clear, or as the environment says. */
export function reaching(target: string): ReturnType<typeof securedBy> {
  try {
    return securedBy(readCliConfig().tls, target);
  } catch (error) {
    if (error instanceof Error && error.name === 'TlsSettingError') throw cannotRun(error.message);
    throw error;
  }
}
