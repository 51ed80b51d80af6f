/** Milliseconds since 1970, by the machine that the provider under test shares with us. */
export const wallMs = (): number => Date.now();
