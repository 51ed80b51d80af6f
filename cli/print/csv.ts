/** One record by RFC 4180, without its line end (which is CRLF there). */
export function csvRecord(values: readonly string[]): string {
  return values
    .map((value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value))
    .join(',');
}
