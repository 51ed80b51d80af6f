import { createHash } from 'node:crypto';
import { DatabaseClient } from '../../journal/database.ts';

/** Rows were sealed with a key that is gone; one line for the operator. */
export class SealKeyMissing extends Error {
  override readonly name = 'SealKeyMissing';
  constructor(file: string) {
    super(
      `${file} is missing, and without it no stored row can be trusted: put it back from a backup of the data folder (a second core on this database needs the one of the first), or run "florin rebuild --new-seal-key".`,
    );
  }
}

/** The 16 bytes of the key, from the secret in the data folder. */
export function sealKeyOf(secret: string): Uint8Array {
  return createHash('sha256').update(secret).digest().subarray(0, 16);
}

/** Whether any row of a server's read models carries a seal. */
export async function hasSealedRows(url: string): Promise<boolean> {
  const client = new DatabaseClient({ connectionString: url, application_name: 'florin start' });
  await client.connect();
  try {
    // A merchant may be there before the first account.
    const found = await client.query(
      '(SELECT FROM florin.accounts LIMIT 1) UNION ALL (SELECT FROM florin.payment_events LIMIT 1)',
    );
    return found.rows.length > 0;
  } finally {
    await client.end();
  }
}
