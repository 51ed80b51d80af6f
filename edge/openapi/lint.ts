import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectFlorin } from '../../client/index.ts';
import { ClientSecrets } from '../auth/clientSecrets.ts';
import { buildServer } from '../http/server.ts';
import { WebhookSecrets } from '../webhooks/secrets.ts';

/** Checks the document that the edge serves by the rules of redocly.yaml: npm run lint:api. */
const NO_LIMIT = { perSecond: 1, burst: 1 };

const app = await buildServer({
  // Connects at the first call, and nothing here makes one.
  core: connectFlorin({ target: '127.0.0.1:1' }),
  secrets: new WebhookSecrets(new Uint8Array(32)),
  clientSecrets: new ClientSecrets(new Uint8Array(32)),
  nowMs: () => 0,
  limits: { key: NO_LIMIT, keyConcurrency: 1, concurrency: 1, address: NO_LIMIT, payer: NO_LIMIT },
  log: () => undefined,
});
const folder = mkdtempSync(join(tmpdir(), 'florin-openapi-'));
try {
  const file = join(folder, 'openapi.json');
  const { body } = await app.inject({ url: '/openapi.json' });
  // What the linter finds is shown with its lines.
  writeFileSync(file, JSON.stringify(JSON.parse(body), null, 2));
  const redocly = createRequire(import.meta.url).resolve('@redocly/cli/bin/cli.js');
  const config = join(import.meta.dirname, '../../redocly.yaml');
  execFileSync(process.execPath, [redocly, 'lint', file, '--config', config], {
    stdio: 'inherit',
    env: { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', NO_COLOR: '1' },
  });
} catch {
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
  await app.close();
}
