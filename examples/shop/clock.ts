/** The time of the wall, as ISO 8601. */
export const now = (): string => new Date().toISOString();
