import { DatabaseClient } from './database.ts';

/** The databases named are not those that this Florin was created with. */
export class WrongServers extends Error {
  override readonly name = 'WrongServers';
}

/**
 * Which shards lie on which server follows from the order of the servers, fixed when each was first used: a list in
 * another order, or longer, would look for shards where they are not.
 */
export async function claimServer(url: string, place: { index: number; count: number }): Promise<void> {
  const client = new DatabaseClient({
    connectionString: url,
    application_name: 'florin start',
    connectionTimeoutMillis: 5_000,
  });
  await client.connect();
  try {
    const wanted = `${place.index + 1} of ${place.count}`;
    await client.query(
      `INSERT INTO florin.settings (key, value) VALUES ('server', $1) ON CONFLICT DO NOTHING`,
      [wanted],
    );
    const { rows } = await client.query<{ value: string }>(
      `SELECT value FROM florin.settings WHERE key = 'server'`,
    );
    const was = rows[0].value;
    if (was !== wanted)
      throw new WrongServers(
        `database ${wanted} was created as server ${was}: name the same databases in DATABASE_URLS, in the same order.`,
      );
  } finally {
    await client.end();
  }
}

/** The server of a shard: the control shard on the first, data shards spread evenly. */
export function serverOf(shard: number, servers: number): number {
  return shard === 64 ? 0 : shard % servers;
}
