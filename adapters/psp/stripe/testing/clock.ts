/** Seconds since 1970, which is how Stripe counts. */
export const nowSeconds = (): number => Math.floor(Date.now() / 1_000);
