import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';

export const KEY_FILE = 'checkpoint.key';
export const PUBLIC_KEY_FILE = 'checkpoint.pub';

/** An Ed25519 public key in DER (SubjectPublicKeyInfo) is this and the 32 bytes of the key. */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

/** The key for checkpoints cannot be used; one line for the operator. */
export class BadCheckpointKey extends Error {
  override readonly name = 'BadCheckpointKey';
}

/**
 * The private key: from the file that the configuration names (PKCS#8 PEM), else `checkpoint.key` in `secrets`, made
 * when it is not there yet. Its public half is kept as `checkpoint.pub` in `secrets`, for copies outside.
 */
export function keepCheckpointKey(options: { secrets: string; keyFile: string | undefined }): KeyObject {
  const own = path.join(options.secrets, KEY_FILE);
  const file = options.keyFile ?? own;
  if (options.keyFile === undefined && !fs.existsSync(own)) {
    const { privateKey } = generateKeyPairSync('ed25519');
    writeDurably(own, pemOf(privateKey), 0o600);
  }
  const key = readKey(file);
  const publicFile = path.join(options.secrets, PUBLIC_KEY_FILE);
  const pem = publicPem(rawPublicKey(key));
  if (!fs.existsSync(publicFile) || fs.readFileSync(publicFile, 'utf8') !== pem)
    writeDurably(publicFile, pem, 0o644);
  return key;
}

function readKey(file: string): KeyObject {
  let pem: string;
  try {
    pem = fs.readFileSync(file, 'utf8');
  } catch (error) {
    throw new BadCheckpointKey(`the key for checkpoints ${file} cannot be read (${codeOf(error)}).`);
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw new BadCheckpointKey(
      `${file} is no private key in PEM: make one with "openssl genpkey -algorithm ed25519".`,
    );
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new BadCheckpointKey(
      `${file} is a key for ${key.asymmetricKeyType}: checkpoints are signed with Ed25519.`,
    );
  }
  return key;
}

/** The 32 bytes of the public half of a private or public key. */
export function rawPublicKey(key: KeyObject): Uint8Array {
  const half = key.type === 'private' ? createPublicKey(key) : key;
  return Uint8Array.from(half.export({ type: 'spki', format: 'der' }).subarray(SPKI_HEAD.length));
}

export function publicKeyOf(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_HEAD, raw]), type: 'spki', format: 'der' });
}

export function publicPem(raw: Uint8Array): string {
  return publicKeyOf(raw).export({ type: 'spki', format: 'pem' });
}

/** The 32 bytes of a public key in PEM; null where it is none for Ed25519. */
export function publicKeyFromPem(pem: string): Uint8Array | null {
  try {
    const key = createPublicKey(pem);
    return key.asymmetricKeyType === 'ed25519' ? rawPublicKey(key) : null;
  } catch {
    return null;
  }
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' });
}

/** Whole or not at all, even over a power cut. */
export function writeDurably(file: string, text: string, mode: number): void {
  const draft = `${file}.${process.pid}`;
  fs.rmSync(draft, { force: true });
  const fd = fs.openSync(draft, 'wx', mode);
  fs.writeSync(fd, text);
  fs.fsyncSync(fd);
  fs.closeSync(fd);
  fs.renameSync(draft, file);
  const folder = fs.openSync(path.dirname(file), 'r');
  fs.fsyncSync(folder);
  fs.closeSync(folder);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
