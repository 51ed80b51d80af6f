import { ClientSecrets } from '../auth/clientSecrets.ts';
import { WebhookSecrets } from '../webhooks/secrets.ts';

const KEY = new Uint8Array(32).fill(7);

/** Secrets of a key that everybody knows. */
export const TEST_SECRETS = new WebhookSecrets(KEY);
export const TEST_CLIENT_SECRETS = new ClientSecrets(KEY);
