import { WebhookSecrets } from '../webhooks/secrets.ts';

/** Secrets of a key that everybody knows. */
export const TEST_SECRETS = new WebhookSecrets(new Uint8Array(32).fill(7));
