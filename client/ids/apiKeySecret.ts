import { createHash, randomInt } from 'node:crypto';

/** A secret as it stands in requests, and what the core is told of it. */
export interface ApiKeySecret {
  /** "sk_test_" and 32 characters. Shown once, and kept by nobody but its owner. */
  readonly secret: string;
  readonly secretSha256: Uint8Array;
  /** Its last four characters, by which people tell keys apart. */
  readonly secretSuffix: string;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** 190 random bits. */
const CHARACTERS = 32;

/** Makes the secret of a new API key. */
export function newApiKeySecret({
  kind,
  mode,
}: {
  kind: 'secret' | 'publishable';
  mode: 'test' | 'live';
}): ApiKeySecret {
  const random = Array.from({ length: CHARACTERS }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  return apiKeySecretOf(`${kind === 'secret' ? 'sk' : 'pk'}_${mode}_${random}`);
}

/** The same of a secret that was made before. */
export function apiKeySecretOf(secret: string): ApiKeySecret {
  const secretSha256 = createHash('sha256').update(secret).digest();
  return { secret, secretSha256, secretSuffix: secret.slice(-4) };
}
