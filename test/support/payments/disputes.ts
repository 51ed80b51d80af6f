import type pg from 'pg';
import type { DisputeLine } from '../simulator.ts';

/** Each dispute as the payer's bank has left it; its fee is part of the costs. */
export async function ofDisputes(client: pg.Client, told: readonly DisputeLine[]): Promise<string[]> {
  const { rows } = await client.query<Record<'reference' | 'state' | 'amount', string>>(
    `SELECT id AS reference, state, amount FROM books.disputes`,
  );
  const found: string[] = [];
  const booked = new Map(rows.map((row) => [row.reference, `${row.state}, of ${row.amount}`]));
  for (const { reference, state, amount } of told) {
    const ours = booked.get(reference) ?? 'not known';
    if (ours !== `${state}, of ${amount}`)
      found.push(`dispute ${reference} is ${state}, of ${amount}; in the books it is ${ours}`);
    booked.delete(reference);
  }
  return [...found, ...[...booked.keys()].map((one) => `dispute ${one} is in the books only`)];
}
