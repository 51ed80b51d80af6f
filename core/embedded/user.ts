import { readFileSync } from 'node:fs';
import { CannotStart } from './cannotStart.ts';

/** The user and group that Postgres runs as when we are root. */
export interface PostgresUser {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Postgres refuses to run as root and wants a user that passwd knows, so root lends it `nobody`. An ordinary user runs
 * Postgres as itself: undefined.
 */
export function postgresUser(): PostgresUser | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  if (process.platform !== 'linux') {
    throw new CannotStart(
      'Postgres does not run as root here: start florin as an ordinary user, or set DATABASE_URL.',
    );
  }
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (name === 'nobody' && uid !== undefined && gid !== undefined)
      return { uid: Number(uid), gid: Number(gid) };
  }
  throw new CannotStart(
    'Postgres does not run as root and /etc/passwd has no user "nobody": add one, start florin as an ordinary user, or set DATABASE_URL.',
  );
}
