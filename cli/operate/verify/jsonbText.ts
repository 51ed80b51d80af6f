/** A JSON value as jsonb prints it: shorter keys first, then by bytes; ", " and ": " between. Numbers are whole. */
export function jsonbText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonbText).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, one]) => ({ key: Buffer.from(key), one: jsonbText(one) }));
  entries.sort((a, b) => a.key.length - b.key.length || Buffer.compare(a.key, b.key));
  return `{${entries.map(({ key, one }) => `${JSON.stringify(key.toString('utf8'))}: ${one}`).join(', ')}}`;
}
