/** Tag and length of a field, or a number with its tag. */
const FIELD_BYTES = 6;
const NUMBER_BYTES = 12;

/** About what a message takes on the wire, and no less: names of fields are counted as if they were keys of a map. */
export function messageBytes(value: unknown): number {
  if (typeof value === 'string') return FIELD_BYTES + Buffer.byteLength(value);
  if (value instanceof Uint8Array) return FIELD_BYTES + value.byteLength;
  if (typeof value !== 'object' || value === null) return NUMBER_BYTES;
  let bytes = FIELD_BYTES;
  if (Array.isArray(value)) for (const one of value) bytes += messageBytes(one);
  else
    for (const key in value)
      bytes += FIELD_BYTES + Buffer.byteLength(key) + messageBytes(value[key as keyof typeof value]);
  return bytes;
}

/** How many of these, from the first on, a gRPC client receives unless told otherwise; at least one. */
export function countWithin(messages: readonly unknown[], bytesMax: number): number {
  let bytes = 0;
  for (const [place, message] of messages.entries()) {
    bytes += messageBytes(message);
    if (bytes > bytesMax && place > 0) return place;
  }
  return messages.length;
}
