import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { syncFolder } from './dataFolder.ts';

const SCRAM_ITERATIONS = 4096;

/** The secret of this name in the folder, made (192 random bits) when it is not there yet; readable by its owner only. */
export function keepPassword(folder: string, name: string): string {
  const file = path.join(folder, name);
  if (fs.existsSync(file)) {
    if ((fs.statSync(file).mode & 0o077) !== 0) fs.chmodSync(file, 0o600);
    return fs.readFileSync(file, 'utf8').trim();
  }
  const password = randomBytes(24).toString('base64url');
  // On disk for certain before any role has it: a password that only the role knows would lock us out.
  const draft = `${file}.${process.pid}`;
  fs.rmSync(draft, { force: true });
  const fd = fs.openSync(draft, 'wx', 0o600);
  fs.writeSync(fd, `${password}\n`);
  fs.fsyncSync(fd);
  fs.closeSync(fd);
  fs.renameSync(draft, file);
  syncFolder(folder);
  return password;
}

/** What Postgres stores for a password; sent in place of it, so that no log of statements can hold the password. */
export function scramVerifier(password: string): string {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, SCRAM_ITERATIONS, 32, 'sha256');
  const hmac = (text: string): Buffer => createHmac('sha256', salted).update(text).digest();
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${SCRAM_ITERATIONS}:${salt.toString('base64')}$${storedKey}:${hmac('Server Key').toString('base64')}`;
}
