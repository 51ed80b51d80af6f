import { join } from 'node:path';
import { verify } from '../../../cli/operate/verify/verify.ts';
import type { TestCore } from '../core.ts';

/** What `florin verify` finds in the books of a core; [] for nothing. */
export async function verifyFindings({ databaseUrl, dataDir }: TestCore): Promise<string[]> {
  const { findings } = await verify({
    urls: [databaseUrl],
    checkpointFiles: [],
    keyFiles: [],
    secrets: join(dataDir, 'secrets'),
    isSqlLeftOut: false,
    onPhase: () => ({ update: () => undefined, end: () => undefined }),
  });
  return findings.map((finding) => `verify: ${JSON.stringify(finding)}`);
}
